"""The table of a run: one row for each picture, strip and analyte, in columns that keep their meaning.

A picture without strips, and one that could not be read, is a row, too. Every flat output is a view of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from reader.batch.parts import Item
from reader.export.metadata import Metadata
from reader.interpret import Assay, list_assays

__all__ = ["COLUMNS", "Cell", "Column", "Kits", "Put", "Row", "Table", "error_text", "known_kits", "line_of"]

Cell = str | float | int | bool | None
Row = tuple[Cell, ...]
Kind = Literal["text", "number", "integer", "truth"]
Document = Mapping[str, Any]
Kits = Callable[[str], Assay | None]
Put = Callable[[Item, Sequence[Row]], None]  # adds a picture and its rows to an output


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, what its cells are, and what it says."""

    name: str
    kind: Kind
    meaning: str


_PICTURE = (
    Column("path", "text", "the picture, below the folder that was read"),
    Column("sha256", "text", "digest of its bytes"),
    Column("same_as", "text", "the first picture with the same bytes, where this is another"),
    Column("error_code", "text", "why it could not be read as a picture"),
    Column("outcome", "text", "the picture's result; `multiple` where its strips differ"),
    Column("picture_flags", "text", "warnings of the picture as a whole, with spaces between them"),
    Column("image_format", "text", "JPEG, PNG, …"),
    Column("image_width", "integer", "of the upright picture, px"),
    Column("image_height", "integer", "of the upright picture, px"),
    Column("software_version", "text", "version of lfa-reader that read it"),
)
_STRIP = (
    Column("strip", "integer", "the strip's number in the picture, from 1"),
    Column("kind", "text", "cassette, strip or window"),
    Column("assay", "text", "id of the kit's profile"),
    Column("orientation", "text", "whether the picture shows which end is the control's: known or assumed"),
    Column("strip_outcome", "text", "the strip's result"),
    Column("flags", "text", "warnings of the strip, with spaces between them"),
    Column("px_per_mm", "number", "scale along the window, px/mm"),
    Column("control_line", "text", "name of the control line"),
    Column("control_detected", "truth", "whether it is there"),
    Column("control_height", "number", "its peak absorbance"),
    Column("control_height_sigma", "number", "and its standard error"),
)
_ANALYTE = (
    Column("analyte", "text", "what is tested for: its id in the kit's profile"),
    Column("analyte_outcome", "text", "the answer for it"),
    Column("confidence", "number", "probability of the answer given the measurement's own error, 0 to 1"),
    Column("ratio", "number", "height of the test line over that of the control line"),
    Column("ratio_sigma", "number", "and its standard error"),
    Column("concentration", "number", "in the unit of the lot's calibration"),
    Column("test_line", "text", "name of the line that shows it"),
    Column("test_detected", "truth", "whether it is there"),
    Column("test_height", "number", "its peak absorbance"),
    Column("test_height_sigma", "number", "and its standard error"),
    Column("test_snr", "number", "its height over the part of its error that is noise"),
)
COLUMNS = (*_PICTURE, *_STRIP, *_ANALYTE)
_NO_STRIP: Row = (None,) * len(_STRIP)
_NO_ANALYTE: Row = (None,) * len(_ANALYTE)


def known_kits(own: Assay | None = None) -> Kits:
    """Return how the profile with an id is found: a profile of one's own first, then the catalogue.

    Parameters
    ----------
    own : Assay, optional
        A profile that is not in the catalogue.
    """
    known = {assay.id: assay for assay in list_assays()}
    if own is not None:
        known[own.id] = own
    return known.get


@dataclass(frozen=True, slots=True)
class Table:
    """How a run becomes rows.

    Attributes
    ----------
    metadata : Metadata
        What is told of each picture beside its reading; by default nothing.
    kits : callable
        From an assay's id to its profile, None where it is not known: tells which line shows an analyte.
    """

    metadata: Metadata = field(default_factory=Metadata)
    kits: Kits = field(default_factory=known_kits)

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns: those of `COLUMNS`, then the metadata's."""
        told = (Column(name, "text", "from the metadata") for name in self.metadata.columns)
        return (*COLUMNS, *told)

    def rows(self, item: Item) -> list[Row]:
        """Return the rows of one picture, at least one."""
        picture, told = _picture(item), self.metadata.of(item.path)
        strips = (item.reading or {}).get("strips", ())
        if not strips:
            return [picture + _NO_STRIP + _NO_ANALYTE + told]
        return [
            picture + _strip(strip) + analyte + told
            for strip in strips
            for analyte in _analytes(strip, self.kits)
        ]


def error_text(error: Document) -> tuple[str, str]:
    """Return what was wrong with a picture, and what to do."""
    return error["message"], error["advice"]


def line_of(strip: Document, analyte: str, kit: Assay | None) -> Document | None:
    """Return the line that shows an analyte; None where that is not known.

    Parameters
    ----------
    strip : mapping
        A strip of an ``lfa-reading/1`` document.
    analyte : str
        Id of one of its analytes.
    kit : Assay or None
        Its profile. One whose lines or analytes are others than the strip's is not used: then a line of
        the analyte's own name is taken.
    """
    tests = {line["name"]: line for line in strip["lines"] if line["role"] == "test"}
    if kit is not None and not kit.open_ended and _is_of(kit, strip):
        spec = kit.line_of(analyte)
        return None if spec is None else tests.get(spec.name)
    return tests.get(analyte)


def _is_of(kit: Assay, strip: Document) -> bool:
    lines = {line["name"] for line in strip["lines"]}
    return lines <= {line.name for line in kit.lines} and set(strip["analytes"]) <= {
        a.id for a in kit.analytes
    }


def _picture(item: Item) -> Row:
    error = item.error["code"] if item.error else None
    start: Row = (item.path, item.sha256, item.same_as, error)
    said = item.reading
    if said is None:
        return start + (None,) * (len(_PICTURE) - len(start))
    image = said["image"]
    size = (image["format"], image["width"], image["height"])
    return (*start, said["outcome"], _joined(said["flags"]), *size, said["software"]["version"])


def _strip(strip: Document) -> Row:
    control: Document = next((line for line in strip["lines"] if line["role"] == "control"), {})
    return (
        *(strip[name] for name in ("id", "kind", "assay", "orientation", "outcome")),
        _joined(strip["flags"]),
        strip["px_per_mm"],
        *(control.get(name) for name in ("name", "detected", "height", "height_sigma")),
    )


def _analytes(strip: Document, kits: Kits) -> Iterator[Row]:
    """Yield what is said of each analyte; a strip without any has one empty row."""
    kit = kits(strip["assay"])
    for name, said in strip["analytes"].items():
        line = line_of(strip, name, kit) or {}
        yield (
            name,
            *(said[key] for key in ("outcome", "confidence", "ratio", "ratio_sigma", "concentration")),
            *(line.get(key) for key in ("name", "detected", "height", "height_sigma", "snr")),
        )
    if not strip["analytes"]:
        yield _NO_ANALYTE


def _joined(codes: list[str]) -> str | None:
    return " ".join(codes) or None
