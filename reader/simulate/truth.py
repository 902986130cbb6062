"""What is really in a simulated picture: every line, every strip, and the picture itself."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image

from reader.errors import OptionError
from reader.reading import Outcome, Point, Quad, Role

__all__ = ["FORMATS", "LineTruth", "Picture", "StripTruth"]

FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")


@dataclass(frozen=True, slots=True)
class LineTruth:
    """One line as it was laid on the membrane, whether or not an eye could see it.

    Attributes
    ----------
    name : str
        The assay's name of the line.
    role : {"control", "test"}
        What the line is for.
    present : bool
        Whether there is any label at all (``od > 0``).
    od : float
        Peak absorbance in linear green light at the line's middle, before any blur.
    fwhm_mm : float
        Full width at half of ``od``, along the flow.
    area : float
        Integral of the absorbance along the flow, absorbance·mm.
    position : float
        0 at the control end of the window, 1 at the sample end.
    center : Point
        Middle of the line in the picture, px (column first).
    """

    name: str
    role: Role
    present: bool
    od: float
    fwhm_mm: float
    area: float
    position: float
    center: Point

    def to_dict(self) -> dict[str, Any]:
        """Return the line as plain JSON types."""
        return {
            "name": self.name,
            "role": self.role,
            "present": self.present,
            "od": round(self.od, 6),
            "fwhm_mm": round(self.fwhm_mm, 4),
            "area": round(self.area, 6),
            "position": round(self.position, 5),
            "center": _point(self.center),
        }


@dataclass(frozen=True, slots=True)
class StripTruth:
    """One strip in the picture.

    Attributes
    ----------
    assay : str
        Id of the assay profile that the strip follows, ``"generic"`` for none.
    kind : {"cassette", "strip", "window"}
        As in a reading.
    outcome : Outcome
        What a perfect reader of a perfect picture would say.
    outline : Quad or None
        Corners of the device, px; None when the picture shows only its window.
    window : Quad
        Corners of the visible membrane, clockwise; the first two are the control end.
    lines : tuple of LineTruth
        In order from the control end, absent ones too.
    px_per_mm : float
        Scale along the flow at the window's middle.
    size_mm : tuple of float, default (0, 0)
        Length and width of the window.
    homography : tuple of tuple of float, optional
        The 3×3 map from (across, along) in mm, from the middle of the window's control end, to the
        picture, but for the distortion of the lens.
    """

    assay: str
    kind: Literal["cassette", "strip", "window"]
    outcome: Outcome
    outline: Quad | None
    window: Quad
    lines: tuple[LineTruth, ...]
    px_per_mm: float
    size_mm: tuple[float, float] = (0.0, 0.0)
    homography: tuple[tuple[float, ...], ...] | None = None

    def resized(self, scale: tuple[float, float]) -> StripTruth:
        """Return the truth of the same picture when it has been resized by so much across and down."""
        step = np.array(
            [[scale[0], 0, scale[0] / 2 - 0.5], [0, scale[1], scale[1] / 2 - 0.5], [0.0, 0.0, 1.0]]
        )

        def moved(point: Point) -> Point:
            return (
                float(step[0, 0] * point[0] + step[0, 2]),
                float(step[1, 1] * point[1] + step[1, 2]),
            )

        def quad(corners: Quad) -> Quad:
            a, b, c, d = (moved(corner) for corner in corners)
            return (a, b, c, d)

        rows = None if self.homography is None else step @ np.asarray(self.homography)
        return replace(
            self,
            outline=None if self.outline is None else quad(self.outline),
            window=quad(self.window),
            lines=tuple(replace(line, center=moved(line.center)) for line in self.lines),
            px_per_mm=self.px_per_mm * math.sqrt(scale[0] * scale[1]),
            homography=None if rows is None else tuple(tuple(map(float, row)) for row in rows),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the strip as plain JSON types."""
        return {
            "assay": self.assay,
            "kind": self.kind,
            "outcome": self.outcome.value,
            "outline": None if self.outline is None else [_point(p) for p in self.outline],
            "window": [_point(p) for p in self.window],
            "px_per_mm": round(self.px_per_mm, 4),
            "lines": [line.to_dict() for line in self.lines],
        }


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A simulated photo with its truth.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (H, W, 3)
        sRGB-encoded, as the camera would hand it to its encoder.
    truth : tuple of StripTruth
        Every strip in the picture, in the order in which they were laid down.
    settings : mapping
        All that was chosen or drawn to make the picture, as plain JSON types.
    """

    pixels: NDArray[np.uint8]
    truth: tuple[StripTruth, ...]
    settings: Mapping[str, Any]

    def encode(self, format: str = "JPEG", quality: int | None = None) -> bytes:  # noqa: A002  (Pillow's own word)
        """Return the picture as the bytes of a file.

        Parameters
        ----------
        format : {"JPEG", "PNG", "WEBP", "HEIF"}
            The file's format.
        quality : int, 1 to 100, optional
            Of the lossy formats; by default that of the picture's camera.

        Raises
        ------
        OptionError
            If the format is another one.
        """
        if format not in FORMATS:
            raise OptionError(f"Pictures are not written as {format!r}, only as {', '.join(FORMATS)}.")
        if quality is None:
            quality = int(self.settings["camera"]["jpeg_quality"])
        image, out = Image.fromarray(self.pixels), io.BytesIO()
        if format == "JPEG":
            chroma = self.settings["camera"].get("subsampling", "4:2:0")
            image.save(out, "JPEG", quality=quality, subsampling=chroma, optimize=True)
        elif format == "PNG":
            image.save(out, "PNG", optimize=True)
        elif format == "WEBP":
            image.save(out, "WEBP", quality=quality, method=4)
        else:
            pillow_heif.from_pillow(image).save(out, quality=quality)
        return out.getvalue()

    def to_dict(self) -> dict[str, Any]:
        """Return truth and settings as plain JSON types (not the pixels)."""
        height, width = self.pixels.shape[:2]
        return {
            "width": width,
            "height": height,
            "strips": [strip.to_dict() for strip in self.truth],
            "settings": dict(self.settings),
        }


def _point(point: Point) -> list[float]:
    return [round(point[0], 2), round(point[1], 2)]
