"""Simulated photos in any number: what is not chosen is drawn, the same for the same seed and number."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from reader._version import __version__
from reader.errors import OptionError
from reader.interpret import Assay, load_assay
from reader.reading import Outcome
from reader.simulate.choices import Choices
from reader.simulate.detail import QUICK, Detail
from reader.simulate.lines import LABELS
from reader.simulate.rendering import render
from reader.simulate.snapshots import draw_scene
from reader.simulate.truth import Picture, StripTruth

__all__ = ["SCHEMA", "simulate", "truth_document"]

SCHEMA = "lfa-truth/1"


def simulate(
    assay: str | Assay = "generic",
    *,
    seed: int = 0,
    number: int = 0,
    choices: Choices | None = None,
    detail: Detail = QUICK,
) -> Picture:
    """Make one picture as people take them, of any kit, with exact truth.

    Parameters
    ----------
    assay : str or Assay, default "generic"
        A profile, its id or its file. ``"generic"`` has a control line and one or two test lines.
    seed : int, default 0
        Of a series of pictures; not negative.
    number : int, default 0
        Of the picture in its series; not negative. A picture depends on nothing but seed, number, assay
        and choices, and what is chosen changes nothing else.
    choices : Choices, optional
        What is fixed; by default everything is drawn.
    detail : Detail, default QUICK
        How finely the scene is computed.

    Returns
    -------
    Picture
        With the seed and number among its settings.

    Raises
    ------
    AssayError
        If there is no such assay.
    OptionError
        If a choice does not fit the assay, or seed or number are negative.

    Examples
    --------
    >>> from reader.simulate import Choices, simulate
    >>> close = Choices(kind="window", levels={"C": 0.4, "T": 0.02}, px_per_mm=8, clean=True)
    >>> picture = simulate("covid-19-ag", seed=7, choices=close)
    >>> [(line.name, line.od) for line in picture.truth[0].lines]
    [('C', 0.4), ('T', 0.02)]
    """
    if seed < 0 or number < 0:
        raise OptionError("Seed and number of a picture are not negative.")
    profile = load_assay(assay)

    def dice(aspect: str) -> np.random.Generator:
        return np.random.default_rng((seed, number, *aspect.encode()))

    scene = draw_scene(profile, choices or Choices(), dice)
    picture = render(scene, dice("texture and noise"), detail)
    made = {"seed": seed, "number": number, "assay": profile.id}
    return Picture(picture.pixels, picture.truth, {**made, **picture.settings})


def truth_document(picture: Picture, data: bytes, file: str) -> dict[str, Any]:
    """Return the truth of a picture's file as a JSON document, schema ``lfa-truth/1``.

    Parameters
    ----------
    picture : Picture
        From ``simulate`` or ``render``.
    data : bytes
        The file's content.
    file : str
        The file's name.
    """
    settings = picture.settings
    camera = settings["camera"]
    document = picture.to_dict()
    return {
        "schema": SCHEMA,
        "software": {"name": "lfa-reader", "version": __version__},
        "file": file,
        "sha256": hashlib.sha256(data).hexdigest(),
        "seed": settings.get("seed"),
        "number": settings.get("number"),
        "assay": settings.get("assay"),
        "width": document["width"],
        "height": document["height"],
        "psf_px": round(camera["blur_px"] * camera["resize"], 4),
        "outcome": _outcome(picture.truth).value,
        "strips": [
            _strip(strip, placed["device"])
            for strip, placed in zip(picture.truth, settings["placed"], strict=True)
        ],
        "settings": {k: v for k, v in document["settings"].items() if k not in {"seed", "number", "assay"}},
    }


def _outcome(strips: tuple[StripTruth, ...]) -> Outcome:
    """Return what a perfect reader would say of the whole picture."""
    outcomes = {strip.outcome for strip in strips}
    if not outcomes:
        return Outcome.NOT_READ
    return outcomes.pop() if len(outcomes) == 1 else Outcome.MULTIPLE


def _strip(strip: StripTruth, device: Mapping[str, Any]) -> dict[str, Any]:
    """Return a strip's truth with what only its scene knows: colours, gaps and what is no line."""
    document = strip.to_dict()
    for line, band in zip(document["lines"], device["lines"], strict=True):
        line["label"] = band["label"]
        tint = band["colour"] or LABELS[band["label"]]
        line["absorbance"] = [round(line["od"] * share, 6) for share in tint]
        line["missing_mm"] = round(sum(width for _, width in band["gaps"]), 4)
    rows = strip.homography or ()
    document["size_mm"] = [round(v, 4) for v in strip.size_mm]
    document["homography"] = [[float(f"{v:.9g}") for v in row] for row in rows]
    return document
