"""Fit the weights that tell a test line from whatever else crosses a membrane.

    python benchmarks/fit_evidence.py [--photos ../shared/photos] [--write] [--processes 2]

Prints how well a refit tells lines apart, cross-validated, beside the weights that are shipped; with
``--write`` it replaces them. Needs the extra ``fit`` and eleven minutes of one core.

What is learned from: the read-window crops of one source, whose Apache-2.0 licence allows it:
ShanghaiITVolunteer/AntigenClassifier, but for the third of its tests that is kept out; and simulated
photos, which together weigh half as much. The crops' labels say whether a crop has a test line, not where.
So in a positive crop one candidate is taken for the line, the model is fitted, and the candidate that the
model finds likeliest takes its place, a few times over; in a negative crop every candidate is something
else. In a simulated photo each line is known; its window is taken as inexactly as the search finds them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from fitting import (
    FOLDS,
    FloatArray,
    Model,
    Trial,
    arguments,
    balanced,
    compared,
    each,
    fit_logistic,
    folds_of,
    importance,
    model_from,
    rows,
    write_model,
)
from numpy.typing import NDArray

import reader
from reader.geometry import Window, from_corners
from reader.locate.find import find_strips
from reader.locate.hypothesis import look_at
from reader.measure.evidence import FEATURES, likely_control, line_features
from reader.measure.lines import FoundLine, is_flank
from reader.simulate import StripTruth, random_scene
from reader.view import View

SOURCES = {"ShanghaiITVolunteer/AntigenClassifier": "Apache-2.0"}
SHIPPED = Path(__file__).resolve().parents[1] / "reader" / "measure" / "evidence.json"
FROM_END = 0.35  # membrane widths: nearer to an end, it is likely the rim
ROUNDS = 4  # the chosen lines no longer change after three
STRENGTH = 0.3  # 19 features, some 80 positive crops
SIMULATED_WEIGHT = 0.5  # of all simulated lines against those of all crops, which look more like life
SCENES, FIRST_SEED = 230, 50_000
LOOKS = 2  # at each simulated window
INEXACT = (0.04, 0.05, 0.06, 0.01)  # lengths along, widths across, natural log of sizes, radians: rms
LEAST_WIDTH = 12.0  # px: a narrower membrane shows too little to learn from
SAME = 0.2  # membrane widths between a found line and the truth
FAINTEST = 0.012  # absorbance: about what a trained eye sees


@dataclass(frozen=True, slots=True)
class Crop:
    """A crop's candidate lines by their features, shape (N, F), whether one is a test line, and its test."""

    features: FloatArray
    positive: bool
    group: str


@dataclass(frozen=True, slots=True)
class Lines:
    """Marks in simulated windows: their features, shape (N, F), which are test lines, and their scenes."""

    features: FloatArray
    present: NDArray[np.bool_]
    group: NDArray[np.intp]


def main() -> None:
    options = arguments(__doc__ or "", SHIPPED).parse_args()
    cv2.setNumThreads(1)
    chosen_rows = labelled(options.photos)[:: options.every]
    jobs = [(options.photos / row["path"], row["expected_result"], row["group"]) for row in chosen_rows]
    crops = list(each(crop_of, jobs, "crops", options.processes))
    seeds = range(FIRST_SEED, FIRST_SEED + SCENES)[:: options.every]
    lines = joined(list(each(lines_of, seeds, "simulated photos", options.processes)))
    shown = [crop for crop in crops if len(crop.features)]
    bare = sum(crop.positive for crop in crops) - sum(crop.positive for crop in shown)
    print(f"{len(crops)} crops; no candidate line in {len(crops) - len(shown)}, {bare} of them positive")
    print(f"{len(lines.present)} marks in simulated windows, {lines.present.sum()} of them test lines")
    model = fit(shown, lines.features, lines.present)
    itself = [model.odds(crop.features).max() for crop in shown], model.odds(lines.features)
    print("Each test and scene judged by a refit that has not seen it:")
    print(compared(trials(shown, lines, *held_out(shown, lines))))
    print("By the refit to all of them; the shipped weights, too, may have been fitted to these very crops:")
    print(compared(trials(shown, lines, np.array(itself[0]), itself[1])))
    print(importance(model, FEATURES))
    if options.write:
        licensed = [f"{source} ({licence})" for source, licence in SOURCES.items()]
        write_model(options.output, model, FEATURES, [*licensed, "simulated photos"])


def held_out(crops: Sequence[Crop], lines: Lines) -> tuple[FloatArray, FloatArray]:
    """Return log-odds of crops (their likeliest line) and of marks by fits without their test or scene."""
    crop_fold, line_fold = folds_of([crop.group for crop in crops]), folds_of([str(k) for k in lines.group])
    crop_odds, line_odds = np.zeros(len(crops)), np.zeros(len(lines.present))
    for k in range(FOLDS):
        training = [crop for crop, fold in zip(crops, crop_fold, strict=True) if fold != k]
        model = fit(training, lines.features[line_fold != k], lines.present[line_fold != k])
        for i, crop in enumerate(crops):
            if crop_fold[i] == k:
                crop_odds[i] = model.odds(crop.features).max()
        line_odds[line_fold == k] = model.odds(lines.features[line_fold == k])
    return crop_odds, line_odds


def trials(crops: Sequence[Crop], lines: Lines, crop_odds: FloatArray, line_odds: FloatArray) -> list[Trial]:
    """Compare log-odds of crops (their likeliest line) and of marks with those of the shipped weights."""
    shipped = model_from(SHIPPED, FEATURES)
    number = np.unique([crop.group for crop in crops], return_inverse=True)[1]
    positive = np.array([crop.positive for crop in crops])
    best = np.array([shipped.odds(crop.features).max() for crop in crops])
    of_lines = shipped.odds(lines.features)
    return [
        Trial(f"crops: likeliest line ({number.max() + 1} tests)", positive, number, crop_odds, best),
        Trial("simulated photos: every mark", lines.present, lines.group, line_odds, of_lines),
    ]


def labelled(photos: Path) -> list[dict[str, str]]:
    """Return the table's rows of the usable crops whose label is positive or negative."""
    return [
        row
        for row in rows(photos, "labels.csv", list(SOURCES))
        if row["usable"] == "1"
        and row["kind"] == "crop"
        and row["expected_result"] in {"positive", "negative"}
    ]


def crop_of(job: tuple[Path, str, str]) -> Crop:
    """Describe the candidate lines of a crop, given its file, its label and the name of its test."""
    path, expected, group = job
    features = candidates(View(reader.open_file(path).pixels))
    return Crop(features, expected == "positive", group or path.name)


def candidates(view: View) -> FloatArray:
    """Describe the lines that may be test lines in the likeliest window; shape (N, F), best first."""
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


def lines_of(seed: int) -> Lines:
    """Describe what is found in the windows of one simulated photo, and tell which of it is a line."""
    rng = np.random.default_rng(seed)
    picture = random_scene(rng)
    view = View(picture.pixels)
    features, present = [], []
    for truth in picture.truth * LOOKS:
        window = inexact(from_corners(np.asarray(truth.window)), rng)
        if window.width < LEAST_WIDTH:
            continue
        lines = look_at(view, window).lines
        control = likely_control(lines)
        if control is None or not near(control, truth, window, 0.0):
            continue
        for line, row in zip(*described(lines, window), strict=True):
            # What is there but cannot be seen is neither.
            if near(line, truth, window, FAINTEST) or not near(line, truth, window, 0.0):
                features.append(row)
                present.append(near(line, truth, window, FAINTEST))
    return Lines(
        np.array(features, np.float64).reshape(-1, len(FEATURES)),
        np.array(present, np.bool_),
        np.full(len(present), seed),
    )


def joined(parts: Sequence[Lines]) -> Lines:
    """Put the lines of all photos together, their scenes numbered from 0."""
    return Lines(
        np.concatenate([part.features for part in parts]),
        np.concatenate([part.present for part in parts]),
        np.unique(np.concatenate([part.group for part in parts]), return_inverse=True)[1],
    )


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


def fit(crops: Sequence[Crop], simulated: FloatArray, present: NDArray[np.bool_]) -> Model:
    """Fit the model and the choice of the line in every positive crop in turns."""
    features = np.concatenate([crop.features for crop in crops])
    owner = np.repeat(np.arange(len(crops)), [len(crop.features) for crop in crops])
    positive = np.array([crop.positive for crop in crops])

    def fitted(target: NDArray[np.bool_]) -> Model:
        use = ~positive[owner] | target
        rows_, truth = np.concatenate([features[use], simulated]), np.concatenate([target[use], present])
        weight = np.concatenate([balanced(target[use]), SIMULATED_WEIGHT * balanced(present)])
        return fit_logistic(rows_, truth, strength=STRENGTH, weight=weight * use.sum(), balance=False)

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
