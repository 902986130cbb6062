"""``lfa limits``: what can be detected at all with a kit and a camera, and what this reader detects."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from reader.cli.streams import emit_json, print_data, progress, say
from reader.errors import OptionError
from reader.interpret import load_assay
from reader.limits.report import FIXED, assumptions, described, document, figure, searched, series_of
from reader.limits.setting import Kit
from reader.limits.study import FACTORS, Case, run_case, settings_of
from reader.report.files import write_whole

__all__ = ["limits"]

_MILLI = 1000.0
_HEADS = (
    "least:\nnoise",
    "\n+texture",
    "\n+bends",
    "\n3 colours",
    "reader:\nLoB",
    "\nLoD",
    "\n95 %",
    "\nLoQ",
    "search:\nleast",
    "\nLoD",
)
_LEAST = (
    f"least: {FIXED:.2f} standard errors (5 % false, 5 % missed) of the best measurement that there can be, "
    "limited by the pixels' noise; by texture, too; by a membrane that bends, too; or by all of these, but "
    "with all three colours. What JPEG takes comes on top."
)
_MEANING = (
    _LEAST,
    "LoB, LoD, LoQ: this reader's, as in CLSI EP17-A2, with 95 % interval; LoQ at a CV of 20 %.",
    f"search: a line within ±3 sigma of its place, 0.1 % false calls: {searched():.2f} standard errors.",
)


def _values(name: str) -> str:
    return ",".join(f"{value:g}" for value in FACTORS[name].values)


def limits(
    *,
    assay: Annotated[str, typer.Option(metavar="ID|FILE", help="The kit.")] = "generic",
    px_per_mm: Annotated[
        str, typer.Option(metavar="LIST", help="Scale of the picture on the membrane.")
    ] = _values("px_per_mm"),
    jpeg: Annotated[str, typer.Option(metavar="LIST", help="JPEG quality, 1 to 100.")] = _values(
        "jpeg_quality"
    ),
    texture: Annotated[
        str, typer.Option(metavar="LIST", help="Relative spread of the membrane's grain.")
    ] = _values("texture"),
    noise: Annotated[str, typer.Option(metavar="LIST", help="Relative noise of one pixel.")] = _values(
        "noise"
    ),
    trials: Annotated[int, typer.Option(help="Pictures for each number; EP17 asks for 60.")] = 30,
    seed: Annotated[int, typer.Option(help="The same seed gives the same numbers.")] = 1,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")] = False,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.svg", help="Also draw a figure.")] = None,
) -> None:
    """Tell what can be detected at all: the bounds of physics, and this reader's own limits.

    Each LIST holds values with commas between them. The first one is held while the others vary; one value
    alone says what your camera is like.
    """
    if plot is not None and plot.suffix.lower() != ".svg":
        raise OptionError(f"The figure is written as SVG: {plot} should end in .svg.")
    kit = Kit.of(load_assay(assay))
    wanted = {"px_per_mm": px_per_mm, "jpeg_quality": jpeg, "texture": texture, "noise": noise}
    settings = settings_of({name: _numbers(name, text) for name, text in wanted.items()})
    cases = []
    with progress(len(settings), hidden=False, doing="Simulating", streaming=False) as step:
        for setting in settings:
            cases.append(run_case(kit, setting, trials=trials, seed=seed))
            step()
    if json:
        emit_json(document(kit, cases, trials=trials, seed=seed))
    else:
        print_data(*_text(kit, cases, trials))
    if plot is not None:
        write_whole(plot, figure(kit, cases, trials=trials).encode("utf-8"))
        say(f"The figure is in {plot}.")


def _numbers(name: str, text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        title = FACTORS[name].title
        raise OptionError(f"{title} is a list of numbers such as {_values(name)}, not {text!r}.") from None


def _text(kit: Kit, cases: Sequence[Case], trials: int) -> list[Table | Text]:
    """Return everything that is printed, from top to bottom."""
    return [
        Text(f"{kit.assay.name}: what can be detected at all, in thousandths of absorbance (mOD)", "bold"),
        Text(),
        _table(cases),
        Text(),
        Text(f"*: {described(cases[0])}."),
        *map(Text, _MEANING),
        *map(Text, assumptions(kit, cases[0].setting, trials)),
    ]


def _table(cases: Sequence[Case]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="")
    table.add_column("", no_wrap=True)
    for head in _HEADS:
        table.add_column(head, justify="right", no_wrap=True)
    walks = {factor: series_of(cases, factor) for factor in FACTORS.values()}
    for factor, walk in walks.items():
        if len(walk) > 1 or factor is next(iter(walks)):
            table.add_row(Text(factor.title, "bold"))
            for case in walk:
                value, mark = f"{getattr(case.setting, factor.name):g}", "*" if case is cases[0] else " "
                table.add_row(Text(f"{mark}{value:>6}", "bold" if case is cases[0] else ""), *_row(case))
    return table


def _row(case: Case) -> list[str]:
    least, found = case.least, case.limits
    bounds = [_milli(FIXED * least[name]) for name in ("noise", "texture", "membrane", "colours")]
    interval = "–".join(map(_milli, case.interval))
    own = [_milli(found.blank), _milli(found.detection), interval, _milli(found.quantitation)]
    return [*bounds, *own, _milli(searched() * least["membrane"]), _milli(found.search)]


def _milli(value: float) -> str:
    return f"{_MILLI * value:.1f}" if math.isfinite(value) else "none"
