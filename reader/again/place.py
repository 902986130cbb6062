"""A picture that was made from a photo, to be looked at in its place."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reader.geometry import Window
from reader.photo import Photo
from reader.reading import Point, Quad, StripReading

__all__ = ["Again"]


@dataclass(frozen=True, slots=True)
class Again:
    """A photo, or a part of it, on another grid of pixels.

    Attributes
    ----------
    photo : Photo
        The picture that was made.
    place : Window
        Where it lies in the photo, px; the flow runs along its rows.
    """

    photo: Photo
    place: Window

    @property
    def pixel(self) -> float:
        """Size of a pixel of the photo, px of the picture that was made."""
        return self.photo.width / self.place.length

    def in_whole(self, strip: StripReading) -> StripReading:
        """Return a strip of the picture that was made by its place in the photo."""
        lines = (
            line if line.center is None else replace(line, center=self._point(line.center))
            for line in strip.lines
        )
        return replace(
            strip,
            window=self._quad(strip.window),
            outline=None if strip.outline is None else self._quad(strip.outline),
            lines=tuple(lines),
            px_per_mm=None if strip.px_per_mm is None else strip.px_per_mm / self.pixel,
        )

    def _quad(self, quad: Quad) -> Quad:
        a, b, c, d = quad
        return self._point(a), self._point(b), self._point(c), self._point(d)

    def _point(self, point: Point) -> Point:
        return self.place.at((point[0] + 0.5) / self.photo.width, (point[1] + 0.5) / self.photo.height)
