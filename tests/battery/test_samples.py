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


@pytest.mark.parametrize("name", TRUTH)
def test_a_sample_is_read_as_what_it_shows(name: str):
    assert reading_of(name).outcome.value in TRUTH[name]["accept"]


@pytest.mark.parametrize("name", WITHOUT_A_STRIP)
def test_a_picture_without_a_strip_is_never_called(name: str):
    assert reading_of(name).outcome.value not in {"positive", "negative", "multiple"}


@pytest.mark.parametrize("name", CLEAR)
def test_every_line_of_a_clear_sample_is_found_where_it_was_drawn_and_no_other(name: str):
    (strip,), (truth,) = reading_of(name).strips, TRUTH[name]["strips"]
    found = [line for line in strip.lines if line.detected]
    drawn = [line for line in truth["lines"] if line["present"]]
    assert [line.role for line in found] == [line["role"] for line in drawn]
    if strip.assay != "generic":
        assert [line.name for line in found] == [line["name"] for line in drawn]
    for seen, line in zip(found, drawn, strict=True):
        assert seen.center is not None
        assert np.hypot(*np.subtract(seen.center, line["center"])) < 0.2 * width_px(truth["window"])


@pytest.mark.parametrize("name", TRUTH)
def test_absence_is_a_measurement_with_place_and_height_too(name: str):
    lines = [line for strip in reading_of(name).strips for line in strip.lines]
    assert all(line.center is not None and line.height is not None for line in lines)
