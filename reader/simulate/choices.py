"""What a user fixes of a simulated picture; all else is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, get_args

from reader.errors import OptionError
from reader.simulate.camera import Subsampling
from reader.simulate.materials import Material

__all__ = ["Choices", "Ground", "Kind"]

Kind = Literal["cassette", "strip", "window"]
Ground = Literal[Material, "hand"]

# What it is called, its unit, and the range that the generator is made for.
_RANGES: Mapping[str, tuple[str, str, float, float]] = MappingProxyType(
    {
        "devices": ("number of devices", "", 0, 12),
        "px_per_mm": ("scale", " px/mm", 3, 60),
        "tilt_deg": ("tilt", " degrees", 0, 35),
        "distortion": ("distortion", "", -0.08, 0.08),
        "haze": ("haze", " absorbance", 0, 0.3),
        "stain": ("stain", " absorbance", 0, 1),
        "texture": ("texture", "", 0, 0.05),
        "blur_mm": ("blur", " mm", 0, 1),
        "motion_mm": ("motion", " mm", 0, 2),
        "noise": ("noise", "", 0, 0.2),
        "exposure": ("exposure", "", 0.02, 1.5),
        "contrast": ("contrast", "", 0, 0.6),
        "jpeg": ("JPEG quality", "", 1, 100),
        "resize": ("resizing", "", 0.2, 1),
    }
)
_MOST_OD = 3.0
_SIDE_PX = (32, 8000)
_GAINS = (0.5, 2.0)


@dataclass(frozen=True, slots=True)
class Choices:
    """What is fixed of a picture; what is None, or a line that is not named, is drawn.

    Attributes
    ----------
    kind : {"cassette", "strip", "window"}, optional
        A whole cassette, a whole dipstick, or a close-up of a read window.
    levels : mapping of str to float
        Absorbance of lines, by the assay's names; 0 for a line that did not develop.
    devices : int, optional
        How many tests lie side by side, 0 to 12.
    size_px : tuple of int, optional
        Width and height of the picture.
    px_per_mm : float, optional
        Scale of the finished picture at its middle, 3 to 60.
    angle_deg : float, optional
        How the tests are turned, clockwise; at 0 the control end is at the top.
    tilt_deg : float, optional
        Slant of the view, 0 to 35.
    distortion : float, optional
        Of the lens, -0.08 to 0.08.
    background : str, optional
        A material of ``Background``, or ``"hand"``.
    haze, stain : float, optional
        Absorbance of left-over label at the sample end, and of blood.
    texture : float, optional
        Relative standard deviation of the membrane's grain.
    blur_mm, motion_mm : float, optional
        Standard deviation of the optics and length of a shake, on the membrane.
    noise : float, optional
        Relative standard deviation of a pixel of the sensor at full scale.
    exposure : float, optional
        Linear value of a white face in full light.
    white_balance : tuple of float, optional
        Gains of red and blue over green that the camera gets wrong.
    contrast : float, optional
        Of the S-shaped tone curve over sRGB, 0 to 0.6.
    glare, shadow : bool, optional
        Whether a lamp is mirrored in the scene, and whether the edge of a shadow lies over it.
    jpeg : int, optional
        Quality of the file, 1 to 100.
    subsampling : {"4:2:0", "4:4:4"}, optional
        Of the file's colour.
    resize : float, optional
        Size of the finished picture over the camera's, 0.2 to 1.
    clean : bool, default False
        Nothing that disturbs: whole and even lines on a membrane without haze, stains, ghosts, fibres and
        marks, even light, an empty table, one compression.

    Raises
    ------
    OptionError
        If a value is outside the range for which the generator is made.

    Examples
    --------
    >>> Choices(kind="window", levels={"C": 0.4, "T": 0.01}, px_per_mm=25).px_per_mm
    25
    """

    kind: Kind | None = None
    levels: Mapping[str, float] = field(default_factory=dict)
    devices: int | None = None
    size_px: tuple[int, int] | None = None
    px_per_mm: float | None = None
    angle_deg: float | None = None
    tilt_deg: float | None = None
    distortion: float | None = None
    background: Ground | None = None
    haze: float | None = None
    stain: float | None = None
    texture: float | None = None
    blur_mm: float | None = None
    motion_mm: float | None = None
    noise: float | None = None
    exposure: float | None = None
    white_balance: tuple[float, float] | None = None
    contrast: float | None = None
    glare: bool | None = None
    shadow: bool | None = None
    jpeg: int | None = None
    subsampling: Subsampling | None = None
    resize: float | None = None
    clean: bool = False

    def __post_init__(self) -> None:
        """Refuse what the generator is not made for."""
        self._check_ranges()
        for name, value, known in (
            ("kind", self.kind, get_args(Kind)),
            ("background", self.background, get_args(Ground)),
            ("subsampling", self.subsampling, get_args(Subsampling)),
        ):
            if value is not None and value not in known:
                raise OptionError(f"There is no {name} {value!r}; known are {', '.join(known)}.")
        if self.kind == "window" and self.devices not in {None, 1}:
            raise OptionError("A close-up of a window shows one device.")

    def _check_ranges(self) -> None:
        for name, (words, unit, low, high) in _RANGES.items():
            value = getattr(self, name)
            if value is not None:
                _check(f"The {words}", value, low, high, unit)
        for name, od in self.levels.items():
            _check(f"The level of line {name}", od, 0, _MOST_OD, " absorbance")
        for side in self.size_px or ():
            _check("A side of the picture", side, *_SIDE_PX, " px")
        for gain in self.white_balance or ():
            _check("A gain of the white balance", gain, *_GAINS)


def _check(what: str, value: float, low: float, high: float, unit: str = "") -> None:
    if not low <= value <= high:
        raise OptionError(f"{what} is {value:g}, not {low:g} to {high:g}{unit}.")
