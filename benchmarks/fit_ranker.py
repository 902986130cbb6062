"""Fit the weights that rank rectangles of a photo as read windows.

    python benchmarks/fit_ranker.py --photos ../shared/photos --output ranker.json

Needs the extra ``fit``. What is learned from: simulated scenes (this repository's own), and the labelled
windows of two sources that allow it, both under the MIT licence: chanderbhanswami/medzome-test-ai and
OLA-Simple/OLASimple-Aquarium. Sources under other terms are measured against, never learned from.

Each picture gives the rectangles that the search itself proposes; those that overlap a true window by
more than half are what is looked for. Overlaps with drawn labels are of upright boxes, so only sources
whose devices stand upright can be used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from fitting import FloatArray, arguments, fit_logistic, rows, write_model
from numpy.typing import NDArray

import reader
from reader.geometry import Window, from_corners, overlap
from reader.locate.coloured import find_bars, propose_from_bars
from reader.locate.outlines import propose_outlined
from reader.locate.rank import FEATURES, distinct, rank_features, search_planes
from reader.simulate.draws import random_scene
from reader.view import View

SOURCES = {
    "chanderbhanswami/medzome-test-ai": "MIT",
    "OLA-Simple/OLASimple-Aquarium": "MIT",
}
OUTPUT = Path("reader/locate/ranker.json")
SCENES, FIRST_SEED = 83, 1000  # simulated pictures, each from its own seed
REAL_WEIGHT = 3.0  # of a real picture's rectangle against a simulated one's
NARROWEST = 4.5  # px in the search picture; as in the search itself
HIT = 0.5  # overlap with a true window from which on a rectangle counts as found
STRENGTH = 1.0


@dataclass(frozen=True, slots=True)
class Example:
    """One picture: its rectangles' features and best overlaps with a true window, and its weight."""

    features: FloatArray
    overlaps: FloatArray
    weight: float


def main() -> None:
    options = arguments(__doc__ or "", OUTPUT).parse_args()
    cv2.setNumThreads(1)
    simulated = list(simulated_examples(range(0, SCENES, options.every)))
    real = list(real_examples(options.photos, options.every))
    examples = [*simulated, *real]
    features = np.concatenate([e.features for e in examples])
    target = np.concatenate([e.overlaps for e in examples]) > HIT
    weight = np.concatenate([np.full(len(e.overlaps), e.weight) for e in examples])
    model = fit_logistic(features, target, strength=STRENGTH, weight=weight)
    for name, part in (("simulated", simulated), ("real", real)):
        reached = np.mean([e.overlaps.max() > HIT for e in part])
        first = np.mean([e.overlaps[np.argmax(model.odds(e.features))] > HIT for e in part])
        print(f"{len(part)} {name} pictures: window proposed in {reached:.0%}, ranked first in {first:.0%}")
    licensed = [f"{source} ({licence})" for source, licence in SOURCES.items()]
    write_model(options.output, model, FEATURES, ["simulated scenes", *licensed])


def simulated_examples(numbers: Sequence[int]) -> Iterator[Example]:
    """Yield random scenes with their exact windows; a scene without a window teaches nothing here."""
    for k in numbers:
        picture = random_scene(np.random.default_rng(FIRST_SEED + k))
        windows = [from_corners(np.array(truth.window)) for truth in picture.truth]
        if windows and (made := example(View(picture.pixels), windows, 1.0)):
            yield made


def real_examples(photos: Path, every: int) -> Iterator[Example]:
    """Yield the photos with drawn windows of the sources that may be learned from."""
    boxes: dict[str, list[Window]] = {}
    for row in rows(photos / "boxes.csv", list(SOURCES)):
        if row["class"].startswith(("window", "membrane")):
            x0, y0, x1, y1 = (float(row[name]) for name in ("x0", "y0", "x1", "y1"))
            corners = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
            boxes.setdefault(row["path"], []).append(from_corners(corners))
    for path, windows in list(boxes.items())[::every]:
        view = View(reader.open_file(photos / path).pixels)
        if made := example(view, windows, REAL_WEIGHT):
            yield made


def example(view: View, windows: Sequence[Window], weight: float) -> Example | None:
    """Describe what the search proposes in a picture; None when it proposes nothing.

    Parameters
    ----------
    view : View
        The picture.
    windows : sequence of Window
        The true windows, in its pixels.
    weight : float
        Of each rectangle in the fit.
    """
    proposed = proposals(view)
    if not proposed:
        return None
    truth = [window.scaled(view.scale) for window in windows]
    overlaps = np.array([max(overlap(p, t) for t in truth) for p in proposed])
    return Example(rank_features(search_planes(view.log_small), proposed), overlaps, weight)


def proposals(view: View) -> list[Window]:
    """Return the rectangles that the search would rank, in pixels of the search picture."""
    brightest: NDArray[np.uint8] = np.ascontiguousarray(view.small.max(axis=2))
    proposed = propose_outlined(brightest) + propose_from_bars(view.log_small, find_bars(view.log_small))
    return distinct([window for window in proposed if window.width >= NARROWEST])


if __name__ == "__main__":
    main()
