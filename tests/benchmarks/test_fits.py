"""The fits, on numbers whose answer is known; what they learn from must allow it."""

from __future__ import annotations

import csv
import itertools
import json
import runpy
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the extra `fit`: pip install -e '.[fit]'")

from reader.geometry import Window
from reader.simulate import cassette, crop, render

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


def test_both_kinds_weigh_half_and_each_in_itself_as_given(script):
    truth = np.array([True, False, False, False])
    weight = script("fitting.py")["balanced"](truth, np.array([5.0, 1.0, 1.0, 2.0]))
    assert weight == pytest.approx([0.5, 0.125, 0.125, 0.25])


def test_no_group_is_split_between_folds_and_every_fold_has_its_share(script):
    groups = [f"g{k % 23}" for k in range(200)]
    fold = script("fitting.py")["folds_of"](groups)
    assert len({(group, int(f)) for group, f in zip(groups, fold, strict=True)}) == 23
    assert sorted(len({g for g, f in zip(groups, fold, strict=True) if f == k}) for k in range(5)) == [
        4,
        4,
        5,
        5,
        5,
    ]
    assert (fold == script("fitting.py")["folds_of"](groups)).all()


def test_a_guess_costs_the_logarithm_of_two_and_a_group_counts_once(script):
    fitting = script("fitting.py")
    truth = np.array([True, True, True, False, False])
    group = np.array([0, 0, 1, 2, 3])
    # The first group's two pictures share one test's weight.
    shipped = np.array([2.0, -2.0, 2.0, -2.0, -2.0])
    right, wrong = np.log1p(np.exp(-2)), np.log1p(np.exp(2))
    row = fitting["compared"]([fitting["Trial"]("lines", truth, group, np.zeros(5), shipped)]).splitlines()[
        -1
    ]
    name, refit, was, change, _, error, area, area_was = row.split()
    assert (name, refit, area) == ("lines", "0.693", "0.5000")
    assert float(was) == pytest.approx(right + 0.125 * (wrong - right), abs=6e-4)
    assert float(change) == pytest.approx(0.6931 - float(was), abs=1.1e-3)
    # Groups differ in loss by 1 only in the first, whose mean lies 1 above the others' for a quarter of all.
    assert float(error) == pytest.approx(0.25 * np.sqrt(0.75**2 + 3 * 0.25**2), abs=6e-4)
    assert float(area_was) == pytest.approx(0.875)


@pytest.mark.parametrize("processes", [1, 2])
def test_work_comes_back_in_order_from_any_number_of_processes(script, processes, capsys):
    made = list(script("fitting.py")["each"](abs, range(-9, 0), "numbers", processes))
    assert made == list(range(9, 0, -1))
    assert capsys.readouterr().err.startswith("numbers: 9 of 9 after ")


def test_a_folder_without_the_labels_is_named(script, tmp_path):
    with pytest.raises(SystemExit, match=r"There is no .*labels\.csv: name the folder .* --photos"):
        list(script("fitting.py")["rows"](tmp_path, "labels.csv", ["a/b"]))


def label_photos(folder, *rows):
    """Write ``labels.csv`` with rows of a path, a source and a group."""
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("path", "source", "group"), *rows])


def a_test_of(source, script, *, kept):
    """Name a test of a source that is kept out, or one that is not."""
    is_kept_out = script("kept_out.py")["is_kept_out"]
    names = (f"test {k}" for k in itertools.count())
    return next(n for n in names if is_kept_out({"source": source, "group": n, "path": ""}) == kept)


def test_only_the_named_sources_are_learned_from(script, tmp_path):
    sources = ["a/b", "a/c", "a/b__d"]
    label_photos(tmp_path, *((f"{s}.jpg", s, a_test_of(s, script, kept=False)) for s in sources))
    found = script("fitting.py")["rows"](tmp_path, "labels.csv", ["a/b", "a/b__d"])
    assert [row["path"] for row in found] == ["a/b.jpg", "a/b__d.jpg"]


def test_no_table_teaches_from_a_picture_of_a_test_that_is_kept_out(script, tmp_path):
    kept, other = (a_test_of("a/b", script, kept=kept) for kept in (True, False))
    label_photos(tmp_path, *((f"{k}.jpg", "a/b", test) for k, test in enumerate([kept, other, other, kept])))
    # Of the last picture nothing is known.
    boxes = "".join(f"{k}.jpg,window\n" for k in (3, 2, 2, 1, 0, 4))
    (tmp_path / "boxes.csv").write_text(f"path,class\n{boxes}", encoding="utf-8")
    rows = script("fitting.py")["rows"]
    assert [row["path"] for row in rows(tmp_path, "labels.csv", ["a/b"])] == ["1.jpg", "2.jpg"]
    assert [row["path"] for row in rows(tmp_path, "boxes.csv", ["a/b"])] == ["2.jpg", "2.jpg", "1.jpg"]


def test_a_third_of_the_tests_is_kept_out_with_all_their_pictures(script):
    is_kept_out = script("kept_out.py")["is_kept_out"]
    pictures = [{"source": "a/b", "group": f"g{k % 900}", "path": f"{k}.jpg"} for k in range(1800)]
    first, second = np.array([is_kept_out(row) for row in pictures]).reshape(2, 900)
    assert (first == second).all()
    assert first.mean() == pytest.approx(1 / 3, abs=0.05)


def test_what_is_kept_out_is_so_for_ever(script):
    is_kept_out = script("kept_out.py")["is_kept_out"]
    # CRC-32 of a/b/g8, a/b/g1, a/b/1.jpg: 2440805922, 3903260294, 43094364.
    assert is_kept_out({"source": "a/b", "group": "g8", "path": "1.jpg"})
    assert not is_kept_out({"source": "a/b", "group": "g1", "path": "1.jpg"})
    assert is_kept_out({"source": "a/b", "group": "", "path": "1.jpg"})


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
    again = fitting["model_from"](tmp_path / "model.json", features)
    seen = np.linspace(-1, 1, 3 * len(features)).reshape(3, -1)
    assert again.odds(seen) == pytest.approx(model.odds(seen))


def drawn_lines(fit, rng, count):
    """Crops and simulated lines whose first feature tells, in the features of a fit."""
    size = len(fit["FEATURES"])
    crops = []
    for k in range(count):
        positive = k % 3 == 0
        features = rng.normal(0, 1, (3, size)) + positive * np.eye(3, 1) * 6 * np.eye(1, size)
        crops.append(fit["Crop"](features, positive, f"test {k // 2}"))
    present = np.arange(count) % 2 == 0
    features = rng.normal(0, 1, (count, size)) + present[:, None] * 6 * np.eye(1, size)
    return crops, fit["Lines"](features, present, np.arange(count) // 4)


@pytest.mark.parametrize("write", [False, True])
def test_the_evidence_is_compared_always_and_written_only_when_asked(
    script, write, tmp_path, monkeypatch, capsys
):
    fit = script("fit_evidence.py")
    crops, lines = drawn_lines(fit, np.random.default_rng(3), 120)
    (tmp_path / "labels.csv").write_text("path,source,usable,kind,expected_result,group\n", encoding="utf-8")
    monkeypatch.setitem(
        fit["main"].__globals__, "each", lambda _f, _j, what, _n: iter(crops if what == "crops" else [lines])
    )
    output = tmp_path / "evidence.json"
    words = ["fit_evidence.py", "--photos", str(tmp_path), "--output", str(output)]
    monkeypatch.setattr("sys.argv", [*words, "--write"] if write else words)
    fit["main"]()
    rows = [line for line in capsys.readouterr().out.splitlines() if "±" in line]
    # Held out and fitted to all, both are told by the one feature that matters.
    assert [row.split(":")[0] for row in rows] == 2 * ["crops", "simulated photos"]
    assert all(float(row.split()[-2]) > 0.99 for row in rows)
    assert output.exists() == write


def window_picture(monkeypatch, fit, lines):
    device = cassette(lines)
    picture = render(crop(device, px_per_mm=14), np.random.default_rng(1))
    monkeypatch.setitem(fit["lines_of"].__globals__, "random_scene", lambda _rng: picture)


@pytest.mark.parametrize(("od", "lines"), [(0.2, 1), (0.0, 0)])
def test_a_mark_in_a_simulated_window_is_a_line_where_one_was_laid(script, monkeypatch, od, lines):
    fit = script("fit_evidence.py")
    window_picture(monkeypatch, fit, {"C": 0.4, "T": od})
    found = fit["lines_of"](7)
    assert found.present.sum() == lines * fit["LOOKS"]
    assert found.features.shape == (len(found.present), len(fit["FEATURES"]))
    assert set(found.group) <= {7}


def test_a_line_too_faint_for_an_eye_is_neither_a_line_nor_a_mark(script, monkeypatch):
    fit = script("fit_evidence.py")
    window_picture(monkeypatch, fit, {"C": 0.4, "T": 0.2})
    seen = fit["lines_of"](7)
    monkeypatch.setitem(fit["lines_of"].__globals__, "FAINTEST", 0.3)
    unseen = fit["lines_of"](7)
    assert not unseen.present.any()
    assert len(unseen.present) == len(seen.present) - seen.present.sum()


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
        crops.append(fit["Crop"](features, k % 3 == 0, str(k)))
    simulated = rng.normal(0, 1, (200, 3)) + np.arange(200)[:, None] % 2 * (4, 0, 0)
    model = fit["fit"](crops, simulated, np.arange(200) % 2 == 1)
    found = [int(np.argmax(model.odds(crop.features))) for crop in crops if crop.positive]
    assert np.mean(np.equal(found, lines)) > 0.95


def test_drawn_windows_become_windows_with_the_long_side_as_flow(script, tmp_path):
    fit = script("fit_ranker.py")
    folder = tmp_path / "OLA-Simple__OLASimple-Aquarium"
    test = a_test_of("OLA-Simple/OLASimple-Aquarium", script, kept=False)
    label_photos(tmp_path, (f"{folder.name}/a.png", "OLA-Simple/OLASimple-Aquarium", test))
    with (tmp_path / "boxes.csv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["path", "class", "x0", "y0", "x1", "y1"])
        table.writerow([f"{folder.name}/a.png", "window_A", 100, 40, 120, 120])
        table.writerow([f"{folder.name}/a.png", "cassette", 50, 0, 150, 200])
        table.writerow(["others__photos/b.png", "window", 0, 0, 1, 1])
    ((path, (window,)),) = fit["labelled"](tmp_path)
    assert path == folder / "a.png"
    assert (window.x, window.y, window.length, window.width) == (110, 80, 80, 20)


def ranked(fit, overlaps, places):
    windows = tuple(Window(x, 50.0, 0.0, 40.0, 10.0) for x in places)
    features = np.zeros((len(windows), len(fit["FEATURES"])))
    return fit["Example"]("used", features, np.asarray(overlaps, float), windows, "0")


def test_a_window_comes_after_as_many_places_as_have_better_odds(script):
    fit = script("fit_ranker.py")
    # The second rectangle lies at the place of the first.
    one = ranked(fit, [0, 0, 0, 0.8], [100, 102, 300, 500])
    odds = np.array([4.0, 3.0, 2.0, 1.0])
    assert fit["place_of_window"](one, odds) == 2
    assert fit["place_of_window"](one, -odds) == 0
    assert fit["place_of_window"](ranked(fit, [0, 0.5], [100, 300]), odds[:2]) == fit["PLACES"]


def test_rectangles_of_a_picture_without_a_test_are_all_wrong(script):
    fit = script("fit_ranker.py")
    made = fit["simulated_example"](("no test", 0))
    assert not made.hits.any()
    assert made.features.shape == (len(made.windows), len(fit["FEATURES"]))


@pytest.mark.parametrize("seed", range(8))
def test_a_legend_lies_clear_of_the_test_beside_it(script, seed):
    seen = script("fit_ranker.py")["beside_legend"](np.random.default_rng(seed))
    (placed,) = seen.placed
    assert [decoy.kind for decoy in seen.decoys] == ["bars", "text"]
    angle = np.radians(placed.angle_deg)
    for decoy in seen.decoys:
        across = np.dot(decoy.center_mm, (np.cos(angle), np.sin(angle)))
        assert abs(across) > placed.device.size_mm[0] / 2 + 15
