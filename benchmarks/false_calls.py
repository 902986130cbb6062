"""Count readings that must not be: of pictures without a test, and of tests that were never run.

    python benchmarks/false_calls.py [--pictures 200] [--unused 100] [--seed 7]

All pictures are simulated. A picture without a test must not be called; an unused test must be found and
be invalid. Exit code 1 when anything is called.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator

import cv2
import numpy as np
from no_strip import KINDS, draw

import reader
from reader.reading import Outcome, Reading
from reader.simulate import random_scene

CALLS = {Outcome.POSITIVE, Outcome.NEGATIVE}
UNUSED_KINDS = ("cassette", "cassette", "strip", "crop")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--pictures", type=int, default=200, help="pictures without a test")
    parser.add_argument("--unused", type=int, default=100, help="pictures of unused tests")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    called = report("without a test", without_a_test(options.pictures, options.seed))
    called += report("unused", unused(options.unused, options.seed))
    sys.exit(int(called > 0))


def without_a_test(count: int, seed: int) -> Iterator[tuple[str, Reading]]:
    """Yield kind and reading of pictures of everyday things, all kinds in turn."""
    for k in range(count):
        kind = KINDS[k % len(KINDS)]
        yield kind, reader.read_image(draw(kind, np.random.default_rng((seed, k))))


def unused(count: int, seed: int) -> Iterator[tuple[str, Reading]]:
    """Yield kind and reading of tests without any line."""
    for k in range(count):
        kind = UNUSED_KINDS[k % len(UNUSED_KINDS)]
        picture = random_scene(np.random.default_rng((seed, 1, k)), kind=kind, unused=True)  # type: ignore[arg-type]
        yield kind, reader.read_image(picture.pixels)


def report(title: str, readings: Iterator[tuple[str, Reading]]) -> int:
    """Print how each kind was read; return how many pictures were called."""
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    called = 0
    for kind, reading in readings:
        outcomes[kind][reading.outcome.value] += 1
        called += any(strip.outcome in CALLS for strip in reading.strips)
    total = sum((counts for counts in outcomes.values()), Counter())
    for kind, counts in [*outcomes.items(), (f"all {title}", total)]:
        print(f"{kind:24} " + ", ".join(f"{name} {n}" for name, n in sorted(counts.items())))
    print(f"{title}: {called} of {total.total()} called\n")
    return called


if __name__ == "__main__":
    main()
