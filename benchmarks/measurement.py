"""The measurement against the limits of physics, and against what most would write.

    python benchmarks/measurement.py [--figure docs/measurement.svg]   about ten minutes of two cores
    python benchmarks/measurement.py --short            under a minute; fails if worse than recorded
    python benchmarks/measurement.py --short --record   sets the record, benchmarks/measurement.json

Everything is simulated, so the truth is known. Each number is printed with its 95 % interval for the number
of trials, and with what it should be.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

# Processes side by side, each on one core: set before the first of them starts.
for _library in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_library, "1")

from measurement_figure import figure  # noqa: E402
from measurement_numbers import READER, Findings, Number, numbers_of, worse  # noqa: E402
from measurement_rivals import FEW, PIPELINES, TEMPLATE  # noqa: E402
from measurement_trials import (  # noqa: E402
    LEVELS,
    Bench,
    FloatArray,
    Method,
    by_pipeline,
    by_reader,
    case_of,
    detection,
    milliseconds,
    on_bench,
    on_pictures,
    on_profiles,
)

from reader.limits.study import FACTORS, settings_of  # noqa: E402

RECORD = Path(__file__).with_name("measurement.json")
BENCHES = tuple(Bench(noise, image) for image in (False, True) for noise in (5e-4, 2e-3))
BLURS = (0.7, 1.5, 3.0, 6.0)  # px, at 20 px/mm: a sharp picture to one whose lines are 1.5 times as wide
LONG = {"blanks": 12_000, "level": 600, "pictures": 400, "picture_level": 100, "bench": 300, "tried": 60}
SHORT = {"blanks": 1_000, "level": 60, "pictures": 200, "picture_level": 20, "bench": 60, "tried": 0}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--short", action="store_true", help="fewer trials, and a check against the record")
    parser.add_argument("--record", action="store_true", help="with --short: set the record")
    parser.add_argument("--figure", type=Path, metavar="FILE.svg")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    start = time.perf_counter()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.processes, mp_context=context) as pool:
        found = findings(options.seed, pool, short=options.short)
    numbers = list(numbers_of(found))
    print("\n".join(table(numbers)))
    print(f"{time.perf_counter() - start:.0f} s with {options.processes} processes")
    if options.figure:
        options.figure.write_text(figure(found), encoding="utf-8")
    if options.record:
        RECORD.write_text(json.dumps(recorded(numbers), indent=2) + "\n", encoding="utf-8")
    elif options.short:
        sys.exit(verdict(numbers, json.loads(RECORD.read_text(encoding="utf-8"))))


def findings(seed: int, pool: ProcessPoolExecutor, *, short: bool) -> Findings:
    """Make all trials."""
    size = SHORT if short else LONG
    settings = settings_of({name: f.values[:1] if short else f.values for name, f in FACTORS.items()})
    return Findings(
        time_ms=milliseconds(60),
        blanks=on_profiles(0.0, size["blanks"], seed, pool),
        profiles=[on_profiles(level, size["level"], seed + 1, pool) for level in LEVELS],
        picture_blanks=on_pictures(0.0, size["pictures"], seed + 2, pool),
        pictures=[on_pictures(level, size["picture_level"], seed + 3, pool) for level in LEVELS],
        benches={str(b): compared(b, size, seed + 4, pool) for b in (BENCHES[1:2] if short else BENCHES)},
        cases=list(pool.map(partial(case_of, trials=30 if short else 60, seed=seed), settings)),
        blurred=list(
            pool.map(
                partial(case_of, trials=60, seed=seed),
                () if short else [replace(settings[0], blur_px=blur) for blur in BLURS],
            )
        ),
    )


def compared(
    bench: Bench, size: Mapping[str, int], seed: int, pool: ProcessPoolExecutor
) -> dict[str, dict[float, FloatArray]]:
    """Measure the same profiles with the reader, and with each pipeline in its best setting there."""
    grids = {**(PIPELINES if size["tried"] else FEW), **TEMPLATE}
    methods: dict[str, Method] = {READER: by_reader}
    for name, grid in grids.items():
        tried: dict[str, Method] = {setting: partial(by_pipeline, p) for setting, p in grid.items()}
        best = next(iter(tried))
        if size["tried"]:
            heights = on_bench(bench, tried, size["tried"], seed, pool)
            best = min(heights, key=lambda setting: detection(heights[setting]))
        methods[f"{name} {best}"] = tried[best]
    return on_bench(bench, methods, size["bench"], seed, pool)


def table(numbers: list[Number]) -> Iterator[str]:
    yield f"{'':72} {'found':>8} {'95 % interval':>20}  aim"
    section = ""
    for n in numbers:
        if n.section != section:
            section = n.section
            yield section
        interval = f"{n.low:.3g} .. {n.high:.3g}" if n.high > n.low else ""
        aim = "; ".join(filter(None, [str(n.aim), n.beside, "MISSED" if n.missed else ""]))
        yield f"  {n.name:70} {n.value:8.4g} {interval:>20}  {aim}".rstrip()


def recorded(numbers: list[Number]) -> dict[str, dict[str, float]]:
    """Return each number that is held, with what chance may make of it."""
    return {
        n.key: {"value": float(f"{n.value:.4g}"), "tolerance": float(f"{n.tolerance:.2g}")}
        for n in numbers
        if n.held
    }


def verdict(numbers: list[Number], record: Mapping[str, Mapping[str, float]]) -> int:
    """Return 1 when a number is missing, or worse than recorded by more than chance makes it."""
    now = {n.key: n for n in numbers}
    bad = [
        name
        for name, was in record.items()
        if name not in now or worse(now[name], was["value"], was["tolerance"])
    ]
    for name in bad:
        print(f"Worse than recorded ({record[name]['value']:g}): {name}")
    if not bad:
        print("No number is worse than recorded.")
    return int(bool(bad))


if __name__ == "__main__":
    main()
