"""The suite measures what it says, judges itself rightly, and gives its rivals a fair chance."""

from __future__ import annotations

import importlib
import json
import math
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
PLACE, SIGMA = 200.0, 9.55


@pytest.fixture
def suite(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return lambda name: importlib.import_module(f"measurement_{name}" if name else "measurement")


def line(height):
    return height * np.exp(-((np.arange(400) - PLACE) ** 2) / (2 * SIGMA**2))


# --- profiles ------------------------------------------------------------------------------------


def test_a_smooth_course_has_the_noise_of_its_ground(suite):
    profiles = suite("profiles")
    ratios = []
    for seed in range(60):
        course = profiles.smooth(np.random.default_rng(seed), 0.0, kappa=1e9)
        if not course.ground.grain:
            rough = np.diff(course.profile, 2)[240:280]
            ratios.append(np.mean(rough**2) / 6 / course.ground.white)
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.15)


def test_grain_adds_its_density_to_the_noise_at_long_waves(suite):
    blurred = suite("profiles")._blurred(np.random.default_rng(1).standard_normal((500, 460)), 4.0)
    assert blurred.sum(axis=1).var() / blurred.shape[1] == pytest.approx(1.0, abs=0.2)


def test_courses_are_as_stiff_as_was_asked_for(suite):
    course = suite("profiles").smooth(np.random.default_rng(4), 0.0, kappa=40.0)
    assert course.ground.stiffness(course.sigma) == pytest.approx(40.0)


def test_the_reader_measures_the_lines_of_a_course_where_they_are(suite):
    course = suite("profiles").smooth(np.random.default_rng(1), 0.3, kappa=500.0)
    for found, place, height in zip(course.read(), course.places, course.heights, strict=True):
        assert found.place - 0.5 == pytest.approx(place, abs=0.5)
        assert found.height == pytest.approx(height, abs=5 * found.height_sigma)


@pytest.mark.parametrize("image", [False, True])
def test_two_levels_of_one_seed_differ_by_the_line_only(suite, image):
    bench = suite("trials").Bench(5e-4, image)
    blank, lined = (bench.course(level, (1, 2)).profile for level in (0.0, 0.2))
    away = np.abs(np.arange(400) - 272) > 60
    assert np.abs(lined - blank)[away].max() < (0.01 if image else 1e-9)
    assert (lined - blank)[272] == pytest.approx(0.2, abs=0.01)


# --- rivals --------------------------------------------------------------------------------------


def pipelines():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        rivals = importlib.import_module("measurement_rivals")
    return {**rivals.PIPELINES, **rivals.TEMPLATE}


@pytest.mark.parametrize(("name", "grid"), pipelines().items())
def test_each_rival_in_one_of_its_settings_measures_a_clear_line_on_a_slope(name, grid):
    profile = line(0.2) + np.linspace(0, 0.02, 400) + np.random.default_rng(1).normal(0, 5e-4, 400)
    found = {setting: measure(profile, PLACE, SIGMA) for setting, measure in grid.items()}
    assert min(abs(height - 0.2) for height in found.values()) < 0.03, (name, found)


def test_the_few_of_the_short_form_are_among_those_of_the_long_one(suite):
    rivals = suite("rivals")
    for name, grid in rivals.FEW.items():
        assert set(grid) <= set(rivals.PIPELINES[name])


def test_the_limit_of_detection_of_normal_heights_is_that_of_the_guideline(suite):
    noise = np.random.default_rng(1).normal(0, 0.001, 20_000)
    found = suite("trials").detection({a: a + noise for a in np.linspace(0, 0.01, 21).tolist()})
    assert found == pytest.approx(3.29e-3, rel=0.03)


def test_a_pipeline_that_sees_no_line_has_no_limit(suite):
    noise = np.random.default_rng(1).normal(0, 0.001, 1000)
    assert math.isinf(suite("trials").detection(dict.fromkeys((0.0, 0.01, 0.02), noise)))


# --- numbers -------------------------------------------------------------------------------------


def trials(suite, scale=1.0, truth=0.0, bias=0.0, count=20_000):
    rng = np.random.default_rng(3)
    heights = truth + bias + scale * 1e-3 * rng.standard_normal(count)
    errors, stiffness = np.full(count, 1e-3), np.geomspace(3.01, 5990, count)
    return suite("trials").Trials(truth, heights, errors, heights, errors, errors, stiffness)


def test_honest_trials_reach_every_aim(suite):
    numbers = suite("numbers")
    found = [numbers.variance("x", trials(suite)), numbers.tail("x", trials(suite))]
    found += [*numbers.calibration("x", trials(suite)), *numbers.strengths("x", [trials(suite, truth=0.1)])]
    assert [n.name for n in found if n.missed] == []


def test_errors_that_are_claimed_too_small_miss_their_aims(suite):
    numbers = suite("numbers")
    bold = trials(suite, scale=1.5, truth=0.1)
    missed = {n.name for n in numbers.strengths("x", [bold]) if n.missed}
    assert missed == {f"coverage of the 95 % interval of {what}" for what in ("height", "area")}
    assert numbers.tail("x", trials(suite, scale=1.5)).missed
    assert numbers.variance("x", trials(suite, scale=1.5)).missed


def test_a_bias_beyond_what_is_allowed_misses_its_aim(suite):
    numbers = suite("numbers")
    (linear, *_) = numbers.strengths("x", [trials(suite, truth=0.1, bias=0.003)])
    assert linear.value == pytest.approx(2.0, abs=0.02)
    assert linear.missed


def test_chance_is_no_miss(suite):
    numbers = suite("numbers")
    aim = numbers.Aim(1.0, -math.inf, 1.3)
    assert not numbers.Number("s", "n", 1.35, 1.25, 1.45, aim).missed
    assert numbers.Number("s", "n", 1.55, 1.45, 1.65, aim).missed


@pytest.mark.parametrize(
    ("ideal", "now", "recorded", "is_worse"),
    [(1.0, 1.3, 1.1, True), (1.0, 1.15, 1.1, False), (1.0, 0.7, 1.1, True), (0.0, 0.5, 0.9, False)],
)
def test_what_is_farther_from_the_ideal_than_recorded_is_worse(suite, ideal, now, recorded, is_worse):
    numbers = suite("numbers")
    number = numbers.Number("s", "n", now, now, now, numbers.Aim(ideal, -math.inf, math.inf))
    assert numbers.worse(number, recorded, 0.1) is is_worse


def test_a_number_that_cannot_be_told_is_worse(suite):
    numbers = suite("numbers")
    assert numbers.worse(numbers.Number("s", "n", math.nan, 0, 0), 1.0, 0.1)


def test_the_reader_is_compared_with_the_best_of_the_others(suite):
    numbers = suite("numbers")
    noise = np.random.default_rng(1).normal(0, 1e-3, 500)
    levels = np.linspace(0, 0.02, 21).tolist()
    heights = {
        name: {a: a + factor * noise for a in levels}
        for name, factor in (
            (numbers.READER, 1.0),
            ("a 1", 2.0),
            ("b 2", 3.0),
            ("scipy Gaussian on a slope 3", 1.25),
        )
    }
    *_, baseline, template = numbers.rivals("bench", heights, held=True)
    assert (baseline.value, template.value) == (pytest.approx(0.5, abs=0.01), pytest.approx(0.8, abs=0.01))
    assert (baseline.held, template.held) == (True, True)
    assert not baseline.missed


def test_the_check_fails_for_what_is_worse_or_missing(suite, capsys):
    measurement, numbers = suite(""), suite("numbers")
    number = numbers.Number("s", "n", 1.2, 1.1, 1.3, numbers.VARIANCE, held=True)
    assert measurement.verdict([number], {"s: n": {"value": 1.1, "tolerance": 0.15}}) == 0
    assert measurement.verdict([number], {"s: n": {"value": 1.0, "tolerance": 0.15}}) == 1
    assert measurement.verdict([number], {"s: m": {"value": 1.0, "tolerance": 0.15}}) == 1
    assert "Worse than recorded (1): s: m" in capsys.readouterr().out


def test_the_record_holds_held_numbers_with_their_tolerance(suite):
    measurement, numbers = suite(""), suite("numbers")
    rows = [numbers.Number("s", name, 1.2, 1.1, 1.3, held=name == "held") for name in ("held", "other")]
    assert measurement.recorded(rows) == {"s: held": {"value": 1.2, "tolerance": pytest.approx(0.15)}}


def test_what_is_recorded_has_a_tolerance(suite):
    record = json.loads(suite("").RECORD.read_text(encoding="utf-8"))
    assert len(record) > 10
    assert all(entry["tolerance"] > 0 for entry in record.values())


def test_the_figure_of_any_findings_is_well_formed(suite):
    numbers, figure = suite("numbers"), suite("figure")
    study, report = (
        importlib.import_module("reader.limits.study"),
        importlib.import_module("reader.limits.ep17"),
    )
    found_limits = report.Limits(0.0016, 0.0033, 0.005, 0.0053, 0.001, 0.0, 1.0)
    settings = study.settings_of({})
    cases = [study.Case(s, {"membrane": 0.001}, found_limits, (0.003, 0.0036)) for s in settings]
    noise = np.random.default_rng(1).normal(0, 1e-3, 100)
    heights = {a: a + noise for a in (0.0, 0.01, 0.02)}
    names = (numbers.READER, "pybaselines x 1", "scipy x 1", "scipy Gaussian on a slope 3")
    strong = [trials(suite, truth=a, count=100) for a in (0.01, 0.1)]
    findings = numbers.Findings(
        noise,
        trials(suite),
        strong,
        trials(suite),
        strong,
        {"b": dict.fromkeys(names, heights)},
        cases,
        cases[:2],
    )
    texts = [e.text for e in ET.fromstring(figure.figure(findings)).iter("{http://www.w3.org/2000/svg}text")]
    assert "variance of height over bound" in texts
    assert [n.section for n in numbers.numbers_of(findings)][-1] == "time"
