"""The page of a run: counts, failures with what to do, how high lines are, and a gallery to look through.

It holds its own pictures and styles, loads nothing and runs no scripts: sorting and filtering are done by its
styles. A large run's page shows the pictures that need a look first, and counts the rest.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from markupsafe import Markup

from reader._version import __version__
from reader.batch.parts import Item
from reader.batch.places import Place, picture_bytes, write_whole
from reader.errors import LfaError
from reader.export.rows import Kits, Put, Row, Table
from reader.export.summary import BIN, WEAK, Pick, Summary
from reader.photo import Photo, open_bytes
from reader.reading import Outcome, Reading, StripReading
from reader.report import Card, card, draw_overlay
from reader.report.chart import Panel, Series, chart_svg
from reader.report.html import ENVIRONMENT
from reader.report.palette import BLUE, VERMILLION
from reader.strip import profile_again
from reader.view import View

__all__ = ["MOST_SHOWN", "page_file"]

MOST_SHOWN = 500  # pictures in the gallery: some 25 MB, which browsers open at once
WIDEST = 560  # px of a picture in the gallery
GONE = "The picture is no longer where it was read: only what was measured is shown."
CHANGED = "The file has changed since it was read: only what was measured is shown."
OTHER = "The line profile cannot be measured here as it was when the picture was read: it is not shown."
BROKEN = "The picture could not be drawn: only what was measured is shown."
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A card of the gallery with its places in the orders by which it can be sorted."""

    card: Card
    html: Markup
    weak: bool
    places: dict[str, int]


@contextmanager
def page_file(
    path: Place, table: Table, *, root: str, planned: int | None = None, most: int = MOST_SHOWN
) -> Iterator[Put]:
    """Write the page of a run.

    Parameters
    ----------
    path : Place
        Where to.
    table : Table
        Finds the profiles of kits, and holds the metadata.
    root : str
        Folder of the pictures, or its address in a store.
    planned : int, optional
        How many pictures the run has when it is done.
    most : int, default 500
        Pictures to show. Each is opened, and measured again where its windows were found, for its profile.

    Yields
    ------
    callable
        Adds a picture.
    """
    summary = Summary(most)

    def put(item: Item, _rows: Sequence[Row]) -> None:
        summary.add(item)

    yield put
    picks = summary.first_picks()
    entries = _entries(picks, [_card(pick.item, root, table.kits) for pick in picks])
    page = ENVIRONMENT.get_template("run.html").render(
        summary=summary,
        entries=entries,
        counts=[(outcome, count) for outcome in Outcome if (count := _shown(entries, outcome))],
        total=len(entries),
        weak=sum(entry.weak for entry in entries),
        lines=Markup(_heights_svg(summary)),  # noqa: S704 - chart_svg escapes what it is given
        planned=planned,
        unused=table.metadata.unused,
        version=__version__,
    )
    write_whole(path, page.encode("utf-8", "replace"))


def _entries(picks: Sequence[Pick], cards: Sequence[Card]) -> list[_Entry]:
    """Give each card its place in every order."""
    count = range(len(picks))
    orders = {
        "look": list(count),
        "name": sorted(count, key=lambda k: picks[k].item.path),
        "control": sorted(count, key=lambda k: _control(picks[k].item)),
        "sure": sorted(count, key=lambda k: picks[k].confidence),
    }
    places = {name: {k: place for place, k in enumerate(order)} for name, order in orders.items()}
    return [
        _Entry(
            made,
            Markup(made.html),  # noqa: S704 - made by the escaping template
            _is_weak(pick.item),
            {name: place[k] for name, place in places.items()},
        )
        for k, (pick, made) in enumerate(zip(picks, cards, strict=True))
    ]


def _control(item: Item) -> float:
    """Return the height of a picture's lowest control line; what has none comes first."""
    lines = [line for strip in (item.reading or {})["strips"] for line in strip["lines"]]
    return min((x["height"] or 0.0 for x in lines if x["role"] == "control"), default=-1.0)


def _is_weak(item: Item) -> bool:
    return any(WEAK in strip["flags"] for strip in (item.reading or {})["strips"])


def _shown(entries: Sequence[_Entry], outcome: Outcome) -> int:
    return sum(entry.card.outcome is outcome for entry in entries)


def _card(item: Item, root: str, kits: Kits) -> Card:
    reading = Reading.from_dict(item.reading or {})
    try:
        photo = open_bytes(picture_bytes(root, item.path), item.path)
        if photo.sha256 != item.sha256:
            return card(reading, None, note=CHANGED)
        seen = _with_profiles(reading, photo, kits)
        overlay = draw_overlay(photo, seen)
    except LfaError:
        return card(reading, None, note=GONE)
    except Exception:  # noqa: BLE001 - one picture's bug must not cost the page
        _LOG.exception("A picture of the gallery could not be drawn.")
        return card(reading, None, note=BROKEN)
    profiled = all(strip.profile is not None for strip in seen.strips)
    return card(seen, overlay, widest=WIDEST, note="" if profiled else OTHER)


def _with_profiles(reading: Reading, photo: Photo, kits: Kits) -> Reading:
    view = View(photo.pixels, photo.chroma, photo.steps)
    return replace(reading, strips=tuple(_with_profile(strip, view, kits) for strip in reading.strips))


def _with_profile(strip: StripReading, view: View, kits: Kits) -> StripReading:
    kit = kits(strip.assay)
    return strip if kit is None else replace(strip, profile=profile_again(view, strip, kit))


def _heights_svg(summary: Summary) -> str:
    """Draw how many control and test lines are how high."""
    colours = {"control": BLUE, "test": VERMILLION}
    panels = [
        Panel(
            f"{role.capitalize()} lines that are there: {sum(counts):,}",
            "peak absorbance",
            "lines",
            (Series(f"{role} lines", _steps(counts), colours[role]),),
            log_y=False,
            span_y=(0.0, 1.06 * max(1, *counts)),
        )
        for role, counts in summary.heights.items()
    ]
    return chart_svg(
        "How high the lines are",
        "Two histograms: lines by peak absorbance, for control lines and for test lines.",
        panels,
        notes=(f"Steps of {BIN:g} absorbance; the last one holds all lines that are higher.",),
    )


def _steps(counts: Sequence[int]) -> tuple[tuple[float, float], ...]:
    """Return the outline of a histogram."""
    last = max((k for k, count in enumerate(counts) if count), default=0)
    tops = [(BIN * (k + side), float(counts[k])) for k in range(last + 1) for side in (0, 1)]
    return ((0.0, 0.0), *tops, (tops[-1][0], 0.0))
