"""Whole pictures in every format and variant that is read, small enough to damage by the thousand."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tests.photo import files


def whole_pictures() -> dict[str, bytes]:
    """Return a whole picture of every kind, by name."""
    return {**_jpegs(), **_pngs(), **_webps(), **_tiffs(), **_heics()}


def _jpegs() -> dict[str, bytes]:
    scene, p3 = files.scene(), files.matrix_profile(files.DISPLAY_P3, files.srgb_curve())
    cmyk = Image.fromarray(scene).convert("CMYK")
    return {
        "jpeg": files.saved(scene, "JPEG", exif=files.exif(6), icc_profile=p3),
        "jpeg-progressive": files.saved(scene, "JPEG", progressive=True, quality=60),
        "jpeg-grey": files.saved(scene[..., 0], "JPEG"),
        "jpeg-cmyk": files.saved(cmyk, "JPEG"),
        "mpo": files.saved(scene, "MPO", save_all=True, append_images=[Image.fromarray(scene[::-1])]),
    }


def _pngs() -> dict[str, bytes]:
    scene, deep = files.scene(), files.scene(top=65535)
    p3 = files.matrix_profile(files.DISPLAY_P3, files.srgb_curve())
    alpha = np.dstack([scene, scene[..., 0]])
    return {
        "png": files.saved(scene, "PNG", icc_profile=p3, exif=files.exif(8)),
        "png-16": files.png(deep, 2, 16, before=files.chunk(b"gAMA", bytes((0, 1, 0, 0)))),
        "png-alpha": files.saved(alpha, "PNG"),
        "png-palette": files.saved(Image.fromarray(scene).quantize(16), "PNG", transparency=3),
        "png-grey": files.png(scene[..., 0], 0, 8, before=files.chunk(b"tRNS", b"\0\x60")),
    }


def _webps() -> dict[str, bytes]:
    scene = files.scene()
    more = [Image.fromarray(np.roll(scene, 5, axis=1))]
    return {
        "webp": files.saved(scene, "WEBP", exif=files.exif(3)),
        "webp-lossless": files.saved(np.dstack([scene, scene[..., 1]]), "WEBP", lossless=True),
        "webp-animated": files.saved(scene, "WEBP", save_all=True, append_images=more, duration=40),
    }


def _tiffs() -> dict[str, bytes]:
    scene, deep = files.scene(), files.scene(top=65535)
    return {
        "tiff": files.saved(scene, "TIFF"),
        "tiff-lzw": files.saved(scene, "TIFF", compression="tiff_lzw"),
        "tiff-jpeg": files.saved(scene, "TIFF", compression="jpeg"),
        "tiff-palette": files.saved(Image.fromarray(scene).quantize(16), "TIFF"),
        "tiff-16": files.tiff(deep, {274: [6]}, ">"),
        "tiff-grey-16": files.tiff(deep[..., 1], {}),
    }


def _heics() -> dict[str, bytes]:
    configuration, data = files.tile()
    items: dict[int, files.Item] = {
        1: (b"hvc1", data, (1, 2), ()),
        2: (b"grid", files.grid(2, 2, 128, 128), (3,), (1, 1, 1, 1)),
    }
    return {
        "heic": files.heic(files.scene(), "RGB", quality=60),
        "heic-10": files.heic(files.scene(top=65535), "RGB;16", quality=60),
        "heic-grid": files.heic_of_items(items, 2, (configuration, files.ispe(64, 64), files.ispe(128, 128))),
    }
