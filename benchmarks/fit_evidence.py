"""Fit the weights that tell a test line from whatever else crosses a membrane.

    python benchmarks/fit_evidence.py --photos ../shared/photos --output evidence.json

Needs the extra ``fit``. What is learned from: the read-window crops of one source, whose Apache-2.0
licence allows it: ShanghaiITVolunteer/AntigenClassifier. Its labels say whether a crop has a test line,
not where. So in a positive crop one candidate is taken for the line, the model is fitted, and the
candidate that the model finds likeliest takes its place, a few times over; in a negative crop every
candidate is something else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from fitting import FloatArray, Model, arguments, fit_logistic, rows, write_model
from numpy.typing import NDArray

import reader
from reader.locate.find import _close_up
from reader.measure.evidence import FEATURES, line_features
from reader.measure.lines import FoundLine
from reader.view import View

SOURCES = {"ShanghaiITVolunteer/AntigenClassifier": "Apache-2.0"}
OUTPUT = Path("reader/measure/evidence.json")
CANDIDATES = 4  # lines of a crop, likeliest first
APART = 0.28  # membrane widths: nearer to the control line, it is a part of that
FROM_END = 0.35  # membrane widths: nearer to an end, it is likely the rim
ROUNDS = 4  # the chosen lines no longer change after three
STRENGTH = 0.3  # 17 features, some 120 positive crops


@dataclass(frozen=True, slots=True)
class Crop:
    """A crop's candidate lines by their features, shape (N, 17), and whether one of them is a test line."""

    features: FloatArray
    positive: bool


def main() -> None:
    options = arguments(__doc__ or "", OUTPUT).parse_args()
    cv2.setNumThreads(1)
    crops = list(labelled_crops(options.photos, options.every))
    model = fit(crops)
    best = np.array([model.odds(crop.features).max() for crop in crops])
    positive = np.array([crop.positive for crop in crops])
    sensitivity, specificity = (best[positive] > 0).mean(), (best[~positive] <= 0).mean()
    print(f"{positive.sum()} positive and {(~positive).sum()} negative crops with candidate lines")
    print(f"in sample, at even odds: sensitivity {sensitivity:.3f}, specificity {specificity:.3f}")
    licensed = [f"{source} ({licence})" for source, licence in SOURCES.items()]
    write_model(options.output, model, FEATURES, licensed)


def labelled_crops(photos: Path, every: int) -> Iterator[Crop]:
    """Yield the usable crops whose label is positive or negative and that show candidate lines."""
    labels = [
        row
        for row in rows(photos / "labels.csv", list(SOURCES))
        if row["usable"] == "1"
        and row["kind"] == "crop"
        and row["expected_result"] in {"positive", "negative"}
    ]
    for row in labels[::every]:
        features = candidates(View(reader.open_file(photos / row["path"]).pixels))
        if len(features):
            yield Crop(features, row["expected_result"] == "positive")


def candidates(view: View) -> FloatArray:
    """Describe the lines that may be test lines in the likeliest window; shape (N, 17), best first."""
    found = _close_up(view)
    best = found.hypotheses[0] if found is not None else None
    control = best.control if best is not None else None
    if best is None or control is None:
        return np.empty((0, len(FEATURES)))

    def strength(line: FoundLine) -> float:
        return line.height * line.explained if line.to_end > FROM_END else 0.0

    others = [x for x in best.lines if x is not control and abs(x.place - control.place) > APART]
    others = sorted(others, key=strength, reverse=True)[:CANDIDATES]
    aspect = best.window.length / best.window.width
    return np.array([line_features(line, control, aspect) for line in others]).reshape(-1, len(FEATURES))


def fit(crops: list[Crop]) -> Model:
    """Fit the model and the choice of the line in every positive crop in turns."""
    features = np.concatenate([crop.features for crop in crops])
    owner = np.repeat(np.arange(len(crops)), [len(crop.features) for crop in crops])
    positive = np.array([crop.positive for crop in crops])

    def fitted(target: NDArray[np.bool_]) -> Model:
        use = ~positive[owner] | target
        return fit_logistic(features[use], target[use], strength=STRENGTH)

    # A crop's strongest candidate stands first, and is the first choice.
    target = chosen(owner, positive, -np.arange(len(features), dtype=np.float64))
    for _ in range(ROUNDS - 1):
        target = chosen(owner, positive, fitted(target).odds(features))
    return fitted(target)


def chosen(owner: NDArray[np.intp], positive: NDArray[np.bool_], odds: FloatArray) -> NDArray[np.bool_]:
    """Mark the likeliest candidate of each positive crop."""
    target = np.zeros(len(owner), np.bool_)
    for crop in np.flatnonzero(positive):
        own = np.flatnonzero(owner == crop)
        target[own[np.argmax(odds[own])]] = True
    return target


if __name__ == "__main__":
    main()
