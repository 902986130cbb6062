"""Fit the weights that rank rectangles of a photo as read windows.

    python benchmarks/fit_ranker.py [--photos ../shared/photos] [--write] [--processes 2]

Prints how well a refit ranks windows, cross-validated, beside the weights that are shipped; with ``--write``
it replaces them. Needs the extra ``fit`` and five minutes of one core.

What is learned from: simulated scenes (this repository's own) of tests that were run, of unused ones, of
tests beside a printed legend, and of things that are no test; and the labelled windows of two sources that
allow it, both under the MIT licence: chanderbhanswami/medzome-test-ai and OLA-Simple/OLASimple-Aquarium,
but for the third of their tests that is kept out. Sources under other terms are measured against, never
learned from.

Each picture gives the rectangles that the search itself proposes; those that overlap a true window by
more than half are what is looked for. Overlaps with drawn labels are of upright boxes, so only sources
whose devices stand upright can be used.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from fitting import (
    FOLDS,
    FloatArray,
    Model,
    Trial,
    arguments,
    compared,
    each,
    fit_logistic,
    folds_of,
    importance,
    model_from,
    rows,
    write_model,
)
from no_strip import KINDS, draw
from numpy.typing import NDArray

import reader
from reader.geometry import Window, from_corners, overlap
from reader.locate.coloured import find_bars, propose_from_bars
from reader.locate.find import BLANK_ODDS, LEAST_WIDTH_PX, PLACES
from reader.locate.outlines import propose_outlined
from reader.locate.planes import search_planes
from reader.locate.rank import FEATURES, distinct, rank_features, same_place
from reader.simulate import (
    Background,
    Decoy,
    Scene,
    random_camera,
    random_device,
    random_light,
    random_scene,
    render,
    scene,
)
from reader.view import View

Kind = Literal["used", "unused", "legend", "no test", "real"]

SOURCES = {
    "chanderbhanswami/medzome-test-ai": "MIT",
    "OLA-Simple/OLASimple-Aquarium": "MIT",
}
SHIPPED = Path(__file__).resolve().parents[1] / "reader" / "locate" / "ranker.json"
SCENES: dict[Kind, int] = {"used": 83, "unused": 40, "legend": 32, "no test": 2 * len(KINDS)}
FIRST_SEED = 1000
# Of a rectangle. There are few photos; and the empty boxes of a legend are nearly windows, so that learning
# too much from them makes real windows doubtful.
WEIGHT: dict[Kind, float] = {"used": 1.0, "unused": 1.0, "legend": 0.5, "no test": 1.0, "real": 6.0}
HIT = 0.5  # overlap with a true window from which on a rectangle counts as found
STRENGTH = 1.0


@dataclass(frozen=True, slots=True)
class Example:
    """One picture: its rectangles' features and best overlaps with a true window, and where they lie.

    Attributes
    ----------
    kind : str
        What the picture shows.
    features : ndarray, shape (N, F)
        In the order of `FEATURES`.
    overlaps : ndarray, shape (N,)
        0..1.
    windows : tuple of Window
        The N rectangles, in pixels of the search picture.
    group : str
        Pictures of one group share a device.
    """

    kind: Kind
    features: FloatArray
    overlaps: FloatArray
    windows: tuple[Window, ...]
    group: str

    @property
    def hits(self) -> NDArray[np.bool_]:
        """Which rectangles are a true window."""
        return self.overlaps > HIT


def main() -> None:
    options = arguments(__doc__ or "", SHIPPED).parse_args()
    cv2.setNumThreads(1)
    examples = [e for e in read_examples(options) if len(e.windows)]
    shipped = model_from(SHIPPED, FEATURES)
    odds = [[shipped.odds(e.features) for e in examples], held_out(examples)]
    print(compared(trials(examples, *odds)))
    print("The shipped weights may have been fitted to these very pictures; the refit is judged on others.")
    for kind in (*SCENES, "real"):
        for name, given in zip(("shipped", "refit"), odds, strict=True):
            print(ranks(kind, name, examples, given))
    model = fit(examples)
    print(importance(model, FEATURES))
    if options.write:
        licensed = [f"{source} ({licence})" for source, licence in SOURCES.items()]
        write_model(options.output, model, FEATURES, ["simulated scenes", *licensed])


def read_examples(options: argparse.Namespace) -> list[Example]:
    """Describe what the search proposes in simulated pictures and in photos."""
    drawn = [(kind, k) for kind, count in SCENES.items() for k in range(count)][:: options.every]
    photos = labelled(options.photos)[:: options.every]
    return [
        *each(simulated_example, drawn, "simulated pictures", options.processes),
        *each(real_example, photos, "photos", options.processes),
    ]


def simulated_example(job: tuple[Kind, int]) -> Example:
    """Draw a picture of a kind, its windows known exactly."""
    kind, k = job
    rng = np.random.default_rng((FIRST_SEED, k))
    if kind == "no test":
        return example(kind, View(draw(KINDS[k % len(KINDS)], rng)), (), str(k))
    if kind == "legend":
        picture = render(beside_legend(rng), rng)
    elif kind == "unused":
        # A cut window without a line is a plain rectangle; so is a cassette.
        picture = random_scene(rng, kind="strip" if k % 6 == 5 else "cassette", unused=True)
    else:
        picture = random_scene(rng)
    windows = [from_corners(np.array(truth.window)) for truth in picture.truth]
    return example(kind, View(picture.pixels), windows, str(k))


def beside_legend(rng: np.random.Generator) -> Scene:
    """Lay a test, unused as often as not, beside the print that shows how one is read."""
    device = random_device(rng, unused=bool(rng.random() < 0.5))
    angle = float(rng.normal(0, 6)) + 90 * int(rng.integers(4))
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    side = float(rng.choice((-1, 1))) * (device.size_mm[0] / 2 + float(rng.uniform(18, 24)))
    height, turn = float(rng.uniform(-25, 15)), angle + float(rng.normal(0, 4))

    def at(along: float) -> tuple[float, float]:
        return float(side * c - along * s), float(side * s + along * c)

    legend = (
        Decoy("bars", at(height), float(rng.uniform(18, 30)), turn),
        Decoy("text", at(height + 16), float(rng.uniform(1.5, 2.5)), turn, "A    C    B"),
    )
    level = float(rng.uniform(0.5, 0.75))
    return scene(
        [device],
        angle_deg=angle,
        fill=float(rng.uniform(0.5, 0.85)),
        background=Background("paper", (level, level, level)),
        decoys=legend,
        light=random_light(rng),
        camera=random_camera(rng),
    )


def labelled(photos: Path) -> list[tuple[Path, tuple[Window, ...]]]:
    """Return the photos with drawn windows of the sources that may be learned from."""
    boxes: dict[Path, tuple[Window, ...]] = {}
    for row in rows(photos, "boxes.csv", list(SOURCES)):
        if row["class"].startswith(("window", "membrane")):
            x0, y0, x1, y1 = (float(row[name]) for name in ("x0", "y0", "x1", "y1"))
            window = from_corners(np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)]))
            path = photos / row["path"]
            boxes[path] = (*boxes.get(path, ()), window)
    return list(boxes.items())


def real_example(job: tuple[Path, tuple[Window, ...]]) -> Example:
    """Describe a photo with its drawn windows."""
    path, windows = job
    return example("real", View(reader.open_file(path).pixels), windows, path.name)


def example(kind: Kind, view: View, windows: Sequence[Window], group: str) -> Example:
    """Describe what the search proposes in a picture.

    Parameters
    ----------
    kind : str
        What the picture shows.
    view : View
        The picture.
    windows : sequence of Window
        The true windows, in its pixels; there may be none.
    group : str
        Pictures of one group share a device.
    """
    proposed = proposals(view)
    truth = [window.scaled(view.scale) for window in windows]
    overlaps = np.array([max((overlap(p, t) for t in truth), default=0.0) for p in proposed])
    features = np.empty((0, len(FEATURES)))
    if proposed:
        features = rank_features(search_planes(view.log_small), proposed)
    return Example(kind, features, overlaps, tuple(proposed), group)


def proposals(view: View) -> list[Window]:
    """Return the rectangles that the search would rank, in pixels of the search picture."""
    brightest: NDArray[np.uint8] = np.ascontiguousarray(view.small.max(axis=2))
    planes = search_planes(view.log_small)
    proposed = propose_outlined(brightest) + propose_from_bars(planes, find_bars(planes))
    return distinct([window for window in proposed if window.width >= LEAST_WIDTH_PX])


def fit(examples: Sequence[Example]) -> Model:
    """Fit the model to all rectangles of some pictures."""
    features = np.concatenate([e.features for e in examples])
    target = np.concatenate([e.hits for e in examples])
    weight = np.concatenate([np.full(len(e.windows), WEIGHT[e.kind]) for e in examples])
    return fit_logistic(features, target, strength=STRENGTH, weight=weight)


def held_out(examples: Sequence[Example]) -> list[FloatArray]:
    """Return log-odds of each picture's rectangles by a model that was fitted without its group."""
    fold = folds_of([e.group for e in examples])
    models = [fit([e for e, f in zip(examples, fold, strict=True) if f != k]) for k in range(FOLDS)]
    return [models[f].odds(e.features) for e, f in zip(examples, fold, strict=True)]


def trials(
    examples: Sequence[Example], shipped: Sequence[FloatArray], refit: Sequence[FloatArray]
) -> list[Trial]:
    """Compare models rectangle by rectangle, in simulated pictures and in photos."""
    found = []
    for name, real in (("simulated pictures: every rectangle", False), ("photos: every rectangle", True)):
        own = [k for k, e in enumerate(examples) if (e.kind == "real") == real]
        if own:
            group = np.repeat(np.arange(len(own)), [len(examples[k].windows) for k in own])
            truth = np.concatenate([examples[k].hits for k in own])
            found.append(
                Trial(name, truth, group, *(np.concatenate([o[k] for k in own]) for o in (refit, shipped)))
            )
    return found


def ranks(kind: str, name: str, examples: Sequence[Example], odds: Sequence[FloatArray]) -> str:
    """Say how often a window leads, how often the search looks at it, and how surely it is known.

    The last two: in how many pictures a window, and a place that is none, has the odds of a blank window.
    """
    own = [(e, o) for e, o in zip(examples, odds, strict=True) if e.kind == kind]
    place = [place_of_window(e, o) for e, o in own]
    window = [bool((o[e.hits] > BLANK_ODDS).any()) for e, o in own]
    other = [bool((o[e.overlaps == 0] > BLANK_ODDS).any()) for e, o in own]
    return (
        f"{kind:8} {name:8} {len(own):3} pictures; window first {sum(p == 0 for p in place):3}, "
        f"looked at {sum(p < PLACES for p in place):3}, "
        f"blank one evident {sum(window):3}; other place evident {sum(other):3}"
    )


def place_of_window(example: Example, odds: FloatArray) -> int:
    """Return how many places of a picture come before the first that holds a true window."""
    before: list[Window] = []
    for k in np.argsort(-odds):
        if example.hits[k]:
            return len(before)
        if len(before) >= PLACES:
            break
        if not any(same_place(example.windows[k], window) for window in before):
            before.append(example.windows[k])
    return PLACES


if __name__ == "__main__":
    main()
