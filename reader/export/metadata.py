"""What a user tells of each picture beside its reading, joined to it by its path and never by a guess."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from reader.batch.places import Place
from reader.errors import LabelsError, SourceUnreadable

__all__ = ["Metadata", "Unused", "join_metadata"]

PREFIX = "meta_"
KEYS = ("path", "file", "source")
DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class Unused:
    """A row of the metadata that stands beside no picture, and why."""

    line: int
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is told of each picture.

    Attributes
    ----------
    columns : tuple of str
        Names of the columns, each with the prefix ``meta_``.
    told : mapping of str to tuple of str
        Their cells by the picture's path.
    unused : tuple of Unused
        Rows that could not be joined to one picture.
    """

    columns: tuple[str, ...] = ()
    told: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unused: tuple[Unused, ...] = ()

    def of(self, path: str) -> tuple[str | None, ...]:
        """Return the cells of a picture; all None when nothing is told of it."""
        return self.told.get(path) or (None,) * len(self.columns)


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    name: str
    cells: tuple[str, ...]


def join_metadata(file: Place, paths: Iterable[str]) -> Metadata:
    """Read a file of metadata and find the picture of each of its rows.

    Parameters
    ----------
    file : Place
        CSV in UTF-8 with commas, semicolons or tabs, and a heading. The column ``path``, ``file`` or
        ``source``, else the first one, holds the picture's path below the folder, or its bare name.
    paths : iterable of str
        All pictures of the run.

    Returns
    -------
    Metadata
        A row that names no picture, a bare name that several pictures bear, and rows that name the same
        picture are not joined but listed as unused.

    Raises
    ------
    SourceUnreadable
        If the file cannot be opened.
    LabelsError
        If it is not such a file; the message names the line.
    """
    heading, rows = _read(file)
    key = next((heading.index(name) for name in KEYS if name in heading), 0)
    named = [_Row(line, _plain(cells[key]), (*cells[:key], *cells[key + 1 :])) for line, cells in rows]
    pictures = _pictures({row.name for row in named}, paths)
    found = [(row, pictures.get(row.name, ())) for row in named]
    times = Counter(matches[0] for _, matches in found if len(matches) == 1)
    told, unused = {}, []
    for row, matches in found:
        if why := _trouble(matches, times):
            unused.append(Unused(row.line, row.name, why))
        else:
            told[matches[0]] = row.cells
    return Metadata(_columns([*heading[:key], *heading[key + 1 :]]), told, tuple(unused))


def _pictures(names: set[str], paths: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the pictures that each name may mean: the one of this path, else up to two of this bare name."""
    whole: dict[str, tuple[str, ...]] = {}
    bare: dict[str, tuple[str, ...]] = {}
    for path in paths:
        name = path.rpartition("/")[2]
        if path in names:
            whole[path] = (path,)
        if name in names:
            bare[name] = (*bare.get(name, ()), path)[:2]
    return bare | whole


def _trouble(matches: tuple[str, ...], times: Mapping[str, int]) -> str:
    if not matches:
        return "There is no such picture in this run."
    if len(matches) > 1:
        return "Several pictures bear this name; give the path."
    if times[matches[0]] > 1:
        return "Several rows name this picture; none of them is used."
    return ""


def _read(file: Place) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the heading, and the line and cells of each row that is not empty."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise SourceUnreadable(f"{file} cannot be opened: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise LabelsError(f"{file} is not written in UTF-8.") from error
    # Where the comma is the decimal sign, spreadsheets write semicolons.
    delimiter = max(DELIMITERS, key=text.split("\n", 1)[0].count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        heading = [cell.strip() for cell in next(lines, [])]
        if not heading:
            raise LabelsError(f"{file} is empty.")
        return heading, list(_rows(lines, len(heading), file))
    except csv.Error as error:
        raise LabelsError(f"{file}, line {lines.line_num}: {error}.") from error


def _rows(lines: Iterator[list[str]], width: int, file: Place) -> Iterator[tuple[int, list[str]]]:
    for cells in lines:
        line = lines.line_num  # type: ignore[attr-defined]
        if len(cells) > width and any(cells[width:]):
            raise LabelsError(f"{file}, line {line}: there are more cells than columns.")
        if any(cell.strip() for cell in cells):
            yield line, (cells + [""] * width)[:width]


def _plain(name: str) -> str:
    return re.sub(r"^(\./)+", "", name.strip().replace("\\", "/"))


def _columns(titles: list[str]) -> tuple[str, ...]:
    """Name the columns in the table's own way, no two alike.

    Examples
    --------
    >>> _columns(["Site ID", "site-id", ""])
    ('meta_site_id', 'meta_site_id_2', 'meta_column')
    """
    names: list[str] = []
    for title in titles:
        name = base = PREFIX + (re.sub(r"\W+", "_", title.lower()).strip("_") or "column")
        count = 1
        while name in names:
            count += 1
            name = f"{base}_{count}"
        names.append(name)
    return tuple(names)
