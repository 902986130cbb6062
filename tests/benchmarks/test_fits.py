"""The fits, on numbers whose answer is known; what they learn from must allow it."""

from __future__ import annotations

import csv
import json
import runpy
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the extra `fit`: pip install -e '.[fit]'")

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return lambda name: runpy.run_path(str(BENCHMARKS / name), run_name=name)


def two_kinds(rng, count):
    """Rows of three features of very different size; the first two tell the kinds apart."""
    target = rng.random(count) < 0.3
    features = rng.normal(0, 1, (count, 3))
    features[:, 0] += 2 * target
    features[:, 1] -= 2 * target
    return features * (1, 100, 0.01) + (5, -300, 0), target


def test_weights_are_for_features_as_they_are_measured(script):
    features, target = two_kinds(np.random.default_rng(1), 4000)
    model = script("fitting.py")["fit_logistic"](features, target, strength=1.0)
    # Between two normal kinds of equal spread the log-odds are linear, with slope 2 per standard deviation.
    assert model.weights * (1, 100, 0.01) == pytest.approx([2, -2, 0], abs=0.25)
    assert np.mean((model.odds(features) > 0) == target) > 0.9


def test_only_the_named_sources_are_learned_from(script, tmp_path):
    table = tmp_path / "labels.csv"
    table.write_text("path,usable\na__b/1.jpg,1\na__c/2.jpg,1\na__b__d/3.jpg,1\n", encoding="utf-8")
    found = script("fitting.py")["rows"](table, ["a/b"])
    assert [row["path"] for row in found] == ["a__b/1.jpg"]


@pytest.mark.parametrize("name", ["fit_ranker.py", "fit_evidence.py"])
def test_the_sources_of_a_fit_have_licences_that_allow_it(script, name):
    assert set(script(name)["SOURCES"].values()) <= {"MIT", "BSD-3-Clause", "Apache-2.0"}


@pytest.mark.parametrize("name", ["fit_ranker.py", "fit_evidence.py"])
def test_a_written_model_has_every_feature_and_its_sources(script, name, tmp_path):
    features = script(name)["FEATURES"]
    fitting = script("fitting.py")
    weights = np.arange(len(features), dtype=float)
    model = fitting["Model"](weights, -1.5, weights)
    fitting["write_model"](tmp_path / "model.json", model, features, ["a/b (MIT)"])
    written = json.loads((tmp_path / "model.json").read_text(encoding="utf-8"))
    assert tuple(written["weights"]) == features
    assert list(written["weights"].values()) == pytest.approx(list(weights))
    assert (written["intercept"], written["learned_from"]) == (-1.5, ["a/b (MIT)"])


def test_the_line_of_a_positive_crop_is_found_although_its_label_does_not_say_which(script):
    fit = script("fit_evidence.py")
    rng = np.random.default_rng(2)
    crops, lines = [], []
    for k in range(120):
        features, line = rng.normal(0, 1, (4, 3)), int(rng.choice(4, p=(0.4, 0.2, 0.2, 0.2)))
        if k % 3 == 0:
            # The first of the list is where the line is first sought; more often than not it is elsewhere.
            features[line] += (4, 0, 0)
            lines.append(line)
        crops.append(fit["Crop"](features, k % 3 == 0))
    simulated = rng.normal(0, 1, (200, 3)) + np.arange(200)[:, None] % 2 * (4, 0, 0)
    model = fit["fit"](crops, simulated, np.arange(200) % 2 == 1)
    found = [int(np.argmax(model.odds(crop.features))) for crop in crops if crop.positive]
    assert np.mean(np.equal(found, lines)) > 0.95


def test_drawn_windows_become_windows_with_the_long_side_as_flow(script, tmp_path, monkeypatch):
    fit = script("fit_ranker.py")
    folder = tmp_path / "OLA-Simple__OLASimple-Aquarium"
    with (tmp_path / "boxes.csv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["path", "class", "x0", "y0", "x1", "y1"])
        table.writerow([f"{folder.name}/a.png", "window_A", 100, 40, 120, 120])
        table.writerow([f"{folder.name}/a.png", "cassette", 50, 0, 150, 200])
        table.writerow(["others__photos/b.png", "window", 0, 0, 1, 1])
    asked = []
    monkeypatch.setitem(
        fit["real_examples"].__globals__, "example", lambda _view, w, _weight: asked.append(w)
    )
    monkeypatch.setattr("reader.open_file", lambda _path: type("Photo", (), {"pixels": None}))
    assert list(fit["real_examples"](tmp_path, 1)) == []
    ((window,),) = asked
    assert (window.x, window.y, window.length, window.width) == (110, 80, 80, 20)
