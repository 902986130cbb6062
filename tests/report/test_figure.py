"""The line profile as SVG."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from reader.reading import Line, Outcome, Profile
from reader.report import profile_svg
from reader.report.figure import line_width, profile_range

SVG = "{http://www.w3.org/2000/svg}"


def test_the_figure_is_valid_xml_with_a_title_and_a_description(made):
    root = ET.fromstring(profile_svg(made.strip()))
    assert root.tag == f"{SVG}svg"
    assert root.findtext(f"{SVG}title") == "Line profile of strip 1: positive"
    assert "C 0.300 ± 0.003, T 0.100 ± 0.003" in root.findtext(f"{SVG}desc")


def test_the_curve_peaks_where_the_line_lies_and_as_high_as_it_is(made):
    lines = (made.line("C", 0.25, 0.4),)
    strip = made.strip(lines=lines, profile=made.profile(lines, 401))
    curves = ET.fromstring(profile_svg(strip)).findall(f"{SVG}polyline")
    points = np.array([[float(v) for v in p.split(",")] for p in curves[1].get("points").split()])
    x, y = points[np.argmin(points[:, 1])]
    low, high = profile_range(strip)
    assert (x - points[0, 0]) / (points[-1, 0] - points[0, 0]) == pytest.approx(0.25, abs=0.003)
    # 30 px above and 40 px below the plot of a figure 250 px high
    assert 210 - y == pytest.approx(180 * (0.42 - low) / (high - low), abs=0.2)


def test_a_name_cannot_smuggle_in_markup(made):
    evil = '<script>alert("x")</script>&'
    strip = made.strip(lines=(made.line(evil, 0.3, 0.3),), summary=evil)
    svg = profile_svg(strip)
    assert "<script" not in svg
    names = [text.text for text in ET.fromstring(svg).findall(f"{SVG}text")]
    assert evil in names


def test_the_figure_needs_nothing_that_a_strict_page_forbids(made):
    svg = profile_svg(made.strip())
    assert not re.search(r"style=|<style|<script|href|\son\w+=|url\(", svg)


def test_an_absent_line_is_dashed_and_a_present_one_is_filled(made):
    lines = (made.line("C", 0.3, 0.3), made.line("T", 0.6, 0.001, detected=False))
    boxes = ET.fromstring(profile_svg(made.strip(lines=lines))).findall(f"{SVG}rect")[1:]
    assert [box.get("stroke-dasharray") for box in boxes] == [None, "3 3"]


def test_without_a_profile_the_heights_are_still_drawn(made):
    root = ET.fromstring(profile_svg(made.strip(profile=None)))
    assert root.findall(f"{SVG}polyline") == []
    assert len([p for p in root.findall(f"{SVG}path") if p.get("stroke-width") == "3"]) == 2


def test_a_strip_without_lines_has_a_figure(made):
    root = ET.fromstring(profile_svg(made.strip(lines=(), profile=None, outcome=Outcome.NOT_READ)))
    assert root.findtext(f"{SVG}desc").endswith("Lines: none.")


def test_points_that_are_not_numbers_are_left_out(made):
    broken = made.profile((made.line("C", 0.3, 0.3),))
    values = broken.absorbance.copy()
    values[::3] = np.nan
    values[1] = np.inf
    svg = profile_svg(made.strip(profile=Profile(broken.position, values, broken.baseline)))
    ET.fromstring(svg)
    assert "nan" not in svg
    assert "inf" not in svg


def test_a_long_profile_does_not_make_a_long_file(made):
    lines = (made.line("C", 0.3, 0.3),)
    assert len(profile_svg(made.strip(lines=lines, profile=made.profile(lines, 20_000)))) < 30_000


def test_a_blank_strip_does_not_fill_the_figure_with_its_noise(made):
    noise = np.random.default_rng(0).normal(0, 0.001, 200)
    strip = made.strip(lines=(), profile=Profile(np.linspace(0, 1, 200), noise, np.zeros(200)))
    low, high = profile_range(strip)
    assert high - low >= 0.06


def test_a_line_is_as_wide_as_its_area_over_its_height(made):
    # The window is 400 px long at 20 px/mm: 20 mm; 0.3 absorbance·mm over 0.3 absorbance is 1 mm.
    line = Line("C", "control", True, (420.0, 230.0), 0.3, 0.3, 0.003, 0.3, 0.01, 100.0)
    assert line_width(line, made.strip()) == pytest.approx(1 / 20)
