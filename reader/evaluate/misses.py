"""Pictures that were not read as expected: sorted by what went wrong, and looked at again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reader.errors import InputError
from reader.evaluate.numbers import Case, is_right
from reader.evaluate.places import draw_places
from reader.flags import FLAGS
from reader.locate.explain import RankedWindow, decisive, explained
from reader.photo import Photo, open_file
from reader.pipeline import read_photo
from reader.reading import Outcome
from reader.report.figure import profile_svg
from reader.report.overlay import draw_overlay
from reader.report.words import outcome_word
from reader.view import View

__all__ = ["Examination", "MissGroup", "examined", "groups_of", "is_miss"]

WIDEST = 1000  # px of an overlay on the page
JPEG_QUALITY = 80


@dataclass(frozen=True, slots=True)
class MissGroup:
    """Misses of one kind.

    Attributes
    ----------
    title : str
        What went wrong, in a few words.
    meaning : str
        What the flag says, where one names the group; else empty.
    wrong : bool
        Whether these were called, and wrongly.
    cases : tuple of Case
        In the order of the labels.
    """

    title: str
    meaning: str
    wrong: bool
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Examination:
    """What a second look at a picture shows.

    Attributes
    ----------
    outcome : Outcome
        As it is read now.
    summaries, profiles : tuple of str
        For each strip its result in a sentence, and its profile as SVG.
    overlay, places : bytes
        JPEG: the marked picture, and where windows were looked for.
    windows : tuple of RankedWindow
        Those places.
    decisive : str
        What made the first of them win.
    """

    outcome: Outcome
    summaries: tuple[str, ...]
    profiles: tuple[str, ...]
    overlay: bytes
    places: bytes
    windows: tuple[RankedWindow, ...]
    decisive: str


def is_miss(case: Case) -> bool:
    """Tell whether a picture that counts was not read as expected."""
    return not case.label.left_out and not is_right(case)


def groups_of(cases: Sequence[Case]) -> tuple[MissGroup, ...]:
    """Sort misses: wrong calls first, then no-calls by their reason or first flag, largest first."""
    groups: dict[tuple[str, str, bool], list[Case]] = {}
    for case in filter(is_miss, cases):
        groups.setdefault(_kind(case), []).append(case)
    ordered = sorted(groups.items(), key=lambda item: (not item[0][2], -len(item[1]), item[0]))
    return tuple(MissGroup(*kind, tuple(members)) for kind, members in ordered)


def examined(path: str, assay: str) -> Examination | str:
    """Read a picture again with all that shows why it was read so.

    Parameters
    ----------
    path : str
        The picture.
    assay : str
        Id of a kit, a profile file, or ``"auto"``.

    Returns
    -------
    Examination or str
        Or why there is none.
    """
    try:
        return _examination(open_file(path), assay)
    except InputError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - the page of the other pictures must not be lost
        return f"This is a bug; please report it: {error!r}"


def _examination(photo: Photo, assay: str) -> Examination:
    reading = read_photo(photo, assay=assay)
    view = View(photo.pixels)  # a search takes no finer colours
    windows = explained(view)
    return Examination(
        reading.outcome,
        tuple(strip.summary for strip in reading.strips),
        tuple(profile_svg(strip) for strip in reading.strips if strip.lines or strip.profile),
        _jpeg(draw_overlay(photo, reading)),
        _jpeg(draw_places(view, windows)),
        windows,
        decisive(windows),
    )


def _kind(case: Case) -> tuple[str, str, bool]:
    """Return title and meaning of what went wrong, and whether it is a wrong call."""
    answer, expected = case.answer, case.label.expected or Outcome.NOT_READ
    if answer.called:
        return f"{outcome_word(expected)}, read as {outcome_word(answer.outcome)}", "", True
    if answer.error:
        return f"no call: {answer.error}", "", False
    if answer.reason:
        return f"no call: {answer.reason}", "", False
    if not answer.flags:
        return f"no call: {outcome_word(answer.outcome)}, without a flag", "", False
    code = answer.flags[0]
    return f"no call: {code}", FLAGS[code].what if code in FLAGS else "", False


def _jpeg(picture: NDArray[np.uint8]) -> bytes:
    image = Image.fromarray(picture)
    image.thumbnail((WIDEST, 4 * WIDEST))
    stream = BytesIO()
    image.save(stream, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return stream.getvalue()
