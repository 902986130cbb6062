"""A kit and a camera: what is simulated, and what the laws of noise make of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from reader.errors import OptionError
from reader.interpret.assay import Assay
from reader.interpret.labels import LABELS as MIXES
from reader.limits.bound import Ground, flat_error, information
from reader.simulate import LABELS, Band, Camera, Membrane, assay_bands
from reader.simulate.membranes import STREAK_MM

__all__ = ["BEND", "CONTROL_OD", "FWHM_MM", "Kit", "Setting", "ground_of", "least_height_errors"]

FloatArray = NDArray[np.float64]

SIZE_MM = (16.0, 3.0)  # of the membrane seen in the window, where the kit's profile does not say
FWHM_MM = 0.9  # of the lines; real ones have 0.6 to 1.2
CONTROL_OD = 0.4  # absorbance of the control line
EXPOSURE = 0.8  # of white; puts the membrane at sRGB code 180, in the middle of what cameras do
BEND = 1e-3  # absorbance / mm per square root of mm: 4 % of light over 16 mm of membrane, and no course alike
FWHM_PER_SIGMA = 2 * math.sqrt(2 * math.log(2))
PER_LIGHT = 1 / math.log(10)  # absorbance per relative change of light
CHANNELS = 3


@dataclass(frozen=True, slots=True)
class Setting:
    """A camera and a membrane.

    Attributes
    ----------
    px_per_mm : float, default 20
        Scale of the picture on the membrane.
    jpeg_quality : float, default 92
        Of the file, a whole number, with chroma at half the resolution (4:2:0), as from phones.
    texture : float, default 0.006
        Relative standard deviation of the membrane's grain; nitrocellulose has 0.003 to 0.015.
    noise : float, default 0.01
        Relative standard deviation of one pixel at the membrane's level, in each colour; small phone
        sensors have 0.005 to 0.04.
    blur_px : float, default 0.7
        Standard deviation of the optics.
    """

    px_per_mm: float = 20.0
    jpeg_quality: float = 92
    texture: float = 0.006
    noise: float = 0.01
    blur_px: float = 0.7

    @property
    def look(self) -> Membrane:
        """The membrane without its lines."""
        return Membrane(texture=self.texture)

    @property
    def camera(self) -> Camera:
        """A camera whose files hold sRGB light: no contrast curve, no sharpening, no flare."""
        level = EXPOSURE * sum(self.look.tone) / CHANNELS
        return Camera(
            exposure=EXPOSURE,
            blur_px=self.blur_px,
            vignetting=0.0,
            flare=0.0,
            shot_noise=self.noise * math.sqrt(level),
            read_noise=0.0,
            noise_px=0.0,
            s_curve=0.0,
            sharpening=0.0,
            saturation=1.0,
            jpeg_quality=round(self.jpeg_quality),
        )

    @property
    def sigma_mm(self) -> float:
        """Sigma of the lines in the picture, which the optics have blurred."""
        return math.hypot(FWHM_MM / FWHM_PER_SIGMA, self.blur_px / self.px_per_mm)

    @property
    def peak(self) -> float:
        """What the blur leaves of a faint line's height."""
        return FWHM_MM / FWHM_PER_SIGMA / self.sigma_mm


@dataclass(frozen=True, slots=True)
class Kit:
    """The lines of an assay on its membrane.

    Attributes
    ----------
    assay : Assay
        The profile.
    size_mm : tuple of float
        Length and width of the membrane in the window.
    """

    assay: Assay
    size_mm: tuple[float, float]

    @classmethod
    def of(cls, assay: Assay) -> Kit:
        """Return the kit of an assay.

        Raises
        ------
        OptionError
            If it has no test line, or a label that gives light instead of absorbing it.
        """
        kit = cls(assay, assay.window_mm or SIZE_MM)
        if not kit.tests:
            raise OptionError(f"The assay {assay.id} has no test line.")
        kit.bands(0.0)
        return kit

    @property
    def tests(self) -> tuple[int, ...]:
        """Which of the lines are test lines."""
        return tuple(k for k, line in enumerate(self.assay.lines) if line.role == "test")

    @property
    def places_mm(self) -> tuple[float, ...]:
        """Middles of all lines from the control end."""
        return tuple(line.position * self.size_mm[0] for line in self.assay.lines)

    @property
    def weights(self) -> tuple[float, float, float]:
        """Mix of the colours in which the reader measures."""
        return MIXES[self.assay.label].weights

    def bands(self, level: float) -> tuple[Band, ...]:
        """Return the lines, with a height of all test lines as the reader measures it, without blur."""
        laid = assay_bands(self.assay, {})
        levels = [CONTROL_OD if band.role == "control" else level for band in laid]
        gains = [float(np.dot(self.weights, LABELS[band.label])) for band in laid]
        return tuple(
            replace(band, od=level / gain, fwhm_mm=FWHM_MM)
            for band, level, gain in zip(laid, levels, gains, strict=True)
        )


def least_height_errors(kit: Kit, setting: Setting) -> dict[str, float]:
    """Return the least standard error of a test line's absorbance, one thing after another added.

    Returns
    -------
    dict of str to float
        ``"noise"``: the pixels' noise and the rounding to 8-bit codes, on flat known membrane;
        ``"texture"``: with grain and streaks, and an unknown level; ``"membrane"``: with an unknown smooth
        baseline, all of it in the reader's mix of colours. ``"colours"``: the same from all three colours,
        since grain and light, other than the label, are alike in all of them. Each is the quadratic mean
        over the kit's test lines, of the absorbance of the unblurred line.
    """
    variances, area = _pixel_variances(setting), _area(kit, setting)
    full = ground_of(kit, setting)
    return {
        "noise": flat_error(full.white, setting.sigma_mm) / setting.peak,
        "texture": _error(kit, setting, _known(kit, setting, replace(full, bend=0.0))),
        "membrane": _error(kit, setting, _known(kit, setting, full)),
        "colours": _error(kit, setting, _in_all_colours(kit, setting, 1 / variances, area)),
    }


def ground_of(kit: Kit, setting: Setting) -> Ground:
    """Return what lies under the lines in the reader's mix of colours; lengths in mm."""
    white = float(np.square(kit.weights) @ _pixel_variances(setting)) / _area(kit, setting)
    return _ground(kit, setting, white)


def _area(kit: Kit, setting: Setting) -> float:
    """Return the pixels in a millimetre of flow, px²/mm: what noise is averaged over."""
    return kit.size_mm[1] * setting.px_per_mm**2


def _pixel_variances(setting: Setting) -> FloatArray:
    """Return the variance of one pixel's absorbance in each colour: the sensor's noise, and the codes'."""
    light = EXPOSURE * np.array(setting.look.tone)
    code = 1.055 * light ** (1 / 2.4) - 0.055
    # One code in units of absorbance, from the slope of the sRGB curve; rounding spreads over it evenly.
    step = PER_LIGHT * 2.4 / (code + 0.055) / 255
    # The sensor's noise is relative to the mean level, and follows the light in its variance.
    shot = PER_LIGHT**2 * setting.noise**2 * light.mean() / light
    return np.asarray(shot + step**2 / 12)


def _ground(kit: Kit, setting: Setting, white: float) -> Ground:
    """Return what lies under the lines, averaged across the membrane."""
    look, width = setting.look, kit.size_mm[1]
    blur = setting.blur_px / setting.px_per_mm
    kinds = ((look.texture, look.grain_mm, look.grain_mm), (look.streaks, *STREAK_MM))
    grain = tuple(
        ((PER_LIGHT * rms) ** 2 * 4 * math.pi * across * along / width, math.hypot(along, blur))
        for rms, across, along in kinds
        if rms > 0
    )
    return Ground(white, grain, BEND**2)


def _known(kit: Kit, setting: Setting, ground: Ground) -> FloatArray:
    places, sigma = kit.places_mm, setting.sigma_mm
    return information(ground, places, [sigma] * len(places), kit.size_mm[0])


def _in_all_colours(kit: Kit, setting: Setting, precision: FloatArray, area: float) -> FloatArray:
    """Return the information that all colours together hold on the heights.

    The precision-weighted mean of the colours has all of the grain and of the light's course; what differs
    between the colours has none of either.
    """
    gains = np.array([np.array(LABELS[b.label]) / np.dot(kit.weights, LABELS[b.label]) for b in kit.bands(0)])
    total = precision.sum()
    mean = gains @ precision / total
    common = _known(kit, setting, _ground(kit, setting, 1 / total / area))
    apart = _known(kit, setting, Ground(1 / area))
    contrast = ((gains - mean[:, None]) * precision) @ (gains - mean[:, None]).T
    return np.asarray(common * np.outer(mean, mean) + apart * contrast)


def _error(kit: Kit, setting: Setting, known: FloatArray) -> float:
    variance = np.diag(np.linalg.inv(known))[list(kit.tests)]
    return float(np.sqrt(variance.mean())) / setting.peak
