"""The sample pictures, each read with its own assay and compared with what it was made to show."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import reader
from reader.reading import Reading

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
TRUTH: dict[str, dict[str, Any]] = json.loads((SAMPLES / "truth.json").read_text(encoding="utf-8"))[
    "pictures"
]
# What the reader does not manage yet: pictures that may be read wrongly, and why.
WRONG_OUTCOME = {
    "bad-tiny.jpg": "the outline of a tiny cassette is taken for its window",
}
WRONG_LINES = {
    "bare-strip.jpg": "a faint ripple of the strip is taken for a second test line",
}
WITHOUT_A_STRIP = [name for name, truth in TRUTH.items() if not truth["strips"]]
CLEAR = [name for name, truth in TRUTH.items() if truth["accept"] in (["positive"], ["negative"])]


@cache
def reading_of(name: str) -> Reading:
    return reader.read_file(SAMPLES / name, assay=TRUTH[name]["assay"])


def width_px(quad: Any) -> float:
    """Length of a window's control end, px."""
    return float(np.hypot(*np.subtract(quad[0], quad[1])))


def test_every_sample_has_its_truth():
    pictures = {path.name for path in SAMPLES.iterdir() if path.suffix not in {".json", ".md"}}
    assert pictures == set(TRUTH)


def test_nearly_every_sample_is_read_as_what_it_shows():
    wrong = {n for n, truth in TRUTH.items() if reading_of(n).outcome.value not in truth["accept"]}
    assert wrong <= set(WRONG_OUTCOME)


@pytest.mark.parametrize("name", WITHOUT_A_STRIP)
def test_a_picture_without_a_strip_is_never_called(name: str):
    assert reading_of(name).outcome.value not in {"positive", "negative", "multiple"}


def lines_agree(name: str) -> bool:
    """Whether exactly the lines that were drawn are found, where they were drawn and by their names."""
    (truth,) = TRUTH[name]["strips"]
    strips = reading_of(name).strips
    found = [line for strip in strips for line in strip.lines if line.detected]
    drawn = [line for line in truth["lines"] if line["present"]]
    if len(strips) != 1 or [line.role for line in found] != [line["role"] for line in drawn]:
        return False
    named = strips[0].assay == "generic" or [n.name for n in found] == [n["name"] for n in drawn]
    apart = [
        float(np.hypot(*np.subtract(seen.center or (0, 0), line["center"])))
        for seen, line in zip(found, drawn, strict=True)
    ]
    return named and max(apart, default=0.0) < 0.2 * width_px(truth["window"])


def test_the_lines_of_nearly_all_clear_samples_are_found_where_they_were_drawn_and_no_other():
    astray = {name for name in CLEAR if not lines_agree(name)}
    assert astray <= set(WRONG_LINES)


@pytest.mark.parametrize("name", TRUTH)
def test_absence_is_a_measurement_with_place_and_height_too(name: str):
    lines = [line for strip in reading_of(name).strips for line in strip.lines]
    assert all(line.center is not None and line.height is not None for line in lines)
