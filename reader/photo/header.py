"""What a file says of its picture before any pixel is decoded, and the limits it must keep.

Every format's `inspect` returns a `Header`; `check_size` is the gate between it and the decoder.
"""

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import cv2
from numpy.typing import NDArray
from PIL import Image

from reader.errors import CorruptImage, ImageTooLarge, ImageTooSmall, InputError, WorkerOutOfMemory
from reader.steps import Steps

__all__ = [
    "MAX_BYTES",
    "MAX_PIXELS",
    "MAX_SIDE",
    "MIN_SIDE",
    "Conversion",
    "Header",
    "Samples",
    "check_size",
    "decoder_faults",
]

MAX_BYTES: Final = 64 * 2**20
"""Largest file, bytes: above any phone's JPEG or HEIC, and a 16-bit TIFF of 11 megapixels fits."""
MAX_PIXELS: Final = 50_000_000
"""Most pixels: 50 megapixels, the large mode of current phones."""
MAX_SIDE: Final = 12_000
"""Longest side, px."""
MIN_SIDE: Final = 16
"""Shortest side, px: read windows that were cut out by others can be as narrow as 22 px."""

Samples = NDArray[Any]
"""Decoded samples, uint8 or uint16: (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGB with straight alpha."""

Conversion = Callable[[Samples], Samples]
"""From the file's colour space to sRGB, for grey or RGB samples."""

_DECODER_FAULTS: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    Warning,  # where the program turns warnings into errors
    struct.error,
    cv2.error,
    Image.DecompressionBombError,
)


@dataclass(frozen=True, slots=True)
class Header:
    """What the file says of its picture, with the way to decode it.

    Attributes
    ----------
    format : str
        ``"JPEG"``, ``"PNG"``, ``"WebP"``, ``"HEIC"`` or ``"TIFF"``.
    width, height : int
        Size as stored, px.
    decode : callable
        Decodes the picture into samples as stored; call it only after `check_size`.
    orientation : int
        EXIF orientation, 1..8; 1 where the decoder turns the picture by itself.
    to_srgb : callable or None
        From the file's colour space to sRGB; None when it is sRGB already or says nothing.
    jpeg_quality : int or None
        Estimated IJG quality, 1..100; None for other formats.
    chroma : callable or None
        Decodes the colour differences finer than in codes (`reader.photo.chroma.stretched_chroma`); None
        where that is not possible or of no use.
    steps : Steps or None
        In which a JPEG holds its colours.
    """

    format: str
    width: int
    height: int
    decode: Callable[[], Samples]
    orientation: int = 1
    to_srgb: Conversion | None = None
    jpeg_quality: int | None = None
    chroma: Callable[[], Image.Image | None] | None = None
    steps: Steps | None = None


def check_size(width: int, height: int) -> None:
    """Let a picture of this size pass, or refuse it.

    Parameters
    ----------
    width, height : int
        Size, px.

    Raises
    ------
    ImageTooSmall
        If a side is shorter than `MIN_SIDE`.
    ImageTooLarge
        If a side is longer than `MAX_SIDE` or there are more than `MAX_PIXELS`.

    Examples
    --------
    >>> check_size(4000, 3000)
    """
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise ImageTooLarge(f"The picture has {width} x {height} pixels.")
    if min(width, height) < MIN_SIDE:
        raise ImageTooSmall(f"The picture has only {width} x {height} pixels.")


@contextmanager
def decoder_faults() -> Iterator[None]:
    """Fold whatever a decoder raises on a damaged file into `CorruptImage`.

    Raises
    ------
    CorruptImage
        From the decoder's own error.
    WorkerOutOfMemory
        If the decoder says that there is too little memory.

    Examples
    --------
    >>> with decoder_faults():
    ...     struct.unpack(">I", b"")
    Traceback (most recent call last):
    ...
    reader.errors.CorruptImage: The picture is damaged. Copy or send the picture again; ...
    """
    try:
        yield
    except InputError:
        raise
    except MemoryError as error:
        raise WorkerOutOfMemory from error
    except _DECODER_FAULTS as error:
        if isinstance(error, cv2.error) and error.code == cv2.Error.StsNoMem:
            raise WorkerOutOfMemory from error
        raise CorruptImage("The picture is damaged.") from error
