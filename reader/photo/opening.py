"""Opening a picture: one path from bytes, a file or an array to a `Photo`."""

import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.errors import (
    CorruptImage,
    EmptyInput,
    ImageTooLarge,
    InputError,
    SourceUnreadable,
    UnsupportedFormat,
)
from reader.photo import heif, jpeg, png, tiff, webp
from reader.photo.chroma import FinerColours
from reader.photo.exif import Box, upright
from reader.photo.header import MAX_BYTES, Header, Samples, check_size, decoder_faults
from reader.steps import Steps

__all__ = ["Photo", "file_bytes", "open_array", "open_bytes", "open_file"]

ALPHA_FLATTENED: Final = "alpha-flattened"

_ROW_BLOCK: Final = 256
_GREY_PROBE_STEP: Final = 37
"""Looking at one pixel in 37 x 37 settles for nearly every colour picture that it is not grey."""


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A decoded picture, upright and in sRGB.

    Attributes
    ----------
    source : str
        Path or upload name as it was given.
    sha256 : str
        Digest of the file's bytes, or of an array's type, shape and values.
    format : str
        ``"JPEG"``, ``"PNG"``, ``"WebP"``, ``"HEIC"``, ``"TIFF"`` or ``"array"``.
    pixels : ndarray of uint8 or uint16, shape (H, W, 3)
        sRGB-encoded RGB, upright, contiguous and read-only.
    grey : bool
        Whether the picture has one channel, or three equal ones.
    jpeg_quality : int or None
        Quality estimated from the quantisation tables, 1..100; None if it is no JPEG.
    flags : tuple of str
        Codes of `reader.flags.FLAGS`.
    chroma : callable or None
        Returns a part (left, top, right, bottom) of the picture with finer colours than in codes, or None if
        they cannot be told (`reader.photo.chroma`); None where the file holds nothing finer.
    steps : Steps or None
        In which a JPEG holds its colours, upright; None of any other picture.
    """

    source: str
    sha256: str
    format: str
    pixels: NDArray[np.uint8] | NDArray[np.uint16]
    grey: bool
    jpeg_quality: int | None
    flags: tuple[str, ...]
    chroma: Callable[[Box], NDArray[np.uint16] | None] | None = None
    steps: Steps | None = None

    @property
    def width(self) -> int:
        """Width, px."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Height, px."""
        return int(self.pixels.shape[0])


def open_bytes(data: bytes, source: str = "bytes") -> Photo:
    """Open a picture from the bytes of its file.

    Parameters
    ----------
    data : bytes
        The whole file: JPEG, PNG, WebP, HEIC or TIFF.
    source : str, default "bytes"
        Name for messages and results.

    Returns
    -------
    Photo
        The picture, upright and in sRGB.

    Raises
    ------
    EmptyInput
        If there are no bytes.
    UnsupportedFormat
        If it is not a picture, or one of another kind.
    CorruptImage
        If the picture is damaged or cut off.
    ImageTooSmall
        If a side is shorter than 16 px.
    ImageTooLarge
        Above 64 MB, 50 megapixels or 12,000 px to a side; nothing was decoded then.

    Examples
    --------
    >>> picture = np.full((24, 32, 3), 200, np.uint8)
    >>> photo = open_bytes(cv2.imencode(".png", picture)[1].tobytes(), "white.png")
    >>> photo.format, photo.width, photo.height, photo.grey
    ('PNG', 32, 24, True)
    """
    try:
        with decoder_faults():
            return _open(data, source)
    except InputError as error:
        raise type(error)(f"{source}: {error.message}") from error


def open_file(path: str | os.PathLike[str]) -> Photo:
    """Open a picture from a file.

    Parameters
    ----------
    path : str or path-like
        A regular file, or a link to one.

    Returns
    -------
    Photo
        The picture; ``source`` is the path as it was given.

    Raises
    ------
    SourceUnreadable
        If the file is missing, not a regular file (a folder, a pipe, a device) or may not be read.
    InputError
        As from `open_bytes`.

    Examples
    --------
    >>> open_file("no-such-photo.jpg")
    Traceback (most recent call last):
    ...
    reader.errors.SourceUnreadable: no-such-photo.jpg: No such file or directory. Check that ...
    """
    source = os.fspath(path)
    return open_bytes(file_bytes(source), source)


def file_bytes(path: str | os.PathLike[str]) -> bytes:
    """Return the bytes of a picture's file.

    Raises
    ------
    SourceUnreadable
        If the file is missing, not a regular file or may not be read.
    ImageTooLarge
        Above 64 MB.
    """
    source = os.fspath(path)
    try:
        return _read(source)
    except OSError as error:
        raise SourceUnreadable(f"{source}: {error.strerror or 'It cannot be read'}.") from error
    except ValueError as error:
        raise SourceUnreadable(f"{source!r} is not a file name.") from error


def open_array(array: NDArray[Any], source: str = "array") -> Photo:
    """Open a picture that is in memory already.

    Parameters
    ----------
    array : ndarray, shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)
        Grey, RGB or RGBA with straight alpha, sRGB-encoded and upright: uint8 or uint16 over their full
        range, or float 0..1 (kept as 16 bit). It is copied.
    source : str, default "array"
        Name for messages and results.

    Returns
    -------
    Photo
        The picture.

    Raises
    ------
    EmptyInput
        If the array has no elements.
    UnsupportedFormat
        If its shape or type is none of the above.
    CorruptImage
        If floats lie outside 0..1 or are not numbers.
    ImageTooSmall, ImageTooLarge
        As from `open_bytes`.

    Examples
    --------
    >>> open_array(np.full((16, 20), 0.5)).pixels[0, 0].tolist()
    [32768, 32768, 32768]
    """
    try:
        samples = _array_samples(array)
        check_size(samples.shape[1], samples.shape[0])
    except InputError as error:
        raise type(error)(f"{source}: {error.message}") from error
    digest = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    digest.update(np.ascontiguousarray(array).data)
    header = Header("array", samples.shape[1], samples.shape[0], samples.copy)
    return _photo(header, header.decode(), source, digest.hexdigest())


def _read(source: str) -> bytes:
    # Without O_NONBLOCK, opening a pipe would wait for a writer.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(source, flags), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise SourceUnreadable(f"{source} is not a regular file.")
        if status.st_size > MAX_BYTES:
            raise ImageTooLarge(f"{source} has {status.st_size / 2**20:,.0f} MB.")
        return file.read(MAX_BYTES + 1)


def _open(data: bytes, source: str) -> Photo:
    if not data:
        raise EmptyInput("The file is empty.")
    if len(data) > MAX_BYTES:
        raise ImageTooLarge(f"The file has more than {MAX_BYTES // 2**20} MB.")
    header = _inspector(data)(data)
    check_size(header.width, header.height)
    samples = header.decode()
    if samples.shape[:2] != (header.height, header.width):
        raise CorruptImage("The picture does not have the size that its header states.")
    return _photo(header, samples, source, hashlib.sha256(data).hexdigest())


def _inspector(data: bytes) -> Callable[[bytes], Header]:
    """Find the one module that reads this format, by its first bytes; the file's name says nothing."""
    if data.startswith(jpeg.MAGIC):
        return jpeg.inspect
    if data.startswith(png.MAGIC):
        return png.inspect
    if data.startswith(tiff.MAGICS):
        return tiff.inspect
    if webp.is_webp(data):
        return webp.inspect
    if heif.is_heif(data):
        return heif.inspect
    raise UnsupportedFormat("The file is not a picture in a format that is read here.")


def _photo(header: Header, samples: Samples, source: str, sha256: str) -> Photo:
    samples, flags = _flattened(samples)
    grey = samples.ndim == 2 or _is_grey(samples)
    samples = np.ascontiguousarray(upright(samples, header.orientation))
    chroma = None
    if header.chroma is not None and not grey:
        chroma = FinerColours(samples, header.chroma, header.orientation, header.to_srgb).part
    if header.to_srgb is not None:
        samples = header.to_srgb(samples)
    if samples.ndim == 2:
        samples = np.asarray(cv2.cvtColor(samples, cv2.COLOR_GRAY2RGB), samples.dtype)
    pixels = np.ascontiguousarray(samples)
    pixels.setflags(write=False)
    steps = None if grey or header.steps is None else header.steps.upright(header.orientation)
    return Photo(source, sha256, header.format, pixels, grey, header.jpeg_quality, flags, chroma, steps)


def _flattened(samples: Samples) -> tuple[Samples, tuple[str, ...]]:
    """Lay a picture with transparent parts on white."""
    if samples.ndim == 2 or samples.shape[2] == 3:
        return samples, ()
    top = np.uint32(np.iinfo(samples.dtype).max)
    opaque = np.empty((*samples.shape[:2], 3), samples.dtype)
    if samples[..., 3].min() == top:
        opaque[...] = samples[..., :3]
        return opaque, ()
    for row in range(0, samples.shape[0], _ROW_BLOCK):
        block = samples[row : row + _ROW_BLOCK].astype(np.uint32)
        alpha = block[..., 3:]
        # At most 65535² + 32767, which 32 bits just hold.
        opaque[row : row + _ROW_BLOCK] = (block[..., :3] * alpha + top * (top - alpha) + top // 2) // top
    return opaque, (ALPHA_FLATTENED,)


def _is_grey(samples: Samples) -> bool:
    """Tell whether the three channels are equal everywhere."""
    return all(
        bool(np.all(part[..., 0] == part[..., 1]) and np.all(part[..., 1] == part[..., 2]))
        for part in (samples[::_GREY_PROBE_STEP, ::_GREY_PROBE_STEP], samples)
    )


def _array_samples(array: NDArray[Any]) -> Samples:
    if not array.size:
        raise EmptyInput("The array is empty.")
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise UnsupportedFormat(f"An array of shape {array.shape} is not a picture.")
    plain = array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array
    if plain.dtype.kind == "u" and plain.dtype.itemsize <= 2:
        return np.asarray(plain, plain.dtype.newbyteorder("="))
    if not np.issubdtype(plain.dtype, np.floating):
        raise UnsupportedFormat(
            f"An array of type {array.dtype} is not a picture; give uint8, uint16 or float."
        )
    if not (plain.min() >= 0.0 and plain.max() <= 1.0):
        raise CorruptImage("The array holds values outside 0..1, or none at all.")
    return np.rint(plain * 65535.0).astype(np.uint16)
