"""The camera: where it stands, its optics, sensor, tone curve and compression."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reader.reading import Point
from reader.simulate.raster import FloatArray, blur, single
from reader.simulate.sensor import read_out, smoothed

__all__ = ["Camera", "Matrix", "View", "along_sides", "encode_srgb", "photograph", "project"]

Matrix = NDArray[np.float64]
Subsampling = Literal["4:2:0", "4:4:4"]
BAND_ROWS = 32
SHARPENING_PX = 1.2  # standard deviation of the blur that sharpening subtracts


@dataclass(frozen=True, slots=True)
class Camera:
    """What happens to the light between scene and pixels.

    Attributes
    ----------
    exposure : float, default 0.80
        Linear value, 0..1, that a perfectly white face in full light gets.
    white_balance : tuple of float
        Gains of red, green and blue that the camera gets wrong.
    blur_px : float, default 0.7
        Standard deviation of the optics.
    motion_px : tuple of float
        Length and direction (degrees) of a shake.
    vignetting : float, default 0.06
        Share of light lost in the corners.
    flare : float, default 0.01
        Light scattered over the whole picture, as a share of its mean.
    shot_noise, read_noise : float
        Relative standard deviation of a pixel at full scale, and its floor.
    noise_px : float, default 0.6
        Correlation of the noise after demosaicing and denoising, px.
    s_curve : float, default 0.15
        Contrast added to the sRGB curve, 0 none to 0.4 strong.
    sharpening : float, default 0.3
        Strength of the camera's unsharp mask, which rings at edges.
    saturation : float, default 1.1
        Gain of colour differences.
    earlier_jpeg : int, default 0
        Quality of an earlier compression, as by a messenger; 0 none.
    jpeg_quality : int, default 92
        Quality of the file itself, where its format has one.
    bayer : bool, default False
        See each pixel in one colour only and fill in the others, as all phones do; the noise is then
        that of single pixels, and ``noise_px`` has no effect.
    denoise : float, default 0
        Strength of the camera's own smoothing, which keeps edges and wipes out faint texture: 1 takes
        for noise what differs by less than one twentieth of full scale.
    colour_matrix : tuple of tuple of float, optional
        From the sensor's red, green and blue to those of the picture; rows that sum to 1 keep grey grey.
    resize : float, default 1
        Size of the final picture over the camera's, as a messenger shrinks it before it compresses.
    subsampling : {"4:2:0", "4:4:4"}
        How the file's JPEG keeps colour: a pixel of colour for four, or for each.
    """

    exposure: float = 0.80
    white_balance: tuple[float, float, float] = (1.0, 1.0, 1.0)
    blur_px: float = 0.7
    motion_px: tuple[float, float] = (0.0, 0.0)
    vignetting: float = 0.06
    flare: float = 0.01
    shot_noise: float = 0.009
    read_noise: float = 0.002
    noise_px: float = 0.6
    s_curve: float = 0.15
    sharpening: float = 0.3
    saturation: float = 1.1
    earlier_jpeg: int = 0
    jpeg_quality: int = 92
    bayer: bool = False
    denoise: float = 0.0
    colour_matrix: tuple[tuple[float, float, float], ...] | None = None
    resize: float = 1.0
    subsampling: Subsampling = "4:2:0"


@dataclass(frozen=True, slots=True)
class View:
    """Where the camera looks from: a pinhole above a table in millimetres.

    Attributes
    ----------
    size_px : tuple of int
        Width and height of the picture.
    px_per_mm : float
        Scale of the table at the picture's middle.
    center_mm : tuple of float, default (0, 0)
        The point of the table in the picture's middle.
    tilt_deg : float, default 0
        Slant of the view; 0 is straight from above.
    tilt_towards_deg : float, default 90
        Direction in the picture in which the table recedes, clockwise from the right.
    distance_mm : float, default 160
        From the lens to the table.
    distortion : float, default 0
        Of the lens: how much farther from the middle than it seems a corner really is, as a share;
        positive is a barrel, phones have up to 0.05.
    """

    size_px: tuple[int, int]
    px_per_mm: float
    center_mm: tuple[float, float] = (0.0, 0.0)
    tilt_deg: float = 0.0
    tilt_towards_deg: float = 90.0
    distance_mm: float = 160.0
    distortion: float = 0.0

    def homography(self, height_mm: float = 0.0) -> NDArray[np.float64]:
        """Return the 3×3 map from (x, y) in a plane above the table to pixels of the picture."""
        toward, tilt = math.radians(self.tilt_towards_deg), math.radians(self.tilt_deg)
        ax, ay = math.cos(toward), math.sin(toward)
        c, s = math.cos(tilt), math.sin(tilt)
        # Rotation about the in-plane axis at right angles to the receding direction.
        turn = np.array(
            [
                [1 + (c - 1) * ax * ax, (c - 1) * ax * ay, -s * ax],
                [(c - 1) * ax * ay, 1 + (c - 1) * ay * ay, -s * ay],
                [s * ax, s * ay, c],
            ]
        )
        focal = self.px_per_mm * self.distance_mm
        lens = np.array(
            [
                [focal, 0, (self.size_px[0] - 1) / 2],
                [0, focal, (self.size_px[1] - 1) / 2],
                [0, 0, 1],
            ]
        )
        x0, y0 = self.center_mm
        plane = np.array([[1, 0, -x0], [0, 1, -y0], [0, 0, -height_mm]])
        matrix = turn @ plane
        matrix[2, 2] += self.distance_mm
        result = lens @ matrix
        return np.asarray(result / result[2, 2], np.float64)

    @property
    def steps(self) -> int:
        """Number of points that follow a straight edge, which a lens may bend."""
        return 8 if self.distortion else 1

    def straight(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[Matrix, Matrix]:
        """Return where a lens without distortion would show what is seen at columns x and rows y."""
        if not self.distortion:
            return x, y
        middle = [(side - 1) / 2 for side in self.size_px]
        dx, dy = x - middle[0], y - middle[1]
        stretch = 1 + self.distortion * (dx**2 + dy**2) / (middle[0] ** 2 + middle[1] ** 2)
        return middle[0] + dx * stretch, middle[1] + dy * stretch

    def seen(self, ideal: Point) -> Point:
        """Return where the lens shows a point that one without distortion would show at ``ideal``."""
        if not self.distortion:
            return ideal
        middle = [(side - 1) / 2 for side in self.size_px]
        x, y = ideal[0] - middle[0], ideal[1] - middle[1]
        share = self.distortion * (x**2 + y**2) / (middle[0] ** 2 + middle[1] ** 2)
        # The inverse of r (1 + k r²) has no simple form; each step leaves less than a third of the error.
        shrink = 1.0
        for _ in range(40):
            shrink = 1 / (1 + share * shrink**2)
        return (middle[0] + x * shrink, middle[1] + y * shrink)

    def border(self) -> tuple[Point, ...]:
        """Return points around the picture's border, as a lens without distortion would show them."""
        width, height = self.size_px
        around = along_sides(((0, 0), (width, 0), (width, height), (0, height)), self.steps)
        straight = [self.straight(np.asarray(x, np.float64), np.asarray(y, np.float64)) for x, y in around]
        return tuple((float(x), float(y)) for x, y in straight)


def along_sides(corners: Sequence[Point], steps: int) -> tuple[Point, ...]:
    """Return the corners of a polygon and ``steps - 1`` points between each two of them.

    Examples
    --------
    >>> along_sides(((0, 0), (4, 0), (4, 2)), 2)
    ((0.0, 0.0), (2.0, 0.0), (4.0, 0.0), (4.0, 1.0), (4.0, 2.0), (2.0, 1.0))
    """
    following = [*corners[1:], corners[0]]
    return tuple(
        (a[0] + (b[0] - a[0]) * k / steps, a[1] + (b[1] - a[1]) * k / steps)
        for a, b in zip(corners, following, strict=True)
        for k in range(steps)
    )


def project(homography: NDArray[np.float64], point: Point) -> Point:
    """Return the picture point of a point of a plane."""
    x, y, w = homography @ (point[0], point[1], 1.0)
    return (float(x / w), float(y / w))


def encode_srgb(linear: FloatArray) -> FloatArray:
    """Encode linear light 0..1 with the sRGB curve (IEC 61966-2-1)."""
    v = np.clip(linear, 0, 1)
    return single(np.where(v <= 0.0031308, 12.92 * v, 1.055 * np.power(v, 1 / 2.4) - 0.055))


def photograph(light: FloatArray, camera: Camera, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Take a picture of a radiance field.

    Parameters
    ----------
    light : ndarray of float32, shape (H, W, 3)
        Linear radiance; 1 is a perfectly white face in full light.
    camera : Camera
        Optics, sensor, tone curve.
    rng : numpy.random.Generator
        For the sensor's noise.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
        sRGB-encoded; of another size where the camera resizes.
    """
    image = _optics(light * np.float32(camera.exposure), camera)
    image = read_out(image, camera.shot_noise, camera.read_noise, camera.noise_px, rng, bayer=camera.bayer)
    codes = np.empty_like(image)
    # A few rows at a time stay in the processor's cache.
    for top in range(0, len(image), BAND_ROWS):
        rows = slice(top, top + BAND_ROWS)
        codes[rows] = _developed(image[rows], camera)
    if camera.denoise:
        codes = smoothed(codes, camera.denoise)
    if camera.sharpening:
        codes += np.float32(camera.sharpening) * (codes - blur(codes, SHARPENING_PX))
    pixels = np.rint(np.clip(codes, 0, 1) * 255).astype(np.uint8)
    if camera.earlier_jpeg:
        pixels = _recompress(pixels, camera.earlier_jpeg)
    return _resized(pixels, camera.resize) if camera.resize != 1 else pixels


def _optics(image: FloatArray, camera: Camera) -> FloatArray:
    """Blur, shake, flare and vignetting, all on linear light."""
    if camera.blur_px > 0:
        image = blur(image, camera.blur_px)
    length, angle = camera.motion_px
    if length > 0:
        image = single(cv2.filter2D(image, -1, _shake(length, angle), borderType=cv2.BORDER_REFLECT_101))
    if camera.flare:
        mean = image.mean(axis=(0, 1), keepdims=True)
        image = (image + np.float32(camera.flare) * mean) / np.float32(1 + camera.flare)
    if camera.vignetting:
        height, width = image.shape[:2]
        y = np.linspace(-1, 1, height, dtype=np.float32)[:, None] * height
        x = np.linspace(-1, 1, width, dtype=np.float32)[None] * width
        image = image * (1 - camera.vignetting * (x**2 + y**2) / (width**2 + height**2))[..., None]
    return single(image)


def _shake(length: float, angle_deg: float) -> FloatArray:
    size = 2 * math.ceil(length / 2) + 3
    kernel = np.zeros((size, size), np.float32)
    middle, steps = size // 2, 8 * size
    for t in np.linspace(-0.5, 0.5, steps):
        x = middle + t * length * math.cos(math.radians(angle_deg))
        y = middle + t * length * math.sin(math.radians(angle_deg))
        kernel[round(y), round(x)] += 1
    return single(kernel / kernel.sum())


def _developed(image: FloatArray, camera: Camera) -> FloatArray:
    """Return encoded values of linear ones: white balance, colours, sRGB and contrast."""
    image = image * single(camera.white_balance)
    if camera.colour_matrix is not None:
        image = image @ single(camera.colour_matrix).T
    if camera.saturation != 1:
        grey = image @ np.array([0.2126, 0.7152, 0.0722], np.float32)
        image = grey[..., None] + np.float32(camera.saturation) * (image - grey[..., None])
    codes = encode_srgb(image)
    if camera.s_curve:
        curved = codes * codes * (3 - 2 * codes)
        codes = codes + np.float32(camera.s_curve) * (curved - codes)
    return codes


def _recompress(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "JPEG", quality=quality, subsampling="4:2:0")
    return np.asarray(Image.open(held).convert("RGB"), np.uint8)


def _resized(pixels: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    height, width = (max(round(side * factor), 1) for side in pixels.shape[:2])
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=how), np.uint8)
