"""The page of an evaluation: its numbers, sensitivity against line strength, and every miss with its reasons.

The pictures lie beside the page, as a validation may miss hundreds: the page itself stays small, opens at
once, and loads a picture when it is scrolled to. It loads nothing from elsewhere and runs no scripts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reader._version import __version__
from reader.evaluate.misses import Examination
from reader.evaluate.numbers import SHARES, Case
from reader.evaluate.strengths import Scale
from reader.evaluate.study import Study
from reader.evaluate.words import (
    NONE,
    count_text,
    interval_text,
    kappa_text,
    percent_text,
    share_text,
    signed_text,
)
from reader.evaluate.work import Step
from reader.locate.explain import FEATURE_WORDS, RankedWindow
from reader.locate.find import LINED_ODDS
from reader.reading import Outcome
from reader.report.chart import Panel, Series, chart_svg
from reader.report.files import write_whole
from reader.report.palette import OUTCOME_COLOURS, VERMILLION
from reader.report.words import flag_text, outcome_word

__all__ = ["write_page"]

PICTURES = "pictures"  # folder beside the page
MOST_PLACES = 6  # compared in a miss's table; all are in its picture
EVERY = tuple(Outcome)


@dataclass(frozen=True, slots=True)
class _Miss:
    """One miss as the page shows it."""

    number: int
    case: Case
    seen: Examination | None
    problem: str
    overlay: str
    places: str


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of the table that compares places."""

    name: str
    cells: tuple[str, ...]
    strong: bool = False


def write_page(folder: Path, study: Study, looked: Iterable[Examination | str], step: Step) -> Path:
    """Write the page and its pictures.

    Parameters
    ----------
    folder : Path
        Where to; ``index.html`` and the pictures of an older page there are replaced.
    study : Study
        The numbers.
    looked : iterable of Examination or str
        A second look at each miss, group by group; or why there is none.
    step : callable
        Called after each.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    OutputError
        If something cannot be written.
    """
    again = iter(looked)
    misses = []
    for group in study.misses:
        members = []
        for case in group.cases:
            members.append(_miss(folder, case, next(again)))
            step()
        misses.append((group, members))
    page = folder / "index.html"
    text = _ENVIRONMENT.get_template("evaluation.html").render(study=study, misses=misses)
    write_whole(page, text.encode("utf-8", "replace"))
    return page


def _miss(folder: Path, case: Case, seen: Examination | str) -> _Miss:
    """Write the pictures of a miss, under its line in the labels: names of files may be names of people."""
    number = case.label.row
    if isinstance(seen, str):
        return _Miss(number, case, None, seen, "", "")
    overlay, places = (f"{PICTURES}/{number:05d}-{what}.jpg" for what in ("overlay", "places"))
    write_whole(folder / overlay, seen.overlay)
    write_whole(folder / places, seen.places)
    return _Miss(number, case, seen, "", overlay, places)


def _compared(windows: Sequence[RankedWindow]) -> tuple[_Row, ...]:
    """Return the table of what the first places were worth; features that tell them apart come first."""
    shown = windows[:MOST_PLACES]

    def row(name: str, values: Iterable[float], *, digits: int = 1, strong: bool = False) -> _Row:
        return _Row(name, tuple(signed_text(value, digits) for value in values), strong)

    parts = {name: [w.parts[k].worth for w in shown] for k, name in enumerate(FEATURE_WORDS)}
    telling = sorted(parts, key=lambda name: min(parts[name]) - max(parts[name]))
    return (
        row("score", (w.score for w in shown), digits=2, strong=True),
        row("ranker's share", (w.ranker for w in shown), digits=2),
        row("lines and texture", (w.seen for w in shown), digits=2),
        row("ends", (w.ends for w in shown), digits=2),
        _Row("control line there", tuple(f"{w.control_probability:.0%}" for w in shown), strong=True),
        _Row("its height", tuple(f"{w.control.height:.3f}" if w.control else NONE for w in shown)),
        _Row(
            "its height over its noise", tuple(f"{w.control.snr:.0f}" if w.control else NONE for w in shown)
        ),
        row("log-odds of a window", (w.log_odds for w in shown), strong=True),
        *(row(FEATURE_WORDS[name], parts[name]) for name in telling),
    )


def _figures(scales: Sequence[Scale]) -> Iterator[Markup]:
    """Draw the share of positives that is read so against line strength."""
    for scale in scales:
        shown = [b for b in scale.bins if b.middle is not None and b.positive.value is not None]
        if len(shown) < 2:
            continue
        at = [max(b.middle or 0.0, scale.least) for b in shown]
        series = Series(
            "read as positive",
            tuple((x, b.positive.value or 0.0) for x, b in zip(at, shown, strict=True)),
            VERMILLION,
            bars=tuple((b.positive.low or 0.0, b.positive.high or 0.0) for b in shown),
            marked=True,
        )
        panel = Panel(
            "with 95 % intervals",
            scale.unit,
            "share",
            (series,),
            log_x=min(at) > 0,
            log_y=False,
            span_y=(-0.04, 1.04),
        )
        points = ", ".join(f"{b.name}: {share_text(b.positive)}" for b in shown)
        drawn = chart_svg(f"Sensitivity {scale.title}", points, [panel], columns=1)
        yield Markup(drawn)  # noqa: S704 - chart_svg escapes what it is given


def _svg(text: str) -> Markup:
    return Markup(text)  # noqa: S704 - profile_svg escapes what it is given


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reader", "report/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        colours=OUTCOME_COLOURS,
        compared=_compared,
        count_text=count_text,
        every=EVERY,
        figures=_figures,
        flag_text=flag_text,
        interval_text=interval_text,
        kappa_text=kappa_text,
        least_odds=LINED_ODDS,
        outcome_word=outcome_word,
        percent_text=percent_text,
        share_words=SHARES,
        signed_text=signed_text,
        svg=_svg,
        version=__version__,
    )
    return environment


_ENVIRONMENT = _environment()
