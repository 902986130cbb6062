"""Parts: what was read of one chunk of pictures, in a file that is whole or not there.

A part holds a line of JSON for each picture, in the order of the list, and a last one, the trailer, that
says of which run and pictures it is, what was found, and the digest of all that stands before it.
"""

from __future__ import annotations

import hashlib
import json
import re
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

import numpy as np

from reader.batch.lists import times_listed
from reader.batch.places import Place, place_of, write_whole
from reader.errors import RunError
from reader.reading import json_line

__all__ = [
    "Counts",
    "Fault",
    "Item",
    "Line",
    "Part",
    "check_part",
    "items",
    "part_path",
    "whole_part",
    "write_part",
]

P = TypeVar("P", bound=Place)
Fault = Literal["missing", "torn", "foreign"]
"""What keeps a part from being used: it is not there, not whole, or of another run or list."""

_PREFIX: Final = "part-"
_SUFFIX: Final = ".jsonl"
_DIGEST: Final = re.compile(rb'"sha256":"([0-9a-f]{16})')
"""The beginning of a picture's digest: enough to sort out nearly all that nothing else can equal."""


@dataclass(frozen=True, slots=True)
class Line:
    """A picture's line.

    Attributes
    ----------
    text : bytes
        JSON, with the end of the line.
    outcome : str
        The reading's outcome, or the error's code.
    failed : bool
        Whether it holds an error.
    """

    text: bytes
    outcome: str
    failed: bool


@dataclass(frozen=True, slots=True)
class Part:
    """Which pictures a part is of.

    Attributes
    ----------
    number : int
        From 0.
    names : tuple of str
        Addresses, in the order of the list.
    run : str
        Digest of all that decides what a run finds.
    """

    number: int
    names: tuple[str, ...]
    run: str


@dataclass(frozen=True, slots=True)
class Item:
    """What is known of one picture.

    Attributes
    ----------
    path : str
        Its address below the folder that was read.
    sha256 : str or None
        Digest of its bytes; None where they could not be had.
    reading : dict or None
        The document (schema ``lfa-reading/1``), if it could be read.
    error : dict or None
        Else ``code``, ``message`` and ``advice``.
    same_as : str or None
        Address of the first picture of the run with the same bytes, if that is another.
    """

    path: str
    sha256: str | None
    reading: dict[str, Any] | None
    error: dict[str, Any] | None
    same_as: str | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many pictures came out how: by outcome of readings and by code of errors."""

    outcomes: Mapping[str, int]
    errors: Mapping[str, int]


def part_path(run: P, number: int) -> P:
    """Return where a part lies.

    Examples
    --------
    >>> part_path(place_of("run"), 123).as_posix()
    'run/parts/part-000123.jsonl'
    """
    return run / "parts" / f"{_PREFIX}{number:06d}{_SUFFIX}"


def write_part(run: Place, part: Part, lines: Sequence[Line]) -> None:
    """Write a part.

    Raises
    ------
    OutputError
        If it cannot be written; an older one, or none, is there then.
    """
    body = b"".join(line.text for line in lines)
    trailer = {
        "part": part.number,
        "count": len(lines),
        "run": part.run,
        "inputs_sha256": _names_digest(part.names),
        "outcomes": _counted(line.outcome for line in lines if not line.failed),
        "errors": _counted(line.outcome for line in lines if line.failed),
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    write_whole(part_path(run, part.number), body + json_line(trailer))


def check_part(run: Place, part: Part) -> Counts | Fault:
    """Return what a part counted, if it is whole and of these pictures; else what is wrong with it."""
    found = whole_part(run, part)
    return found if isinstance(found, str) else found[0]


def whole_part(run: Place, part: Part) -> tuple[Counts, list[bytes]] | Fault:
    """Return what `check_part` does, and beside the counts the pictures' lines."""
    try:
        content = part_path(run, part.number).read_bytes()
    except OSError:
        return "missing"
    body, trailer = _split(content)
    if trailer is None or trailer.get("sha256") != hashlib.sha256(body).hexdigest():
        return "torn"
    expected = (part.number, len(part.names), part.run, _names_digest(part.names))
    if tuple(trailer.get(key) for key in ("part", "count", "run", "inputs_sha256")) != expected:
        return "foreign"
    return Counts(trailer["outcomes"], trailer["errors"]), body.split(b"\n")[:-1]


def items(run: str | Place) -> Iterator[Item]:
    """Return what is known of every picture, in the order of the list.

    Parameters
    ----------
    run : str or Place
        Run folder; of one that has not ended, the parts that are there.

    Yields
    ------
    Item
        One at a time: of ten million pictures 80 MB of digests are held. An error is left out where a folder
        is watched and the file came again.

    Raises
    ------
    RunError
        If a part is not whole.
    """
    place = place_of(run) if isinstance(run, str) else run
    paths, left = _part_paths(place), times_listed(place)
    repeated = _repeated(paths)
    first: dict[str, str] = {}
    for path in paths:
        for text in _lines(path):
            line = json.loads(text)
            name, digest = line["path"], line["sha256"]
            if name in left:
                left[name] -= 1
                if left[name] and "error" in line:
                    continue  # the file came again, and with other bytes
            same_as = None
            if digest is not None and int(digest[:16], 16) in repeated:
                original = first.setdefault(digest, name)
                same_as = None if original == name else original
            yield Item(name, digest, line.get("reading"), line.get("error"), same_as)


def _names_digest(names: Sequence[str]) -> str:
    return hashlib.sha256("".join(f"{name}\n" for name in names).encode()).hexdigest()


def _counted(words: Iterator[str]) -> dict[str, int]:
    return dict(sorted(Counter(words).items()))


def _part_paths(run: Place) -> list[Place]:
    """Return where the parts lie that are there, in their order."""
    try:
        paths = list((run / "parts").iterdir())
    except FileNotFoundError:
        return []
    ours = [path for path in paths if path.name.startswith(_PREFIX) and path.name.endswith(_SUFFIX)]
    return sorted(ours, key=_number)


def _number(path: Place) -> int:
    digits = path.name.removeprefix(_PREFIX).removesuffix(_SUFFIX)
    return int(digits) if digits.isdecimal() else -1


def _split(content: bytes) -> tuple[bytes, dict[str, Any] | None]:
    """Split a part into the pictures' lines and the trailer, which is None where it is no trailer."""
    at = content.rfind(b"\n", 0, -1) + 1
    try:
        trailer = json.loads(content[at:])
    except ValueError:
        return content, None
    if not content.endswith(b"\n") or not isinstance(trailer, dict):
        return content, None
    return content[:at], trailer


def _lines(path: Place) -> list[bytes]:
    try:
        body, trailer = _split(path.read_bytes())
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error.strerror or error}.") from error
    if trailer is None or trailer.get("sha256") != hashlib.sha256(body).hexdigest():
        raise RunError(f"{path} is not whole; `lfa batch` with the same options reads its pictures again.")
    return body.split(b"\n")[:-1]


def _repeated(paths: Sequence[Place]) -> frozenset[int]:
    """Return the beginnings of those digests that more than one picture has."""
    seen = array("Q")
    for path in paths:
        # Quotes within a JSON string are escaped: only the line's own field can look like this.
        seen.extend(int(found[1], 16) for text in _lines(path) if (found := _DIGEST.search(text)))
    if not seen:
        return frozenset()
    values, counts = np.unique(np.frombuffer(seen, np.uint64), return_counts=True)
    return frozenset(values[counts > 1].tolist())
