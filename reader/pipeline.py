"""From a picture to a reading: the stages in order."""

from __future__ import annotations

import os
import time
from typing import Any

from numpy.typing import NDArray

from reader._version import __version__
from reader.again.enlarged import enlarged
from reader.again.turned import turned_back
from reader.interpret import Assay, load_assay
from reader.locate.find import find_strips
from reader.measure.shot import picture_fault
from reader.photo import Photo, open_array, open_bytes, open_file
from reader.reading import ImageInfo, Outcome, Reading, StripReading
from reader.strip import CALLS, read_strips, without_patterns
from reader.view import View

__all__ = ["read_bytes", "read_file", "read_image", "read_photo"]

AssayLike = str | os.PathLike[str] | Assay


def read_file(path: str | os.PathLike[str], *, assay: AssayLike = "generic") -> Reading:
    """Read every strip in a picture file.

    Parameters
    ----------
    path : str or path-like
        JPEG, PNG, WebP, HEIC or TIFF.
    assay : str, path-like or Assay, default "generic"
        Id of a kit in the catalogue, a profile file, or a loaded profile; ``"auto"`` leaves the kit open.

    Returns
    -------
    Reading

    Raises
    ------
    reader.errors.InputError
        If the file cannot be read as a picture; a poor photo is a reading with outcome ``not_read``.
    reader.errors.AssayError
        If the assay is unknown or its profile wrong.
    """
    profile = _profile(assay)
    start = time.perf_counter()
    photo = open_file(path)
    return read_photo(photo, assay=profile, decode_ms=_since(start))


def read_bytes(data: bytes, *, assay: AssayLike = "generic", source: str = "bytes") -> Reading:
    """Read every strip in the bytes of a picture file; see `read_file`."""
    profile = _profile(assay)
    start = time.perf_counter()
    photo = open_bytes(data, source)
    return read_photo(photo, assay=profile, decode_ms=_since(start))


def read_image(array: NDArray[Any], *, assay: AssayLike = "generic", source: str = "array") -> Reading:
    """Read every strip in an array of pixels.

    Parameters
    ----------
    array : ndarray, shape (H, W), (H, W, 3) or (H, W, 4)
        Grey, RGB or RGBA, sRGB-encoded; uint8, uint16 or float 0..1.
    assay : str, path-like or Assay, default "generic"
        As in `read_file`.
    source : str, default "array"
        Name to put in the reading.
    """
    return read_photo(open_array(array, source), assay=assay)


def read_photo(photo: Photo, *, assay: AssayLike = "generic", decode_ms: float = 0.0) -> Reading:
    """Read every strip in an opened photo; see `read_file`."""
    profile = _profile(assay)
    start = time.perf_counter()
    view = View(photo.pixels, photo.chroma, photo.steps)
    strips, locate_ms = _strips(photo, view, profile)
    if not _is_settled(strips):
        strips, more_ms = _seen_again(photo, view, profile, strips)
        locate_ms += more_ms
    timings = {"decode": decode_ms, "locate": locate_ms, "measure": _since(start) - locate_ms}
    info = ImageInfo(photo.sha256, photo.format, photo.width, photo.height)
    outcome, flags = _of_picture(strips, view)
    return Reading(photo.source, __version__, info, outcome, (*photo.flags, *flags), strips, timings)


def _strips(
    photo: Photo, view: View, profile: Assay, *, pixel: float = 1.0, as_taken: bool = True
) -> tuple[tuple[StripReading, ...], float]:
    """Return the strips of a picture, and how long it took to find them, ms."""
    start = time.perf_counter()
    candidates = find_strips(view)
    located = _since(start)
    strips = read_strips(photo, view, candidates, profile, pixel=pixel, as_taken=as_taken)
    return without_patterns(strips), located


def _is_settled(strips: tuple[StripReading, ...]) -> bool:
    """Tell whether a test was called, or one was seen that no other look at it may call."""
    final = {"faint-line", "no-strip-in-window"}
    return any(strip.outcome in CALLS or final & set(strip.flags) for strip in strips)


def _seen_again(
    photo: Photo, view: View, profile: Assay, strips: tuple[StripReading, ...]
) -> tuple[tuple[StripReading, ...], float]:
    """Return what is called once a picture is seen in another way; else the strips given.

    A picture that a program turned is turned back: the corners that were filled in have edges of their own,
    which hide those of the test. A small one is enlarged.
    """
    start = time.perf_counter()
    for again in (turned_back(photo, view), enlarged(photo)):
        if again is None:
            continue
        seen = View(again.photo.pixels)
        found, _ = _strips(again.photo, seen, profile, pixel=again.pixel, as_taken=False)
        if any(strip.outcome in CALLS for strip in found):
            return tuple(map(again.in_whole, found)), _since(start)
    return strips, _since(start)


def _profile(assay: AssayLike) -> Assay:
    """Load a profile; ``auto`` leaves the kit open, which is what the generic one does."""
    return load_assay("generic" if assay == "auto" else assay)


def _since(start: float) -> float:
    return (time.perf_counter() - start) * 1e3


def _of_picture(strips: tuple[StripReading, ...], view: View) -> tuple[Outcome, tuple[str, ...]]:
    """Return the outcome of a picture with these strips, and its flags, the first thing to change first."""
    if not strips:
        fault = picture_fault(view)
        return Outcome.NOT_READ, ("no-strip-found",) if fault is None else (fault, "no-strip-found")
    outcomes = {strip.outcome for strip in strips}
    if len(outcomes) == 1:
        return outcomes.pop(), ()
    return Outcome.MULTIPLE, ("strips-differ",)
