"""The document and the figure say what was found, and for what it holds."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from reader.interpret import load_assay
from reader.limits.ep17 import Limits
from reader.limits.report import assumptions, document, figure, series_of
from reader.limits.setting import Kit, Setting, least_height_errors
from reader.limits.study import FACTORS, Case, settings_of
from reader.report.chart import Panel, Rule, Series, chart_svg

KIT = Kit.of(load_assay("hcg"))
FOUND = Limits(0.0016, 0.0033, 0.005, 0.0053, 0.001, 0.0, 1.0)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def cases():
    return [Case(s, least_height_errors(KIT, s), FOUND, (0.003, 0.0036)) for s in settings_of({})]


def test_the_document_holds_bound_and_reader_of_every_case(cases):
    made = document(KIT, cases, trials=40, seed=1)
    assert made["schema"] == "lfa-limits/1"
    assert [entry["reader"]["lod"] for entry in made["cases"]] == [0.0033] * len(cases)
    first = made["cases"][0]
    assert first["bound"]["membrane"]["lod"] == pytest.approx(3.29 * cases[0].least["membrane"], rel=0.01)
    assert first["bound"]["membrane"]["lod_search"] > 1.5 * first["bound"]["membrane"]["lod"]


def test_what_cannot_be_reached_is_null_in_the_document(cases):
    cases[0] = replace(cases[0], limits=replace(FOUND, detection=math.inf), interval=(0.01, math.inf))
    made = document(KIT, cases, trials=40, seed=1)
    assert made["cases"][0]["reader"]["lod"] is None
    assert made["cases"][0]["reader"]["lod_interval"] == [0.01, None]
    json.dumps(made, allow_nan=False)


def test_the_assumptions_name_width_membrane_trials_and_the_eye():
    text = " ".join(assumptions(KIT, Setting(), 40))
    for part in ("0.9 mm wide", "16 × 3 mm", "40 pictures", "0.010", "T at 10.2 mm"):
        assert part in text


def test_a_walk_holds_the_cases_in_which_only_its_factor_differs_in_order(cases):
    for name, factor in FACTORS.items():
        walk = [getattr(case.setting, name) for case in series_of(cases, factor)]
        assert walk == sorted(factor.values)


def test_the_figure_has_a_panel_for_each_factor_and_is_well_formed(cases):
    drawn = ET.fromstring(figure(KIT, cases, trials=40))
    texts = [element.text for element in drawn.iter(f"{SVG}text")]
    for factor in FACTORS.values():
        assert f"against {factor.title}" in texts
    assert texts.count("a trained eye") == len(FACTORS)
    assert drawn.find(f"{SVG}desc").text


def test_a_single_case_still_makes_a_figure(cases):
    ET.fromstring(figure(KIT, cases[:1], trials=40))


def panel(**changes):
    series = Series(
        "a < b", ((1.0, 0.001), (10.0, 0.1)), "#0068a8", ((0.0005, 0.002), (0.05, 0.2)), marked=True
    )
    return replace(Panel("t", "x", "y", (series,), rules=(Rule(0.01, "here"),)), **changes)


def test_names_are_escaped_and_stand_in_the_key_once():
    drawn = ET.fromstring(chart_svg("T & t", "d", [panel(), panel()]))
    texts = [element.text for element in drawn.iter(f"{SVG}text")]
    assert texts.count("a < b") == 1
    assert texts.count("here") == 2
    assert "T & t" in texts


def test_higher_values_are_drawn_higher_and_marks_lie_in_the_panel():
    drawn = ET.fromstring(chart_svg("t", "d", [panel()], columns=1))
    group = drawn.find(f"{SVG}g")
    marks = [(float(c.get("cx")), float(c.get("cy"))) for c in group.iter(f"{SVG}circle")]
    (x0, y0), (x1, y1) = marks
    assert 0 < x0 < x1 < 340
    assert 250 > y0 > y1 > 0


def test_what_is_not_finite_or_out_of_range_is_left_out():
    series = Series("s", ((1.0, math.inf), (2.0, 0.01), (3.0, 5.0)), "#0068a8", marked=True)
    drawn = ET.fromstring(chart_svg("t", "d", [panel(series=(series,), span_y=(0.001, 1.0))]))
    assert len(list(drawn.find(f"{SVG}g").iter(f"{SVG}circle"))) == 1


def test_a_panel_without_points_is_drawn_empty():
    drawn = ET.fromstring(chart_svg("t", "d", [panel(series=(), rules=())]))
    assert not list(drawn.find(f"{SVG}g").iter(f"{SVG}circle"))
