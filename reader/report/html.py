"""The report: one self-contained HTML page with every picture, its result and what to do about it.

The page holds its own pictures and styles, loads nothing, runs no scripts, and prints well.
"""

from __future__ import annotations

import base64
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image

from reader.reading import Outcome, Reading, StripReading
from reader.report.figure import profile_svg
from reader.report.files import write_whole
from reader.report.palette import OUTCOME_COLOURS
from reader.report.words import analyte_text, flag_text, flagged_strips, height_text, outcome_word

__all__ = ["ENVIRONMENT", "Card", "card", "render", "write_report"]

_WIDEST = 1000  # px of an overlay in the page
_JPEG_QUALITY = 82


@dataclass(frozen=True, slots=True)
class Card:
    """One picture of the report, ready to be shown.

    Attributes
    ----------
    source : str
        The picture's path or name.
    outcome : Outcome
        The picture's result.
    html : str
        The card's own part of the page.
    """

    source: str
    outcome: Outcome
    html: str


def card(
    reading: Reading, overlay: NDArray[np.uint8] | None, *, widest: int = _WIDEST, note: str = ""
) -> Card:
    """Prepare a picture's part of the report.

    Parameters
    ----------
    reading : Reading
        What the picture says.
    overlay : ndarray, shape (H, W, 3), or None
        As ``draw_overlay`` made it; None where the picture is not at hand.
    widest : int, default 1000
        Width from which the overlay is made smaller, px.
    note : str, default ""
        A sentence to be shown below the picture, or in its place.

    Returns
    -------
    Card
        Holds the overlay as a JPEG, so that the photo may be forgotten.
    """
    html = ENVIRONMENT.get_template("card.html").render(
        reading=reading,
        image=None if overlay is None else _data_uri(overlay, widest),
        size=None if overlay is None else overlay.shape,
        note=note,
    )
    return Card(reading.source, reading.outcome, html)


def render(cards: Sequence[Card], unreadable: Sequence[tuple[str, str]], version: str) -> str:
    """Put the page together.

    Parameters
    ----------
    cards : sequence of Card
        In the order in which they are shown.
    unreadable : sequence of (str, str)
        Files that are not pictures, each with the sentence that says why.
    version : str
        Version of lfa-reader.

    Returns
    -------
    str
        A complete HTML page.
    """
    counts = Counter(entry.outcome for entry in cards)
    return ENVIRONMENT.get_template("report.html").render(
        cards=[(entry, Markup(entry.html)) for entry in cards],  # noqa: S704 - made by the escaping template
        counts=[(outcome, counts[outcome]) for outcome in Outcome if counts[outcome]],
        unreadable=unreadable,
        version=version,
    )


def write_report(path: str | os.PathLike[str], page: str) -> None:
    """Write the page, wholly or not at all.

    Parameters
    ----------
    path : str or path-like
        Where to; an older report there is replaced.
    page : str
        From ``render``.

    Raises
    ------
    OutputError
        If it cannot be written; an older report is then left as it was.
    """
    write_whole(path, page.encode("utf-8", "replace"))


def _data_uri(overlay: NDArray[np.uint8], widest: int) -> str:
    image = Image.fromarray(overlay)
    image.thumbnail((widest, 4 * widest))
    stream = BytesIO()
    image.save(stream, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode('ascii')}"


def _figure(strip: StripReading) -> Markup:
    return Markup(profile_svg(strip))  # noqa: S704 - profile_svg escapes what it is given


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reader", "report/templates"), autoescape=True, undefined=StrictUndefined
    )
    environment.globals.update(
        colours=OUTCOME_COLOURS,
        analyte_text=analyte_text,
        figure=_figure,
        flag_text=flag_text,
        flagged_strips=flagged_strips,
        height_text=height_text,
        outcome_word=outcome_word,
    )
    return environment


ENVIRONMENT = _environment()
