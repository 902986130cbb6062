"""Count readings that must not be: of pictures without a test, and of tests that were never run.

    python benchmarks/false_calls.py [--pictures 252] [--unused 100] [--seed 7] [--kind NAME] [--processes N]

All pictures are simulated. A picture without a test must not be called; an unused test must be found and
be invalid. Each call is printed with the number of its picture, by which `picture` draws it again. Exit code
1 when anything is called.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from no_strip import KINDS, draw
from numpy.typing import NDArray

import reader
from reader.reading import Outcome
from reader.simulate import random_scene

CALLS = {Outcome.POSITIVE, Outcome.NEGATIVE}
UNUSED_KINDS = ("cassette", "cassette", "strip", "crop")


@dataclass(frozen=True, slots=True)
class Case:
    """A picture to draw: a thing that is no test, or a test that was never run."""

    seed: int
    number: int
    unused: bool

    @property
    def kind(self) -> str:
        kinds = UNUSED_KINDS if self.unused else KINDS
        return kinds[self.number % len(kinds)]


@dataclass(frozen=True, slots=True)
class Answer:
    """How a picture was read."""

    case: Case
    outcome: Outcome
    called: bool


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--pictures", type=int, default=6 * len(KINDS), help="pictures without a test")
    parser.add_argument("--unused", type=int, default=100, help="pictures of unused tests")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--kind", choices=sorted({*KINDS, *UNUSED_KINDS}), help="only those of this kind")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    called = 0
    with multiprocessing.Pool(options.processes) as pool:
        for title, count in (("without a test", options.pictures), ("unused", options.unused)):
            cases = [Case(options.seed, k, title == "unused") for k in range(count)]
            chosen = [case for case in cases if options.kind in {None, case.kind}]
            called += report(title, pool.imap(answer, chosen))
    sys.exit(int(called > 0))


def picture(case: Case) -> NDArray[np.uint8]:
    """Draw a case's picture, the same each time."""
    if not case.unused:
        return draw(case.kind, np.random.default_rng((case.seed, case.number)))
    rng = np.random.default_rng((case.seed, 1, case.number))
    return random_scene(rng, kind=case.kind, unused=True).pixels  # type: ignore[arg-type]


def answer(case: Case) -> Answer:
    """Draw a case's picture and read it."""
    cv2.setNumThreads(1)
    reading = reader.read_image(picture(case))
    return Answer(case, reading.outcome, any(strip.outcome in CALLS for strip in reading.strips))


def report(title: str, answers: Iterable[Answer]) -> int:
    """Print each call and how each kind was read; return how many pictures were called."""
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    called = 0
    for found in answers:
        kind, outcome = found.case.kind, found.outcome.value
        outcomes[kind][outcome] += 1
        called += found.called
        if found.called:
            print(f"called: {kind} {found.case.number}, {outcome}", flush=True)
    total = sum((counts for counts in outcomes.values()), Counter())
    for kind, counts in [*outcomes.items(), (f"all {title}", total)]:
        print(f"{kind:24} " + ", ".join(f"{name} {n}" for name, n in sorted(counts.items())))
    print(f"{title}: {called} of {total.total()} called\n", flush=True)
    return called


if __name__ == "__main__":
    main()
