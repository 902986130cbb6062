"""From untrusted bytes to a `Photo`: gated by its header, decoded once, upright, in sRGB.

Formats: JPEG (and the first picture of an MPO), PNG, WebP, HEIC and TIFF; 8 and 16 bit; grey, palette,
RGB, CMYK and alpha. Each format has one module, that reads its header without decoding a pixel
(`inspect`), and one decoder. What cannot be read raises an `reader.errors.InputError`, never anything
else. Nothing here looks at what the picture shows.

There is no state, so that any number of threads may open pictures at once. The C libraries below
(libjpeg, libpng, libtiff) write a line to standard error for some damaged files: they offer no switch, and
redirecting the descriptor would not be safe with threads. ``cv2.setLogLevel(0)``, which a program may call
once at its start, silences OpenCV's own lines.
"""

from reader.photo.header import MAX_BYTES, MAX_PIXELS, MAX_SIDE, MIN_SIDE
from reader.photo.opening import Photo, file_bytes, open_array, open_bytes, open_file

__all__ = [
    "MAX_BYTES",
    "MAX_PIXELS",
    "MAX_SIDE",
    "MIN_SIDE",
    "Photo",
    "file_bytes",
    "open_array",
    "open_bytes",
    "open_file",
]
