"""Repeatability and linearity on real pictures: two photos of one line, printed bars, a dilution series.

    python benchmarks/repeats.py PHOTOS readings.jsonl

PHOTOS is the folder with the labelled photos, readings.jsonl what ``lfa read --json`` says of them. Intervals
are 95 %, from drawing strips (or bars) again: lines of one strip share its photos and are not independent.

The strips of ``visual_scores.csv`` were each photographed twice, in different light and with different
processing by the phone. What the phone's tone curve and colours do to all lines of a photo alike is told
apart from what happens to each line by itself: by one gain for all pairs of photos, by that of the strip's
other lines, by other channel mixes, and by the ratio to the control line, from which a gain cancels.

The printed bars and the cut pieces of membrane are no strips, and the reader rightly refuses them. They are
measured with `reader.measure` in the given windows of ``windows.csv``: around a bar's own outline, eight
times as long as the bar is thick; on a piece of membrane by hand.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from reader.geometry import Window
from reader.interpret.labels import LABELS
from reader.measure.membrane import LineFit, measure_lines
from reader.photo import open_file
from reader.strip.read import fine_patch
from reader.view import View

T = TypeVar("T")
Readings = Mapping[str, Mapping[str, Any]]
Weights = tuple[float, float, float]

WINDOWS = Path(__file__).with_name("windows.csv")
REACH = 30.0  # px from a labelled line within which a measured one is the same, as in score.py
LEAST = 0.02  # absorbance: fainter lines say nothing of the gain
DRAWS = 2000  # of the bootstrap: its own error is then below the last digit shown
TWO_SIDED = 1.96  # standard errors
GREY = LABELS["carbon"].weights
MIXES: dict[str, Weights] = {
    "red": (1.0, 0.0, 0.0),
    "green": (0.0, 1.0, 0.0),
    "blue": (0.0, 0.0, 1.0),
    "luminance": (0.2126, 0.7152, 0.0722),
    "mean of channels": GREY,
}


@dataclass(frozen=True, slots=True)
class Value:
    """A measured value, its standard error, and the part of that which differs from line to line."""

    value: float
    sigma: float
    noise: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A line as labelled in one photo; ``eye`` is the mean score given by eye, 0 where none was."""

    path: str
    strip: str
    line: str
    y: float
    eye: float


@dataclass(frozen=True, slots=True)
class Pair:
    """One line in the two photos of its strip."""

    strip: str
    line: str
    first: Value
    second: Value

    @property
    def gain(self) -> float:
        return self.second.value / self.first.value

    @property
    def cv(self) -> float:
        """Coefficient of variation of two values."""
        a, b = self.first.value, self.second.value
        return abs(a - b) / (a + b) * math.sqrt(2)

    @property
    def covered(self) -> bool:
        """Whether the 95 % interval of the difference holds zero."""
        difference = abs(self.first.value - self.second.value)
        return difference < TWO_SIDED * math.hypot(self.first.sigma, self.second.sigma)

    @property
    def lacking(self) -> float:
        """Relative error of each value, beside its noise, at which the interval would just hold zero."""
        a, b = self.first, self.second
        missing = ((a.value - b.value) / TWO_SIDED) ** 2 - a.noise**2 - b.noise**2
        return math.sqrt(max(missing, 0.0)) / math.hypot(a.value, b.value)

    def divided(self, gain: float) -> Pair:
        """Take a gain of the second photo out, so that only noise is left to differ."""
        first, second = self.first, self.second
        return replace(
            self,
            first=replace(first, sigma=first.noise),
            second=Value(second.value / gain, second.noise / gain, second.noise / gain),
        )

    def over(self, control: Pair) -> Pair:
        """Return the ratio to another line of the same strip."""
        return replace(
            self, first=ratio(self.first, control.first), second=ratio(self.second, control.second)
        )


@dataclass(frozen=True, slots=True)
class Print:
    """A printed bar or a piece of membrane: its window, and what its label says of it.

    Attributes
    ----------
    nominal : float
        Printed grey, 0 black to 255 paper; or how many times the serum was diluted.
    line, sigma : float
        Where the line lies from the window's left end and how wide it is, px.
    """

    path: str
    series: str
    nominal: float
    window: Window
    line: float
    sigma: float


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("readings", type=Path)
    options = parser.parse_args()
    found = load(options.readings, options.photos)
    marks = labelled(options.photos)
    for section in (
        repeats(pairs(marks, found)),
        eye(marks, found),
        mixes(options.photos, marks, found),
        bars(options.photos),
        dilutions(options.photos),
    ):
        print("\n".join(section), end="\n\n")


def row(what: str, number: str, aim: str = "") -> str:
    return f"{what:64} {number:36} {aim}".rstrip()


def with_interval(
    groups: Iterable[Sequence[T]], statistic: Callable[[Sequence[T]], float], digits: int = 3
) -> str:
    """Print a statistic of groups that are taken as wholes, with its bootstrap interval and count."""
    kept = [group for group in groups if group]
    everything = [item for group in kept for item in group]
    whole = statistic(everything) if everything else math.nan
    if math.isnan(whole):
        return "nothing to tell from"
    rng = np.random.default_rng(0)
    draws = rng.integers(len(kept), size=(DRAWS, len(kept)))
    values = [statistic([item for k in draw for item in kept[k]]) for draw in draws]
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return f"{whole:.{digits}f}  ({low:.{digits}f} to {high:.{digits}f}, n = {len(everything)})"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def load(readings: Path, photos: Path) -> dict[str, Mapping[str, Any]]:
    """Return the readings of labelled photos by their paths within the folder."""
    known = {r["path"] for r in rows_of(photos / "labels.csv")}
    found: dict[str, Mapping[str, Any]] = {}
    for text in readings.read_text(encoding="utf-8").splitlines():
        document = json.loads(text)
        parts = Path(document["source"]).parts
        found |= {p: document for k in range(len(parts)) if (p := "/".join(parts[k:])) in known}
    return found


def labelled(photos: Path) -> list[Mark]:
    """Return every line whose place is labelled."""
    marks = []
    for r in rows_of(photos / "visual_scores.csv"):
        if not r["y_center_px_exif_oriented"]:
            continue
        scores = [
            float(v) for v in (r["score_reading1"], r["score_reading2"]) if v.replace(".", "").isdigit()
        ]
        mean = sum(scores) / len(scores) if scores else 0.0
        marks.append(Mark(r["path"], r["strip"], r["line"], float(r["y_center_px_exif_oriented"]), mean))
    return marks


def value_at(mark: Mark, found: Readings) -> Value | None:
    """Return the highest line that was measured where one is labelled."""
    lines = [line for strip in found.get(mark.path, {}).get("strips", []) for line in strip["lines"]]
    near = [
        Value(line["height"], line["height_sigma"], abs(line["height"] / line["snr"]))
        for line in lines
        if line["center"] and line["snr"] and abs(line["center"][1] - mark.y) < REACH
    ]
    return max(near, key=lambda value: value.value, default=None)


def pairs(marks: Sequence[Mark], found: Readings) -> list[Pair]:
    """Return the lines that were measured in both photos of their strip, the earlier photo first."""
    seen: dict[tuple[str, str], list[Value]] = defaultdict(list)
    for mark in sorted(marks, key=lambda m: m.path):
        value = value_at(mark, found)
        if value is not None:
            seen[mark.strip, mark.line].append(value)
    return [Pair(*name, *values) for name, values in seen.items() if len(values) == 2]


def by_strip(some: Iterable[Pair]) -> dict[str, list[Pair]]:
    strips: dict[str, list[Pair]] = defaultdict(list)
    for pair in some:
        strips[pair.strip].append(pair)
    return strips


def plain(some: Iterable[Pair]) -> list[Pair]:
    return [pair for pair in some if min(pair.first.value, pair.second.value) > LEAST]


def test_lines(some: Iterable[Pair]) -> list[Pair]:
    return [pair for pair in some if pair.line != "C"]


def ratio(value: Value, control: Value) -> Value:
    """Return a ratio of two lines of one photo, in which what they share cancels."""
    share = value.value / control.value
    error = abs(share) * math.hypot(value.noise / value.value, control.noise / control.value)
    return Value(share, error, error)


def over_control(some: Iterable[Pair]) -> list[Pair]:
    """Return the ratios of test lines to the control line of the same photo."""
    ratios = []
    for strip in by_strip(some).values():
        control = next((pair for pair in strip if pair.line == "C"), None)
        ratios += [pair.over(control) for pair in test_lines(strip)] if control else []
    return ratios


def coverage(some: Sequence[Pair]) -> float:
    return float(np.mean([pair.covered for pair in some]))


def median_cv(some: Sequence[Pair]) -> float:
    return float(np.median([pair.cv for pair in some]))


def common_gain(some: Sequence[Pair]) -> float:
    return float(np.median([pair.gain for pair in some]))


def cv_beside_gain(some: Sequence[Pair]) -> float:
    """Return the median CV that is left when one gain holds for all pairs of photos."""
    gain = common_gain(some)
    return median_cv([pair.divided(gain) for pair in some])


def coverage_beside_gain(some: Sequence[Pair]) -> float:
    gain = common_gain(plain(some) or some)
    return coverage([pair.divided(gain) for pair in some])


def beside_others(some: Iterable[Pair]) -> list[Pair]:
    """Take out of each line the gain of its photos that the other lines of its strip show."""
    left = []
    for strip in by_strip(some).values():
        for k, pair in enumerate(strip):
            others = [*strip[:k], *strip[k + 1 :]]
            left += [pair.divided(common_gain(others))] if others else []
    return left


def lacking(share: float) -> Callable[[Sequence[Pair]], float]:
    """Return what tells the relative error of a photo's gain at which that share would be covered."""
    return lambda some: float(np.quantile([pair.lacking for pair in some], share, method="higher"))


def repeats(some: Sequence[Pair]) -> list[str]:
    clear = plain(some)
    ratios = over_control(some)
    clear_ratios = over_control(clear)

    def show(these: Iterable[Pair], statistic: Callable[[Sequence[Pair]], float]) -> str:
        return with_interval(by_strip(these).values(), statistic)

    return [
        "Two photos of one strip",
        row("coverage of the 95 % interval of the difference", show(some, coverage), "≥ 0.85"),
        row("  the same beside one gain for all pairs", show(some, coverage_beside_gain)),
        row("median CV, test lines of at least 0.02", show(test_lines(clear), median_cv), "≤ 0.06"),
        row("  control lines too", show(clear, median_cv)),
        row("  the same beside one gain for all pairs", show(clear, cv_beside_gain)),
        row("  the same beside the gain of the other lines", show(beside_others(clear), median_cv)),
        row("gain of the second photo", show(clear, common_gain)),
        row("relative error of a photo's gain that would cover 85 %", show(some, lacking(0.85))),
        row("relative error of a photo's gain that would cover 95 %", show(some, lacking(0.95))),
        row("T/C: coverage of the 95 % interval of the difference", show(ratios, coverage), "≥ 0.85"),
        row("T/C: median CV, lines of at least 0.02", show(clear_ratios, median_cv), "≤ 0.06"),
    ]


def eye(marks: Sequence[Mark], found: Readings) -> list[str]:
    """Compare heights with the scores by eye; what was not found counts as none, as in score.py."""
    strips: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for mark in marks:
        if mark.line != "C":
            value = value_at(mark, found)
            strips[mark.strip].append((mark.eye, value.value if value else 0.0))
    number = with_interval(strips.values(), rank_correlation)
    return ["Five-line strips", row("Spearman of the height with the eye's score", number, "≥ 0.93")]


def rank_correlation(points: Sequence[tuple[float, float]]) -> float:
    """Return Spearman's coefficient; NaN where all values of one kind are equal."""
    ranks = rankdata(np.array(points), axis=0)
    return float(np.corrcoef(ranks.T)[0, 1]) if np.ptp(ranks, axis=0).all() else math.nan


def mixes(photos: Path, marks: Sequence[Mark], found: Readings) -> list[str]:
    """Measure the lines of the readings again in single channels and other mixes."""
    lines = [
        f"{'The same lines by channels':24} {'gain of the second photo':30} {'CV':30} CV beside the gain"
    ]
    taken = {path: found[path] for path in sorted({m.path for m in marks} & found.keys())}
    opened = ((path, open_file(photos / path)) for path in taken)
    views = {path: View(photo.pixels, photo.chroma, photo.steps) for path, photo in opened}
    for name, weights in MIXES.items():
        again = {path: remeasured(reading, views[path], weights) for path, reading in taken.items()}
        strips = by_strip(plain(pairs(marks, again))).values()
        numbers = [with_interval(strips, s) for s in (common_gain, median_cv, cv_beside_gain)]
        lines.append(f"  {name:22} " + " ".join(f"{number:30}" for number in numbers).rstrip())
    return lines


def remeasured(reading: Mapping[str, Any], view: View, weights: Weights) -> Mapping[str, Any]:
    """Return a reading with the heights that its lines have in another channel mix."""
    return {**reading, "strips": [_in_mix(strip, view, weights) for strip in reading["strips"]]}


def _in_mix(strip: Mapping[str, Any], view: View, weights: Weights) -> Mapping[str, Any]:
    window = window_of(strip["window"])
    lines = [line for line in strip["lines"] if line["position"] is not None and line["height"]]
    unit = window.width / (strip["px_per_mm"] or 1.0)
    aspect = window.length / window.width
    places = [
        (line["position"] * aspect, line["area"] / line["height"] / unit / math.sqrt(2 * math.pi))
        for line in lines
    ]
    fits = measure_lines(fine_patch(view, window), places, weights).lines
    heights = [
        {
            **line,
            "height": fit.height,
            "height_sigma": fit.height_sigma,
            "snr": fit.height / fit.height_sigma,
        }
        for line, fit in zip(lines, fits, strict=True)
    ]
    return {**strip, "lines": heights}


def window_of(corners: Sequence[Sequence[float]]) -> Window:
    """Return the window of a reading, whose first two corners are those of the control end.

    Examples
    --------
    >>> window_of(Window(50, 20, 0.5, 80, 10).quad())
    Window(x=50.0, y=20.0, angle=0.5, length=80.0, width=10.0)
    """
    quad: NDArray[np.float64] = np.array(corners, np.float64)
    x, y = quad.mean(axis=0)
    along, across = (quad[2:].sum(axis=0) - quad[:2].sum(axis=0)) / 2, quad[1] - quad[0]
    angle = math.atan2(along[1], along[0])
    numbers = (x, y, angle, math.hypot(*along), math.hypot(*across))
    return Window(*(round(float(n), 6) for n in numbers))


def prints(photos: Path) -> list[Print]:
    """Return the bars and pieces with given windows; their nominal values are those of the labels."""
    said = {r["path"]: r["concentration"] for r in rows_of(photos / "labels.csv")}
    return [_print(r, said[r["path"]]) for r in rows_of(WINDOWS)]


def _print(given: Mapping[str, str], said: str) -> Print:
    x, y, angle, length, width, line, sigma = (
        float(given[name]) for name in ("x", "y", "angle_deg", "length", "width", "line", "sigma")
    )
    return Print(
        given["path"],
        given["series"],
        nominal(said),
        Window(x, y, math.radians(angle), length, width),
        line,
        sigma,
    )


def nominal(said: str) -> float:
    """Return the number in a label such as ``1:16 dilution`` or ``125 (printed 8-bit grey level)``."""
    match = re.match(r"(?:1:)?(\d+)", said)
    if match is None:
        raise ValueError(f"The label {said!r} gives no number: it should begin with a grey or with 1:N.")
    return float(match[1])


def measured(photos: Path, piece: Print) -> LineFit:
    """Measure one bar or piece in its window; heights in absorbance."""
    width = piece.window.width
    photo = open_file(photos / piece.path)
    patch = fine_patch(View(photo.pixels, photo.chroma, photo.steps), piece.window)
    return measure_lines(patch, [(piece.line / width, piece.sigma / width)], GREY).lines[0]


def series(photos: Path, kind: str) -> dict[str, list[tuple[float, LineFit]]]:
    """Return nominal values and measurements of every series whose name ends so, in nominal order."""
    found: dict[str, list[tuple[float, LineFit]]] = defaultdict(list)
    for piece in prints(photos):
        if piece.series.endswith(kind):
            found[piece.series].append((piece.nominal, measured(photos, piece)))
    return {name: sorted(members, key=lambda m: m[0]) for name, members in found.items()}


def determination(points: Sequence[tuple[float, float]]) -> float:
    """Return R² of a straight line through points; NaN where there are too few different ones."""
    if len({x for x, _ in points}) < 3:
        return math.nan
    return float(np.corrcoef(np.array(points).T)[0, 1] ** 2)


def falls(levels: Mapping[float, Sequence[float]]) -> bool:
    """Tell whether every height at a lower nominal value exceeds every one at the next higher."""
    return all(min(levels[a]) > max(levels[b]) for a, b in pairwise(sorted(levels)))


def bars(photos: Path) -> list[str]:
    """Compare heights of printed bars with their nominal grey."""
    lines = ["Printed bars of several greys"]
    points: list[tuple[float, float]] = []
    for name, members in series(photos, "bar").items():
        own = [(grey, fit.height) for grey, fit in members]
        points += own
        heights = ", ".join(f"{grey:.0f}: {height:.3f}" for grey, height in own)
        good = "falls" if falls({grey: [height] for grey, height in own}) else "does not fall"
        lines.append(row(f"  {name}", f"R² {determination(own):.3f}, {good}  ({heights})"))
    number = with_interval([[point] for point in points], determination)
    return [*lines, row("R² of the height against nominal grey, all bars", number, "≥ 0.98")]


def dilutions(photos: Path) -> list[str]:
    """Compare heights of one serum at several dilutions, and of a serum without antibodies."""
    lines = ["Dilution series"]
    levels: dict[float, list[float]] = defaultdict(list)
    for dilution, fit in series(photos, "vaccinated").get("vaccinated", []):
        levels[dilution].append(fit.height)
    for dilution, heights in levels.items():
        spread = float(np.std(heights, ddof=1) / np.mean(heights))
        shots = ", ".join(f"{height:.3f}" for height in heights)
        lines.append(
            row(f"  1:{dilution:.0f}", f"{np.mean(heights):.3f}  (CV of shots {spread:.3f}: {shots})")
        )
    blanks = [fit for _, fit in series(photos, "healthy").get("healthy", [])]
    if blanks:
        t = max(abs(fit.height / fit.height_sigma) for fit in blanks)
        highest = max(abs(fit.height) for fit in blanks)
        lines.append(
            row("  no antibodies", f"at most {highest:.4f} and {t:.1f} errors from zero, n = {len(blanks)}")
        )
    return [*lines, row("every height falls with dilution", "yes" if falls(levels) else "no", "yes")]


if __name__ == "__main__":
    main()
