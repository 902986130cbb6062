"""Black lines are lines: in a device, and wherever the kit says that its label is carbon."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import reader
from reader.simulate import cassette, crop, render, scene


def pixels(control: float, test: float, *, whole: bool) -> np.ndarray:
    device = cassette({"C": control, "T": test}, label="carbon")
    seen = scene([device], size_px=(900, 1200), fill=0.8) if whole else crop(device, angle_deg=90.0)
    return render(seen, np.random.default_rng(1)).pixels


@pytest.mark.parametrize("whole", [True, False], ids=["device", "cut out"])
@pytest.mark.parametrize(
    ("control", "test", "outcome"),
    [(0.9, 0.5, "positive"), (1.3, 0.9, "positive"), (0.6, 0.0, "negative"), (0.9, 0.0, "negative")],
)
def test_dense_black_lines_are_called_whether_the_label_is_known_or_not(control, test, outcome, whole):
    picture = pixels(control, test, whole=whole)
    carbon = replace(reader.load_assay("covid-19-ag"), label="carbon")
    assert reader.read_image(picture).outcome == outcome
    assert reader.read_image(picture, assay=carbon).outcome == outcome
