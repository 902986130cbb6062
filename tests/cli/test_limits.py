"""`lfa limits`: table, document, figure, and what is refused."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

FAST = ["--px-per-mm", "8", "--jpeg", "90,60", "--texture", "0.003", "--noise", "0.01", "--trials", "10"]


def test_the_table_names_bound_and_reader_and_what_they_hold_for(lfa):
    ran = lfa("limits", "--assay", "hcg", *FAST)
    assert ran.code == 0
    for part in ("least:", "LoB", "LoD", "LoQ", "mOD", "8 px/mm", "0.9 mm wide", "trained eye"):
        assert part in ran.out
    rows = [row.split() for row in ran.out.splitlines()]
    assert any(row[:1] == ["60"] for row in rows)
    assert any(row[:2] == ["*", "90"] for row in rows)
    assert "…" not in ran.out


def test_the_document_is_the_same_for_the_same_seed(lfa):
    first, second = (lfa("limits", "--assay", "hcg", "--json", "--seed", "4", *FAST).out for _ in range(2))
    assert first == second
    (line,) = first.splitlines()
    made = json.loads(line)
    assert [case["setting"]["jpeg_quality"] for case in made["cases"]] == [90, 60]


def test_a_figure_is_written_beside_the_numbers(lfa, tmp_path):
    target = tmp_path / "out" / "limits.svg"
    ran = lfa("limits", "--assay", "hcg", "--json", "--plot", target, *FAST)
    assert ran.code == 0
    assert str(target) in ran.err.replace("\n", "")
    ET.parse(target)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--assay", "nonsense"], 6),
        (["--px-per-mm", "2"], 2),
        (["--px-per-mm", "twenty"], 2),
        (["--jpeg", ""], 2),
        (["--trials", "3"], 2),
        (["--plot", "limits.png"], 2),
    ],
    ids=str,
)
def test_what_cannot_be_simulated_is_refused_before_anything_is_done(lfa, arguments, code):
    ran = lfa("limits", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err


def test_a_figure_that_cannot_be_written_leaves_the_numbers(lfa, tmp_path):
    (tmp_path / "file").touch()
    ran = lfa("limits", "--assay", "hcg", "--json", "--plot", tmp_path / "file" / "x.svg", *FAST)
    assert ran.code == 5
    assert json.loads(ran.out)["assay"] == "hcg"
