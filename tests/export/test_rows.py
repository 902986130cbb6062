"""The table: one row for each picture, strip and analyte, and none lost."""

from __future__ import annotations

import re

import pytest

from reader.batch.parts import items
from reader.errors import RunError
from reader.export import write_all
from reader.export.rows import COLUMNS, Table, known_kits
from reader.interpret import load_assay
from tests.export.runs import failed, line, malaria, put_run, read, strip


def rows_of(tmp_path, *lines, table=None):
    table = table or Table()
    names = [column.name for column in table.columns]
    run = put_run(tmp_path / "run", list(lines))
    return [dict(zip(names, row, strict=True)) for item in items(run) for row in table.rows(item)]


def test_columns_have_names_in_snake_case_once_each_and_a_meaning():
    names = [column.name for column in COLUMNS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names)
    assert all(column.meaning for column in COLUMNS)


def test_a_strip_with_one_analyte_is_one_row(tmp_path):
    (row,) = rows_of(tmp_path, read("a.jpg", strip(flags=("soft", "tilted"))))
    assert row["path"] == "a.jpg"
    assert (row["outcome"], row["strip"], row["analyte"], row["analyte_outcome"]) == (
        "positive",
        1,
        "T",
        "positive",
    )
    assert (row["control_height"], row["control_height_sigma"]) == (0.3, 0.003)
    assert (row["test_line"], row["test_height"], row["ratio"]) == ("T", 0.1, 0.33)
    assert row["flags"] == "soft tilted"
    assert row["error_code"] is None
    assert row["software_version"] == "0.1.0"


def test_each_strip_and_each_analyte_has_its_row(tmp_path):
    rows = rows_of(tmp_path, read("a.jpg", malaria(id=1), malaria(id=2)))
    assert [(row["strip"], row["analyte"]) for row in rows] == [(1, "pf"), (1, "pv"), (2, "pf"), (2, "pv")]


def test_the_kit_tells_which_line_shows_an_analyte(tmp_path):
    pf, pv = rows_of(tmp_path, read("a.jpg", malaria()))
    assert (pf["test_line"], pf["test_height"], pf["test_detected"]) == ("Pf", 0.2, True)
    assert (pv["test_line"], pv["test_height"], pv["test_detected"]) == ("Pv", 0.001, False)


def test_of_an_unknown_kit_only_lines_named_like_the_analyte_are_taken(tmp_path):
    (pf, _) = rows_of(tmp_path, read("a.jpg", malaria(assay="my-kit")))
    assert (pf["test_line"], pf["test_height"]) == (None, None)
    assert (pf["ratio"], pf["control_height"]) == (0.5, 0.4)


def test_a_profile_of_the_same_name_with_other_lines_is_not_used(tmp_path):
    other = malaria(lines=(line("C", 0.2, 0.4), line("X", 0.5, 0.1)))
    (pf, _) = rows_of(tmp_path, read("a.jpg", other))
    assert pf["test_line"] is None


def test_a_kit_of_one_s_own_is_used(tmp_path):
    own = load_assay("malaria-pf-pv")
    table = Table(kits=known_kits(own))
    (pf, _) = rows_of(tmp_path, read("a.jpg", malaria()), table=table)
    assert pf["test_line"] == "Pf"


def test_a_picture_without_strips_and_a_failure_are_rows_too(tmp_path):
    empty, bad = rows_of(tmp_path, read("a.jpg", flags=("no-strip-found",)), failed("b.txt"))
    assert (empty["outcome"], empty["picture_flags"], empty["strip"]) == ("not_read", "no-strip-found", None)
    assert (bad["path"], bad["error_code"], bad["outcome"]) == ("b.txt", "corrupt-image", None)


def test_a_strip_without_analytes_is_a_row(tmp_path):
    (row,) = rows_of(tmp_path, read("a.jpg", strip(analytes={}, lines=())))
    assert (row["strip"], row["analyte"], row["control_height"]) == (1, None, None)


def test_a_duplicate_names_the_first_picture_of_its_bytes(tmp_path):
    first, second = rows_of(tmp_path, read("a.jpg", strip()), read("b.jpg", strip(), same_as="a.jpg"))
    assert (first["same_as"], second["same_as"]) == (None, "a.jpg")
    assert second["analyte_outcome"] == "positive"


def test_a_folder_that_is_no_run_is_a_run_error(tmp_path):
    with pytest.raises(RunError, match=r"run\.json"):
        write_all(tmp_path)


def test_a_damaged_part_is_a_run_error_that_names_it(tmp_path):
    run = put_run(tmp_path / "run", [read("a.jpg", strip())])
    (run / "parts" / "part-000000.jsonl").write_text('{"path": "a')
    with pytest.raises(RunError, match=r"part-000000\.jsonl is not whole"):
        list(items(run))
