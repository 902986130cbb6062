"""The reading: what one picture says, frozen, with its only serialisation.

Coordinates are pixels of the EXIF-oriented full-size picture: x to the right, y down, the centre of
the top-left pixel at (0, 0). Arrays are indexed ``[row, column]``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "SCHEMA",
    "Analyte",
    "ImageInfo",
    "Line",
    "Outcome",
    "Point",
    "Profile",
    "Quad",
    "Reading",
    "StripReading",
    "json_line",
]

SCHEMA = "lfa-reading/1"

Point = tuple[float, float]
Quad = tuple[Point, Point, Point, Point]
Role = Literal["control", "test"]
Orientation = Literal["known", "assumed"]


class Outcome(StrEnum):
    """What a test says. ``multiple`` stands only for a picture whose strips differ."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    INVALID = "invalid"
    INDETERMINATE = "indeterminate"
    NOT_READ = "not_read"
    MULTIPLE = "multiple"


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """The picture's identity: digest of its bytes, format, and size after EXIF orientation."""

    sha256: str
    format: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Line:
    """One expected or found line; an absent one is listed with its measured height too.

    Attributes
    ----------
    name : str
        The assay's name of the line, such as ``"C"`` or ``"Pf"``.
    role : {"control", "test"}
        What the line is for.
    detected : bool
        Whether the line is present.
    center : Point or None
        Middle of the line in the picture, px; None when an absent line's place is unknown.
    position : float or None
        0 at the downstream (control) end of the window, 1 at the sample end.
    height, height_sigma : float or None
        Peak absorbance -log10(I/B) in the assay's channel and its standard error: noise, and a tenth of the
        height for the photo's unknown tone curve, which all lines of a photo share and most of which
        cancels from ratios.
    area, area_sigma : float or None
        Integral of absorbance along the flow, absorbance·mm, or absorbance·px when the scale is unknown, and
        its standard error, of which the photo's share is an eighth of the area.
    snr : float or None
        Height over the part of its error that is noise: how plainly the line is there.
    """

    name: str
    role: Role
    detected: bool
    center: Point | None
    position: float | None
    height: float | None
    height_sigma: float | None
    area: float | None
    area_sigma: float | None
    snr: float | None


@dataclass(frozen=True, slots=True)
class Analyte:
    """The answer for one analyte.

    Attributes
    ----------
    outcome : Outcome
        One of the five.
    confidence : float or None
        Probability of the stated outcome given the measurement's own error, 0..1; None when not read.
    ratio, ratio_sigma : float or None
        Height of the test line over that of the control, with its standard error: noise, and a quarter of the
        ratio per absorbance between the two lines for the bends of the photo's tone curve.
    concentration : float or None
        From the lot's calibration, in its unit; None without one.
    """

    outcome: Outcome
    confidence: float | None = None
    ratio: float | None = None
    ratio_sigma: float | None = None
    concentration: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """Absorbance along the flow, from the control end to the sample end; for figures, not serialised.

    Attributes
    ----------
    position : ndarray, shape (N,)
        0..1 along the window.
    absorbance, baseline : ndarray, shape (N,)
        Pseudo-absorbance in the assay's channel, and the fitted line-free membrane.
    """

    position: NDArray[np.float64]
    absorbance: NDArray[np.float64]
    baseline: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StripReading:
    """What one strip in the picture says.

    Attributes
    ----------
    id : int
        1, 2, … in reading order of the picture (rows, then left to right).
    kind : str
        ``"cassette"``, ``"strip"`` or ``"window"`` (an already cut read window).
    assay : str
        Id of the assay profile that was used.
    outline : Quad or None
        Corners of the device, clockwise, when they were found.
    window : Quad
        Corners of the membrane, clockwise; the first two are the downstream (control) end.
    orientation : {"known", "assumed"}
        Whether the picture shows which end is the control's.
    outcome : Outcome
        The strip's result.
    summary : str
        The result in a sentence for the user.
    analytes : mapping of str to Analyte
        One answer for each analyte of the assay.
    lines : tuple of Line
        In order from the control end.
    px_per_mm : float or None
        Scale along the window, when it is known.
    quality : mapping of str to float or None
        Measured qualities of the picture at this window.
    flags : tuple of str
        Codes of ``reader.flags.FLAGS``.
    profile : Profile or None
        For figures only.
    """

    id: int
    kind: str
    assay: str
    outline: Quad | None
    window: Quad
    orientation: Orientation
    outcome: Outcome
    summary: str
    analytes: Mapping[str, Analyte]
    lines: tuple[Line, ...]
    px_per_mm: float | None
    quality: Mapping[str, float | None]
    flags: tuple[str, ...]
    profile: Profile | None = field(default=None, compare=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the strip as plain JSON types, in the order of the contract."""
        return {
            "id": self.id,
            "kind": self.kind,
            "assay": self.assay,
            "outline": _quad(self.outline),
            "window": _quad(self.window),
            "orientation": self.orientation,
            "outcome": self.outcome.value,
            "summary": self.summary,
            "analytes": {name: _analyte(a) for name, a in self.analytes.items()},
            "lines": [_line(line) for line in self.lines],
            "px_per_mm": _number(self.px_per_mm, 3),
            "quality": {name: _number(value, 4) for name, value in self.quality.items()},
            "flags": list(self.flags),
        }


@dataclass(frozen=True, slots=True)
class Reading:
    """What one picture says: the one result object, of which every output is a view.

    Attributes
    ----------
    source : str
        Path or upload name as it was given.
    software_version : str
        Version of lfa-reader that made the reading.
    image : ImageInfo
        The picture's identity.
    outcome : Outcome
        That of its strips, ``multiple`` when they differ, ``not_read`` when there is none.
    flags : tuple of str
        Flags of the picture as a whole.
    strips : tuple of StripReading
        Every strip that was found.
    timings_ms : mapping of str to float
        Time spent in each stage; never part of the document unless asked for.
    """

    source: str
    software_version: str
    image: ImageInfo
    outcome: Outcome
    flags: tuple[str, ...]
    strips: tuple[StripReading, ...]
    timings_ms: Mapping[str, float] = field(default_factory=dict, compare=False)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Reading:
        """Return the reading that a contract document holds, with its rounded numbers and without profiles.

        Parameters
        ----------
        document : mapping
            As `to_dict` gives it.

        Returns
        -------
        Reading
            Gives the same document again.
        """
        return cls(
            source=document["source"],
            software_version=document["software"]["version"],
            image=ImageInfo(**document["image"]),
            outcome=Outcome(document["outcome"]),
            flags=tuple(document["flags"]),
            strips=tuple(map(_read_strip, document["strips"])),
            timings_ms=document.get("timings_ms", {}),
        )

    def to_dict(self, *, timings: bool = False) -> dict[str, Any]:
        """Return the contract document (schema ``lfa-reading/1``).

        Parameters
        ----------
        timings : bool, default False
            Add ``timings_ms``; off by default so that equal bytes give equal documents.

        Returns
        -------
        dict
            Plain JSON types; every number finite, what is unknown null.
        """
        document: dict[str, Any] = {
            "schema": SCHEMA,
            "software": {"name": "lfa-reader", "version": self.software_version},
            "source": self.source,
            "image": {
                "sha256": self.image.sha256,
                "format": self.image.format,
                "width": self.image.width,
                "height": self.image.height,
            },
            "outcome": self.outcome.value,
            "flags": list(self.flags),
            "strips": [strip.to_dict() for strip in self.strips],
        }
        if timings:
            document["timings_ms"] = {k: _number(v, 2) for k, v in self.timings_ms.items()}
        return document


def json_line(document: Mapping[str, Any]) -> bytes:
    r"""Return a document as one line of JSON in UTF-8, the same bytes wherever it is written.

    A file name that is not valid Unicode is written with JSON's own escapes.

    Examples
    --------
    >>> json_line({"source": "caf\udce9.jpg"})
    b'{"source":"caf\\udce9.jpg"}\n'
    """
    line = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return f"{line}\n".encode("utf-8", "backslashreplace")


def _read_strip(said: Mapping[str, Any]) -> StripReading:
    plain = ("id", "kind", "assay", "orientation", "summary", "px_per_mm", "quality")
    return StripReading(
        **{name: said[name] for name in plain},
        outline=_read_quad(said["outline"]),
        window=_read_quad(said["window"]),
        outcome=Outcome(said["outcome"]),
        analytes={
            name: Analyte(**{**answer, "outcome": Outcome(answer["outcome"])})
            for name, answer in said["analytes"].items()
        },
        lines=tuple(Line(**{**line, "center": _read_point(line["center"])}) for line in said["lines"]),
        flags=tuple(said["flags"]),
    )


def _read_point(said: Any) -> Any:
    return None if said is None else (said[0], said[1])


def _read_quad(said: Any) -> Any:
    return None if said is None else tuple(map(_read_point, said))


def _number(value: float | None, digits: int) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return round(float(value), digits) + 0.0


def _point(point: Point | None) -> list[float | None] | None:
    return None if point is None else [_number(point[0], 2), _number(point[1], 2)]


def _quad(quad: Quad | None) -> list[list[float | None] | None] | None:
    return None if quad is None else [_point(p) for p in quad]


def _analyte(analyte: Analyte) -> dict[str, Any]:
    return {
        "outcome": analyte.outcome.value,
        "confidence": _number(analyte.confidence, 4),
        "ratio": _number(analyte.ratio, 4),
        "ratio_sigma": _number(analyte.ratio_sigma, 4),
        "concentration": _number(analyte.concentration, 4),
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "name": line.name,
        "role": line.role,
        "detected": line.detected,
        "center": _point(line.center),
        "position": _number(line.position, 4),
        "height": _number(line.height, 5),
        "height_sigma": _number(line.height_sigma, 5),
        "area": _number(line.area, 5),
        "area_sigma": _number(line.area_sigma, 5),
        "snr": _number(line.snr, 2),
    }
