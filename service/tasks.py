"""What a worker does with one picture: the only place where the service calls the reader.

Every task is a plain function of plain values, so that it can run in another process.
"""

import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import reader

__all__ = ["Drawing", "draw_overlay", "draw_profile", "read_document", "serve_picture", "warm_up"]

# Errors name the source; a neutral one keeps what users call their files out of every message.
_SOURCE = "The picture"
# Enough to look at by eye; the stored original is what is measured.
_JPEG_QUALITY = 90


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawing and the reading it shows, so that a caller can tell whether it shows the stored one.

    Attributes
    ----------
    strips : list of dict
        The document's strips.
    content : bytes
        The drawing's file; empty when there is no such strip.
    """

    strips: list[dict[str, Any]]
    content: bytes


def warm_up() -> bool:
    """Load the reader and keep its picture library to one thread, for there are other workers."""
    import cv2  # noqa: PLC0415  (only a worker needs it)

    cv2.setNumThreads(1)
    return True


def read_document(path: str, kit: reader.Assay, source: str) -> dict[str, Any]:
    """Read a picture.

    Parameters
    ----------
    path : str
        File with the picture.
    kit : Assay
        Profile of the kit.
    source : str
        What the document shall name as its source.

    Returns
    -------
    dict
        The contract document.

    Raises
    ------
    LfaError
        If the bytes are no picture.
    """
    reading = reader.read_bytes(Path(path).read_bytes(), assay=kit, source=_SOURCE)
    return replace(reading, source=source).to_dict()


def serve_picture(path: str) -> bytes:
    """Re-encode a picture as JPEG, upright and with nothing but its pixels."""
    photo = reader.open_bytes(Path(path).read_bytes(), _SOURCE)
    return _encode(_eight_bit(photo.pixels), "JPEG")


def draw_overlay(path: str, kit: reader.Assay) -> Drawing:
    """Draw device, window, lines and result into the picture, as PNG."""
    photo = reader.open_bytes(Path(path).read_bytes(), _SOURCE)
    reading = reader.read_photo(photo, assay=kit)
    return Drawing(reading.to_dict()["strips"], _encode(reader.draw_overlay(photo, reading), "PNG"))


def draw_profile(path: str, kit: reader.Assay, strip: int) -> Drawing:
    """Draw the absorbance along one strip, as SVG."""
    photo = reader.open_bytes(Path(path).read_bytes(), _SOURCE)
    reading = reader.read_photo(photo, assay=kit)
    found = [reader.profile_svg(s) for s in reading.strips if s.id == strip]
    return Drawing(reading.to_dict()["strips"], found[0].encode() if found else b"")


def _eight_bit(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    return (
        (pixels // 257).astype(np.uint8) if pixels.dtype == np.uint16 else pixels.astype(np.uint8, copy=False)
    )


def _encode(pixels: NDArray[np.uint8], file_format: str) -> bytes:
    buffer = io.BytesIO()
    options: dict[str, Any] = {"quality": _JPEG_QUALITY} if file_format == "JPEG" else {"compress_level": 3}
    Image.fromarray(pixels).save(buffer, file_format, **options)
    return buffer.getvalue()
