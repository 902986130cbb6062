"""The reader's own way from a membrane to heights of lines: light, codes, JPEG, decoding, measurement."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reader.geometry import Window
from reader.limits.setting import BEND, Kit, Setting
from reader.measure.membrane import LineFit
from reader.photo import Photo, open_bytes
from reader.simulate import Camera, membrane, photograph
from reader.strip.look import measured_lines
from reader.strip.read import fine_patch
from reader.view import View

__all__ = ["measured", "take"]

HOUSING = 0.85  # reflectance of the white plastic around the window
MARGIN_MM = 2.0  # of it: more than the reader's own margin, and the blocks of the JPEG
EXPOSURES = (0.88, 1.12)  # of the setting's own: a sixth of a stop on both sides
TINT = 0.03  # relative error of the white balance in each colour
BLOCK = 16  # px: the largest JPEG block, that of the colours


def measured(kit: Kit, setting: Setting, level: float, seed: int) -> tuple[LineFit, ...]:
    """Simulate one picture and measure all lines of the kit at their places.

    Parameters
    ----------
    kit : Kit
        Which lines, and where.
    setting : Setting
        Camera and membrane.
    level : float
        Absorbance of all test lines, as the reader would measure it without blur.
    seed : int
        Of membrane and noise: pictures of two levels and the same seed differ by the level only.

    Returns
    -------
    tuple of LineFit
        In the order of the kit's lines.
    """
    photo, window = take(kit, setting, level, np.random.default_rng(seed))
    patch = fine_patch(View(photo.pixels, photo.chroma, photo.steps), window)
    width = kit.size_mm[1]
    places = [(place / width, setting.sigma_mm / width) for place in kit.places_mm]
    return measured_lines(patch, places, kit.assay).lines


def take(kit: Kit, setting: Setting, level: float, rng: np.random.Generator) -> tuple[Photo, Window]:
    """Photograph a membrane in its housing, write the file and open it again.

    Returns
    -------
    photo : Photo
        As the reader opens it.
    window : Window
        Where the membrane lies; anywhere on the grid of the JPEG's blocks.
    """
    scale = setting.px_per_mm
    sample = membrane(kit.bands(level), rng=rng, px_per_mm=scale, size_mm=kit.size_mm, look=setting.look)
    rows, columns = sample.pixels.shape[:2]
    margin = round(MARGIN_MM * scale)
    top, left = margin + rng.integers(0, BLOCK, 2)
    light = np.full((top + rows + margin, left + columns + margin, 3), HOUSING, np.float32)
    light[top : top + rows, left : left + columns] = sample.pixels
    light *= _course(light.shape[1], scale, rng)[:, None]
    pixels = photograph(light, _by_chance(setting, rng), rng)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=setting.camera.jpeg_quality, subsampling="4:2:0")
    window = Window(left + (columns - 1) / 2, top + (rows - 1) / 2, 0.0, columns, rows)
    return open_bytes(stream.getvalue()), window


def _by_chance(setting: Setting, rng: np.random.Generator) -> Camera:
    """Set exposure and white balance as they come: codes that are always the same would be rounded alike."""
    exposure = setting.camera.exposure * rng.uniform(*EXPOSURES)
    red, green, blue = np.exp(rng.normal(0.0, TINT, 3)).tolist()
    return replace(setting.camera, exposure=exposure, white_balance=(red, green, blue))


def _course(columns: int, scale: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw the light along the flow: a smooth course that bends at random."""
    slope = np.cumsum(BEND / scale**1.5 * rng.standard_normal(columns))
    bent = np.cumsum(slope)
    middle = columns // 2
    # Where it is level does not matter to the reader; in the middle it stays nearest to the exposure.
    level = bent - bent[middle] - slope[middle] * (np.arange(columns) - middle)
    return np.asarray(10**-level, np.float32)
