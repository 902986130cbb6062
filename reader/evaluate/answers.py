"""What the reader says of each labelled picture: read now, or taken from readings that are there already."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from reader.errors import LabelsError, SourceUnreadable
from reader.evaluate.labels import Label
from reader.flags import FLAGS
from reader.reading import SCHEMA, Outcome

__all__ = ["BUG", "CALLS", "NO_READING", "Answer", "load_answers", "to_answer"]

CALLS = (Outcome.POSITIVE, Outcome.NEGATIVE, Outcome.INVALID)
NO_READING = "no-reading"  # code of a picture of which the readings say nothing
BUG = "bug"  # code of a picture at which the reader failed


@dataclass(frozen=True, slots=True)
class Answer:
    """What was read in one picture.

    Attributes
    ----------
    outcome : Outcome
        ``not_read`` also for a file that is no picture.
    flags : tuple of str
        Codes a person is warned of, those that forbid a result first.
    height, snr : float or None
        Of the test line that is highest over all strips, called or not: absorbance, and that over its own
        noise; None where none was measured.
    reason : str
        Why the first indeterminate strip was not called; empty without one.
    error : str
        Code of what kept the file from being read; empty for a picture.
    sentence : str
        What went wrong, for people; empty for a picture.
    """

    outcome: Outcome
    flags: tuple[str, ...] = ()
    height: float | None = None
    snr: float | None = None
    reason: str = ""
    error: str = ""
    sentence: str = ""

    @property
    def called(self) -> bool:
        """Whether the picture got a result: positive, negative or invalid."""
        return self.outcome in CALLS


def to_answer(document: Mapping[str, Any]) -> Answer:
    """Take what is evaluated from a reading.

    Parameters
    ----------
    document : mapping
        Of schema ``lfa-reading/1``.

    Raises
    ------
    KeyError, TypeError, ValueError
        If it is none.
    """
    if document["schema"] != SCHEMA:
        raise ValueError(document["schema"])
    strips = document["strips"]
    codes = [*document["flags"], *(code for strip in strips for code in strip["flags"])]
    told = [code for code in dict.fromkeys(codes) if not (code in FLAGS and FLAGS[code].technical)]
    told.sort(key=lambda code: not (code in FLAGS and FLAGS[code].rejecting))
    tests = [line for strip in strips for line in strip["lines"] if line["role"] == "test"]
    measured = [line for line in tests if line["height"] is not None]
    best = max(measured, key=lambda line: float(line["height"]), default=None)
    height, snr = (None, None) if best is None else (best["height"], best["snr"])
    held = (strip["summary"] for strip in strips if strip["outcome"] == Outcome.INDETERMINATE.value)
    return Answer(Outcome(document["outcome"]), tuple(told), height, snr, reason=next(held, ""))


def load_answers(
    path: str | os.PathLike[str], labels: Sequence[Label], photos: str | os.PathLike[str]
) -> tuple[Answer, ...]:
    """Take the readings of labelled pictures from a file.

    Parameters
    ----------
    path : str or path-like
        JSON lines, as ``lfa read --json`` writes them.
    labels : sequence of Label
        Whose pictures are asked for.
    photos : str or path-like
        Their folder. A reading belongs to a picture if its source is the picture's path, below the folder or
        by itself; else if it ends in it, as when the folder lay elsewhere.

    Returns
    -------
    tuple of Answer
        In the order of the labels; a picture without a reading has the error `NO_READING`.

    Raises
    ------
    SourceUnreadable
        If the file cannot be opened.
    LabelsError
        If a line is no reading, if two readings belong to one picture, or none to any.
    """
    exact = {_plain(os.path.join(photos, label.path)): label.path for label in labels}  # noqa: PTH118
    names = {_plain(label.path): label.path for label in labels}
    found: dict[str, tuple[int, Answer]] = {}
    alike: dict[str, tuple[int, Answer]] = {}
    for row, source, answer in _readings(os.fspath(path)):
        if (label := exact.get(source)) is not None:
            _put(found, label, row, answer, os.fspath(path))
        elif (label := _ending(source, names)) is not None:
            # The same name in another folder is no second reading of a picture that has its own.
            _put(alike, label, row, answer, os.fspath(path), strict=label not in found)
    if not found and not alike:
        raise LabelsError(f"{path} holds no reading of any of these pictures.")
    missing = Answer(Outcome.NOT_READ, error=NO_READING, sentence="The readings do not have this picture.")
    return tuple((found.get(x.path) or alike.get(x.path) or (0, missing))[1] for x in labels)


def _readings(path: str) -> Iterator[tuple[int, str, Answer]]:
    """Yield line, source and answer of each reading of a file."""
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceUnreadable(f"{path} cannot be read: {error}.") from error
    for row, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            document = json.loads(line)
            answer = to_answer(document)
            source = _plain(document["source"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise LabelsError(f"{path}, line {row}: this is no reading of schema {SCHEMA}.") from error
        yield row, source, answer


def _put(
    found: dict[str, tuple[int, Answer]],
    label: str,
    row: int,
    answer: Answer,
    name: str,
    *,
    strict: bool = True,
) -> None:
    if strict and label in found:
        raise LabelsError(f"{name}, line {row}: {label} has a reading in line {found[label][0]}, too.")
    found[label] = row, answer


def _ending(source: str, names: Mapping[str, str]) -> str | None:
    """Return the label in which a source ends, the longest of several."""
    parts = PurePath(source).parts
    ends = (str(PurePath(*parts[k:])) for k in range(len(parts)))
    return next((names[end] for end in ends if end in names), None)


def _plain(path: str) -> str:
    return os.path.normpath(path.replace("\\", "/"))
