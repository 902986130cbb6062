"""Fit the weights that tell a test line from whatever else crosses a membrane.

    python benchmarks/fit_evidence.py --photos ../shared/photos --output evidence.json

Needs the extra ``fit``. What is learned from: the read-window crops of one source, whose Apache-2.0
licence allows it: ShanghaiITVolunteer/AntigenClassifier; and as much from simulated photos. The crops'
labels say whether a crop has a test line, not where. So in a positive crop one candidate is taken for the
line, the model is fitted, and the candidate that the model finds likeliest takes its place, a few times
over; in a negative crop every candidate is something else. In a simulated photo each line is known; its
window is taken as inexactly as the search finds them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from fitting import FloatArray, Model, arguments, fit_logistic, rows, write_model
from numpy.typing import NDArray

import reader
from reader.geometry import Window, from_corners
from reader.locate.find import find_strips
from reader.locate.hypothesis import look_at
from reader.measure.evidence import FEATURES, likely_control, line_features
from reader.measure.lines import FoundLine, is_flank
from reader.simulate import StripTruth
from reader.simulate.draws import random_scene
from reader.view import View

SOURCES = {"ShanghaiITVolunteer/AntigenClassifier": "Apache-2.0"}
OUTPUT = Path("reader/measure/evidence.json")
FROM_END = 0.35  # membrane widths: nearer to an end, it is likely the rim
ROUNDS = 4  # the chosen lines no longer change after three
STRENGTH = 0.3  # 19 features, some 120 positive crops
SCENES, FIRST_SEED = 230, 50_000
LOOKS = 2  # at each simulated window
INEXACT = (0.04, 0.05, 0.06, 0.01)  # lengths along, widths across, natural log of sizes, radians: rms
LEAST_WIDTH = 12.0  # px: a narrower membrane shows too little to learn from
SAME = 0.2  # membrane widths between a found line and the truth
FAINTEST = 0.012  # absorbance: about what a trained eye sees


@dataclass(frozen=True, slots=True)
class Crop:
    """A crop's candidate lines by their features, shape (N, 17), and whether one of them is a test line."""

    features: FloatArray
    positive: bool


def main() -> None:
    options = arguments(__doc__ or "", OUTPUT).parse_args()
    cv2.setNumThreads(1)
    crops = list(labelled_crops(options.photos, options.every))
    simulated, present = simulated_lines(SCENES // options.every)
    model = fit(crops, simulated, present)
    best = np.array([model.odds(crop.features).max() for crop in crops])
    positive = np.array([crop.positive for crop in crops])
    sensitivity, specificity = (best[positive] > 0).mean(), (best[~positive] <= 0).mean()
    print(f"{positive.sum()} positive and {(~positive).sum()} negative crops with candidate lines")
    print(f"in sample, at even odds: sensitivity {sensitivity:.3f}, specificity {specificity:.3f}")
    licensed = [f"{source} ({licence})" for source, licence in SOURCES.items()]
    write_model(options.output, model, FEATURES, [*licensed, "simulated photos"])


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
    """Describe the lines that may be test lines in the likeliest window; shape (N, 19), best first."""
    found = find_strips(view)
    if not found:
        return np.empty((0, len(FEATURES)))
    best = found[0].hypotheses[0]
    return described(best.lines, best.window)[1]


def described(lines: tuple[FoundLine, ...], window: Window) -> tuple[list[FoundLine], FloatArray]:
    """Return the lines beside the control line, the strongest first, and their features."""

    def strength(line: FoundLine) -> float:
        return line.height * line.explained if line.to_end > FROM_END else 0.0

    control = likely_control(lines)
    others = [x for x in lines if x is not control and not any(is_flank(x, y) for y in lines)]
    others.sort(key=strength, reverse=True)
    aspect = window.length / window.width
    features = [line_features(line, control, aspect) for line in others if control is not None]
    return others, np.array(features, np.float64).reshape(-1, len(FEATURES))


def simulated_lines(scenes: int) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Describe what is found in simulated windows, and tell which of it is a line."""
    features, present = [], []
    for seed in range(FIRST_SEED, FIRST_SEED + scenes):
        rng = np.random.default_rng(seed)
        picture = random_scene(rng)
        view = View(picture.pixels)
        for truth in picture.truth * LOOKS:
            window = inexact(from_corners(np.asarray(truth.window)), rng)
            if window.width < LEAST_WIDTH:
                continue
            lines = look_at(view, window).lines
            control = likely_control(lines)
            if control is None or not near(control, truth, window, 0.0):
                continue
            others, described_lines = described(lines, window)
            for line, row in zip(others, described_lines, strict=True):
                if near(line, truth, window, FAINTEST) or not near(line, truth, window, 0.0):
                    features.append(row)
                    present.append(near(line, truth, window, FAINTEST))
    return np.array(features), np.array(present)


def inexact(window: Window, rng: np.random.Generator) -> Window:
    """Move, turn and stretch a window as much as the search errs."""
    along, across, size, turn = INEXACT
    x, y = window.at(0.5 + rng.normal(0, along), 0.5 + rng.normal(0, across))
    length, width = (s * np.exp(rng.normal(0, size)) for s in (window.length, window.width))
    return replace(window, x=x, y=y, angle=window.angle + rng.normal(0, turn), length=length, width=width)


def near(line: FoundLine, truth: StripTruth, window: Window, least: float) -> bool:
    """Tell whether a line of more than some absorbance is where a line was found."""
    x, y = window.at(line.place * window.width / window.length)
    u = window.flow
    return any(
        abs((t.center[0] - x) * u[0] + (t.center[1] - y) * u[1]) < SAME * window.width
        for t in truth.lines
        if t.present and t.od > least
    )


def fit(crops: list[Crop], simulated: FloatArray, present: NDArray[np.bool_]) -> Model:
    """Fit the model and the choice of the line in every positive crop in turns."""
    features = np.concatenate([crop.features for crop in crops])
    owner = np.repeat(np.arange(len(crops)), [len(crop.features) for crop in crops])
    positive = np.array([crop.positive for crop in crops])

    def fitted(target: NDArray[np.bool_]) -> Model:
        use = ~positive[owner] | target
        rows_, truth = np.concatenate([features[use], simulated]), np.concatenate([target[use], present])
        weight = np.concatenate([balanced(target[use]), balanced(present)])
        return fit_logistic(rows_, truth, strength=STRENGTH, weight=weight * use.sum(), balance=False)

    # A crop's strongest candidate stands first, and is the first choice.
    target = chosen(owner, positive, -np.arange(len(features), dtype=np.float64))
    for _ in range(ROUNDS - 1):
        target = chosen(owner, positive, fitted(target).odds(features))
    return fitted(target)


def balanced(truth: NDArray[np.bool_]) -> FloatArray:
    """Weigh lines and other marks the same, all together 1."""
    share = truth.mean() if len(truth) else 0.5
    return np.where(truth, 0.5 / max(share, 1e-9), 0.5 / max(1 - share, 1e-9)) / max(len(truth), 1)


def chosen(owner: NDArray[np.intp], positive: NDArray[np.bool_], odds: FloatArray) -> NDArray[np.bool_]:
    """Mark the likeliest candidate of each positive crop."""
    target = np.zeros(len(owner), np.bool_)
    for crop in np.flatnonzero(positive):
        own = np.flatnonzero(owner == crop)
        target[own[np.argmax(odds[own])]] = True
    return target


if __name__ == "__main__":
    main()
