"""What lies in front of the camera: cassettes, dipsticks and bare membranes, in millimetres.

A device has its own plane: x across and y along the flow from its control end, from the top-left
corner of its outline. Looks are data; ``relief`` turns them into height and colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from reader.reading import Outcome
from reader.simulate.ink import BLACK, Print
from reader.simulate.lines import Band, bands, sandwich_outcome
from reader.simulate.membranes import Membrane

__all__ = ["LETTERS", "STYLES", "Device", "Letters", "Recess", "Section", "Style", "cassette", "strip"]

Style = Literal["stadium", "bevel", "wide", "plain"]
Letters = Literal["right", "left", "embossed", "none"]
STYLES: tuple[Style, ...] = get_args(Style)
LETTERS: tuple[Letters, ...] = get_args(Letters)
Colour = tuple[float, float, float]

MEMBRANE_GAP_MM = 0.25  # the membrane lies so much below the hole's edge
PLASTIC: Colour = (0.80, 0.80, 0.775)
PAD: Colour = (0.74, 0.73, 0.70)


@dataclass(frozen=True, slots=True)
class Recess:
    """A hole in the face with its bevel: the read window or a well.

    Attributes
    ----------
    center_mm : tuple of float
        (across, along), in the device's plane.
    size_mm : tuple of float
        Width and length of the hole.
    corner_mm : float
        Radius of the hole's corners.
    depth_mm : float
        From the face to the hole's edge.
    rim_mm : tuple of float
        Width of the bevel at the sides and at the ends.
    rim_corner_mm : float
        Radius of the outer edge of the bevel.
    floor : tuple of float
        Linear reflectance of what is seen through the hole; the membrane replaces it in a window.
    """

    center_mm: tuple[float, float]
    size_mm: tuple[float, float]
    corner_mm: float = 0.5
    depth_mm: float = 1.3
    rim_mm: tuple[float, float] = (1.5, 2.5)
    rim_corner_mm: float = 2.0
    floor: Colour = PAD


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of a dipstick: handle tape, pad, membrane.

    Attributes
    ----------
    length_mm : float
        Along the flow.
    colour : tuple of float
        Linear reflectance.
    raised_mm : float
        Height above the membrane.
    grain : float
        Relative standard deviation of its texture.
    """

    length_mm: float
    colour: Colour
    raised_mm: float = 0.15
    grain: float = 0.01


@dataclass(frozen=True, slots=True)
class Device:
    """One test as it lies on the table.

    Attributes
    ----------
    kind : {"cassette", "strip"}
        As in a reading.
    size_mm : tuple of float
        Width and length of the outline.
    thickness_mm : float
        Height of the face above the table.
    window : Recess
        The read window; for a dipstick the stretch of bare membrane.
    lines : tuple of Band
        What is on the membrane.
    outcome : Outcome
        What the strip says.
    assay : str
        Id of its profile.
    membrane : Membrane
        The membrane's look.
    colour : tuple of float
        Linear reflectance of the plastic.
    corner_mm, edge_mm : float
        Radius of the outline's corners and of the rounding of its edge.
    wells : tuple of Recess
        Sample and buffer wells.
    sections : tuple of Section
        Of a dipstick, from the control end.
    prints : tuple of Print
        Letters, brand, codes.
    """

    kind: Literal["cassette", "strip"]
    size_mm: tuple[float, float]
    thickness_mm: float
    window: Recess
    lines: tuple[Band, ...]
    outcome: Outcome
    assay: str = "generic"
    membrane: Membrane = field(default_factory=Membrane)
    colour: Colour = PLASTIC
    corner_mm: float = 2.0
    edge_mm: float = 0.9
    wells: tuple[Recess, ...] = ()
    sections: tuple[Section, ...] = ()
    prints: tuple[Print, ...] = ()

    @property
    def membrane_mm(self) -> float:
        """Height of the membrane above the table."""
        if self.kind == "strip":
            return self.thickness_mm
        return self.thickness_mm - self.window.depth_mm - MEMBRANE_GAP_MM


# Hole (width, length, corner), depth, bevel (side, end, corner): what common cassettes look like.
_WINDOWS: Mapping[Style, tuple[tuple[float, float, float], float, tuple[float, float, float]]] = {
    "stadium": ((3.4, 15.0, 1.6), 1.0, (1.7, 1.8, 3.3)),
    "bevel": ((3.6, 15.0, 0.4), 1.3, (1.3, 2.6, 0.8)),
    "wide": ((3.4, 14.5, 0.3), 1.6, (3.4, 3.0, 0.6)),
    "plain": ((3.2, 15.5, 0.5), 0.6, (0.6, 0.6, 0.8)),
}


def cassette(
    lines: Mapping[str, float] | Sequence[Band],
    *,
    style: Style = "bevel",
    brand: str = "",
    brand_colour: Colour = BLACK,
    letters: Letters = "right",
    length_mm: float = 70.0,
    width_mm: float = 20.0,
    window_mm: tuple[float, float] | None = None,
    wells: int = 1,
    code: str = "",
    label: str = "gold",
    assay: str = "generic",
    outcome: Outcome | None = None,
    membrane: Membrane | None = None,
    colour: Colour = PLASTIC,
) -> Device:
    """Design a cassette around its lines.

    Parameters
    ----------
    lines : mapping of str to float, or sequence of Band
        As in ``bands``: name and absorbance in order from the control end.
    style : {"stadium", "bevel", "wide", "plain"}
        Shape of the window's recess.
    brand : str, default ""
        Printed at the control end.
    letters : {"right", "left", "embossed", "none"}
        Where the lines' names stand.
    length_mm, width_mm : float
        Outline, 60 to 85 by 18 to 25 mm in real kits.
    window_mm : tuple of float, optional
        Length and width of the window; by default the style's own.
    wells : int, default 1
        1 sample well, or 2 with a buffer well.
    code : str, default ""
        Seed of a square code at the control end; none when empty.
    outcome : Outcome, optional
        By default that of a sandwich assay with these lines.

    Returns
    -------
    Device

    Examples
    --------
    >>> device = cassette({"C": 0.4, "T": 0.05}, brand="COVID-19 Ag")
    >>> device.outcome.value, device.window.size_mm
    ('positive', (3.6, 15.0))
    """
    laid = bands(lines, label=label)
    window = _window(style, width_mm, length_mm, window_mm)
    prints = (
        *_letters(laid, window, width_mm, letters, brand_colour),
        *_heading(brand, code, width_mm, window, brand_colour),
        Print("S", (width_mm / 2 + 6.2, length_mm - 13.5), 2.2, colour=brand_colour),
    )
    return Device(
        kind="cassette",
        size_mm=(width_mm, length_mm),
        thickness_mm=4.5,
        window=window,
        lines=laid,
        outcome=outcome or sandwich_outcome(laid),
        assay=assay,
        membrane=membrane or Membrane(),
        colour=colour,
        wells=_wells(wells, width_mm, length_mm),
        prints=prints,
    )


def _window(style: Style, width_mm: float, length_mm: float, window_mm: tuple[float, float] | None) -> Recess:
    hole, depth, rim = _WINDOWS[style]
    size = hole[:2] if window_mm is None else window_mm[::-1]
    return Recess((width_mm / 2, 0.45 * length_mm), size, hole[2], depth, rim[:2], rim[2])


def _wells(count: int, width_mm: float, length_mm: float) -> tuple[Recess, ...]:
    middle = width_mm / 2
    if count == 1:
        return (Recess((middle, length_mm - 13.5), (2.6, 5.4), 1.3, 1.6, (1.9, 2.0), 3.2),)
    small = Recess((middle, length_mm - 23.0), (2.4, 2.4), 1.2, 1.0, (0.8, 0.8), 2.0)
    return (small, Recess((middle, length_mm - 12.0), (1.8, 1.8), 0.9, 1.5, (5.2, 5.2), 6.1))


def _letters(
    lines: tuple[Band, ...], window: Recess, width_mm: float, where: str, colour: Colour
) -> tuple[Print, ...]:
    if where == "none":
        return ()
    side = -1 if where == "left" else 1
    x = width_mm / 2 + side * min(window.size_mm[0] / 2 + window.rim_mm[0] + 2.0, width_mm / 2 - 2.2)
    top = window.center_mm[1] - window.size_mm[1] / 2
    relief = 0.25 if where == "embossed" else 0.0
    height = 1.9 if max((len(b.name) for b in lines), default=1) < 3 else 1.5
    return tuple(
        Print(
            b.name,
            (x, top + b.position * window.size_mm[1]),
            height,
            colour=colour,
            weight=0.05,
            relief_mm=relief,
        )
        for b in lines
    )


def _heading(brand: str, code: str, width_mm: float, window: Recess, colour: Colour) -> tuple[Print, ...]:
    end = window.center_mm[1] - window.size_mm[1] / 2 - window.rim_mm[1]
    marks = []
    if code:
        marks.append(Print(code, (width_mm / 2, 0.40 * end), 0.55 * end, kind="code"))
        marks.append(Print(code.upper(), (width_mm / 2, 0.78 * end), 1.2))
    if brand:
        y = 0.42 * end if not code else 0.93 * end
        marks.append(Print(brand, (width_mm / 2, y), 1.9, colour=colour, weight=0.06))
    return tuple(marks)


def strip(
    lines: Mapping[str, float] | Sequence[Band],
    *,
    brand: str = "",
    handle: Colour = (0.80, 0.80, 0.79),
    width_mm: float = 4.0,
    membrane_mm: float = 18.0,
    arrows: bool = True,
    label: str = "gold",
    assay: str = "generic",
    outcome: Outcome | None = None,
    membrane: Membrane | None = None,
) -> Device:
    """Design a dipstick: handle, absorbent pad, bare membrane, conjugate and sample pads.

    Parameters
    ----------
    lines : mapping of str to float, or sequence of Band
        As in ``bands``.
    brand : str, default ""
        Printed along the handle; an empty one leaves the handle blank.
    handle : tuple of float
        Linear reflectance of the handle.
    width_mm : float, default 4
        Width of the strip.
    membrane_mm : float, default 18
        Length of the bare membrane.
    arrows : bool, default True
        Print arrows on the tape over the sample end; they point away from the membrane.
    outcome : Outcome, optional
        By default that of a sandwich assay with these lines.

    Examples
    --------
    >>> strip({"C": 0.4, "T": 0.0}).outcome.value
    'negative'
    """
    laid = bands(lines, label=label)
    sections = (
        Section(22.0, handle, 0.25, 0.006),
        Section(7.0, PAD, 0.35, 0.03),
        Section(membrane_mm, (0.7, 0.7, 0.7), 0.0, 0.0),
        Section(14.0, (0.79, 0.79, 0.78), 0.30, 0.012),
        Section(8.0, (0.72, 0.72, 0.71), 0.25, 0.03),
    )
    start = sections[0].length_mm + sections[1].length_mm
    length = sum(s.length_mm for s in sections)
    window = Recess(
        (width_mm / 2, start + membrane_mm / 2), (width_mm, membrane_mm), 0.0, 0.0, (0.0, 0.0), 0.0
    )
    prints: list[Print] = []
    if brand:
        prints += [
            Print(brand, (width_mm * 0.5, 9.0), 0.30 * width_mm, angle_deg=-90, weight=0.04),
            Print(brand, (width_mm * 0.5, 18.5), 0.62 * width_mm, kind="code"),
        ]
    if arrows:
        y = start + membrane_mm + 7.0
        prints += [Print("", (width_mm * (0.2 + 0.3 * i), y), 9.0, kind="arrow") for i in range(3)]
    return Device(
        kind="strip",
        size_mm=(width_mm, length),
        thickness_mm=0.8,
        window=window,
        lines=laid,
        outcome=outcome or sandwich_outcome(laid),
        assay=assay,
        membrane=membrane or Membrane(tone=(0.80, 0.78, 0.77)),
        corner_mm=0.15,
        edge_mm=0.15,
        sections=sections,
        prints=tuple(prints),
    )
