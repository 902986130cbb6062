"""The file of labels: what a person says of each picture."""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reader.errors import LabelsError, SourceUnreadable
from reader.reading import Outcome

__all__ = ["EXPECTED", "Label", "load_labels", "located"]

EXPECTED = (Outcome.POSITIVE, Outcome.NEGATIVE, Outcome.INVALID, Outcome.NOT_READ)
SEVERAL = "multi"  # kind of a picture with several tests, which have no single result
UNKNOWN = ("", "unknown")  # results of pictures that are left out
DELIMITERS = (",", ";", "\t")
ALIASES = {"expected_result": "expected", "site": "source"}


@dataclass(frozen=True, slots=True)
class Label:
    """What a person says of one picture.

    Attributes
    ----------
    row : int
        Line of the file in which it stands, 1 being the heading.
    path : str
        The picture, as the file names it.
    expected : Outcome or None
        Its result; None when nobody knows it.
    source, group, kind, strength : str
        Where it comes from, which physical test it is of, what it shows, how strong its test line is; empty
        when that is not said.
    lines_visible : int or None
        How many test lines a person sees in it.
    left_out : str
        Why it is no part of the numbers; empty when it is.
    weight : float
        1/n for each of n pictures of one physical test, so that the test counts once.
    """

    row: int
    path: str
    expected: Outcome | None
    source: str = ""
    group: str = ""
    kind: str = ""
    strength: str = ""
    lines_visible: int | None = None
    left_out: str = ""
    weight: float = 1.0


def load_labels(path: str | os.PathLike[str]) -> tuple[Label, ...]:
    """Read a file of labels.

    Parameters
    ----------
    path : str or path-like
        CSV in UTF-8 with commas, semicolons or tabs, and a heading. Columns ``path`` and ``expected`` (or
        ``expected_result``) must be there; ``source`` (or ``site``), ``group``, ``kind``, ``usable``,
        ``strength`` and ``test_lines_visible`` may be; others are passed over.

    Returns
    -------
    tuple of Label
        In the order of the file.

    Raises
    ------
    SourceUnreadable
        If the file cannot be opened.
    LabelsError
        If a column is missing or doubled, a value has no meaning, a picture is named twice, or nothing is
        left to be evaluated; the message names the line.
    """
    name = os.fspath(path)
    labels: list[Label] = []
    seen: dict[str, int] = {}
    for row, values in _rows(name):
        where = f"{name}, line {row}"
        label = _label(values, row, where)
        if (before := seen.setdefault(_plain(label.path), row)) != row:
            raise LabelsError(f"{where}: {label.path} was named before, in line {before}.")
        labels.append(label)
    if all(label.left_out for label in labels):
        raise LabelsError(f"{name} has no picture to be evaluated.")
    return _weighted(labels)


def _rows(name: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield the number and the values of each row that is not empty."""
    try:
        text = Path(name).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SourceUnreadable(f"{name} cannot be opened: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise LabelsError(f"{name} is not written in UTF-8.") from error
    # Where the comma is the decimal sign, spreadsheets write semicolons.
    delimiter = max(DELIMITERS, key=text.split("\n", 1)[0].count)
    rows = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        columns = _columns(next(rows, []), name)
        for cells in rows:
            if any(cell.strip() for cell in cells):
                yield (
                    rows.line_num,
                    {c: cells[k].strip() if k < len(cells) else "" for c, k in columns.items()},
                )
    except csv.Error as error:
        raise LabelsError(f"{name}, line {rows.line_num}: {error}.") from error


def located(labels: Sequence[Label], photos: str | os.PathLike[str], name: str) -> tuple[str, ...]:
    """Return where each picture lies: below the folder, or else where its label says.

    Parameters
    ----------
    labels : sequence of Label
        From the file ``name``.
    photos : str or path-like
        The folder.
    name : str
        The file of labels, for messages.

    Raises
    ------
    LabelsError
        If a picture is in neither place; the message names the line.
    """
    found = []
    for label in labels:
        below = Path(photos, label.path)
        if not (below.is_file() or Path(label.path).is_file()):
            raise LabelsError(f"{name}, line {label.row}: there is no picture {label.path} in {photos}.")
        found.append(str(below) if below.is_file() else label.path)
    return tuple(found)


def _columns(heading: Sequence[str], name: str) -> Mapping[str, int]:
    """Return the place of each column that has a meaning here; those that are missing lie beyond the end."""
    titles = [ALIASES.get(title, title) for title in (cell.strip().lower() for cell in heading)]
    known = ("path", "expected", "source", "group", "kind", "usable", "strength", "test_lines_visible")
    doubled = [title for title, count in Counter(titles).items() if count > 1 and title in known]
    if doubled:
        raise LabelsError(f"{name}, line 1: the column {doubled[0]} is there twice.")
    missing = [title for title in known[:2] if title not in titles]
    if missing:
        raise LabelsError(f"{name}, line 1: the column {missing[0]} is missing.")
    return {title: titles.index(title) if title in titles else len(titles) for title in known}


def _label(values: Mapping[str, str], row: int, where: str) -> Label:
    if not values["path"]:
        raise LabelsError(f"{where}: the path is missing.")
    if values["usable"] not in {"", "0", "1"}:
        raise LabelsError(f"{where}: usable is 1, or 0 to leave the picture out, not {values['usable']!r}.")
    visible = values["test_lines_visible"]
    if visible and not visible.isdigit():
        raise LabelsError(f"{where}: test_lines_visible is a number of lines, not {visible!r}.")
    left_out = ""
    if values["kind"] == SEVERAL:
        left_out = "shows several tests"
    elif values["usable"] == "0":
        left_out = "marked as not usable"
    return Label(
        row,
        values["path"],
        _expected(values["expected"], where, needed=not left_out),
        values["source"],
        values["group"],
        values["kind"],
        values["strength"],
        int(visible) if visible else None,
        left_out,
    )


def _expected(text: str, where: str, *, needed: bool) -> Outcome | None:
    outcome = text.lower().replace(" ", "_").replace("-", "_")
    if outcome in EXPECTED:
        return Outcome(outcome)
    if outcome in UNKNOWN and not needed:
        return None
    known = ", ".join(EXPECTED)
    raise LabelsError(f"{where}: the expected result is one of {known}, not {text!r}.")


def _plain(path: str) -> str:
    return os.path.normpath(path.replace("\\", "/"))


def _weighted(labels: Sequence[Label]) -> tuple[Label, ...]:
    """Give every picture its weight; groups are counted by source, and only what is in the numbers counts."""
    sizes = Counter((x.source, x.group) for x in labels if x.group and not x.left_out)
    return tuple(replace(x, weight=1 / sizes.get((x.source, x.group), 1)) for x in labels)
