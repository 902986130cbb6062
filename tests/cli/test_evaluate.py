"""`lfa evaluate`: tables, document, page, and what is refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess

import pytest

LABELS = "path,expected,source\nb.jpg,positive,a\nA.JPG,negative,a\nclinic b/b.jpg,positive,b\n"


@pytest.fixture
def labels(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text(LABELS)
    return path


def test_the_tables_hold_confusion_shares_sources_strengths_and_misses(lfa, photos, labels):
    ran = lfa("evaluate", photos, "--labels", labels)
    assert (ran.code, ran.err) == (0, "")
    rows = [" ".join(row.split()) for row in ran.out.splitlines()]
    assert "3 pictures, assay generic" in rows
    assert "positive 1 1" in rows
    assert "read as expected 66.7 % (20.8 to 93.9), 2 of 3" in rows
    assert "sensitivity: positives read as positive 50.0 % (9.5 to 90.5), 1 of 2" in rows
    assert any(row.startswith("by source, % tests right") for row in rows)
    assert any(row.startswith("by absorbance positives") for row in rows)
    assert "positive, read as negative 1" in rows
    assert "…" not in ran.out


def test_names_of_sources_are_whole_on_a_narrow_terminal(lfa, photos, labels, monkeypatch):
    labels.write_text(
        "path,expected,source\nb.jpg,positive,northern-clinic\nA.JPG,negative,southern-clinic\n"
    )
    monkeypatch.setenv("COLUMNS", "80")
    ran = lfa("evaluate", photos, "--labels", labels)
    assert "northern-clinic " in ran.out
    assert "southern-clinic " in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80
    (heading,) = (row for row in ran.out.splitlines() if row.startswith("by source"))
    assert heading.endswith(" wrong")


def test_the_document_is_one_line_and_the_same_from_readings_that_exist(lfa, photos, labels, tmp_path):
    ran = lfa("evaluate", photos, "--labels", labels, "--json")
    (line,) = ran.out.splitlines()
    made = json.loads(line)
    assert made["shares"]["specificity"]["part"] == 1
    readings = tmp_path / "readings.jsonl"
    readings.write_text(lfa("read", "--json", "--recursive", photos).out)
    again = lfa("evaluate", photos, "--labels", labels, "--json", "--readings", readings)
    assert (again.code, json.loads(again.out)) == (0, made)


def test_several_processes_give_the_same(lfa, photos, labels):
    one, two = (lfa("evaluate", photos, "--labels", labels, "--json", "--processes", n) for n in (1, 2))
    assert one.out == two.out


def test_the_page_shows_the_miss_and_lies_where_it_was_asked_for(lfa, photos, labels, tmp_path):
    ran = lfa("evaluate", photos, "--labels", labels, "--report", tmp_path / "out")
    assert ran.code == 0
    assert "index.html" in ran.err
    page = (tmp_path / "out" / "index.html").read_text()
    assert "clinic b/b.jpg" in page
    assert (tmp_path / "out" / "pictures" / "00004-overlay.jpg").is_file()
    assert (tmp_path / "out" / "pictures" / "00004-places.jpg").is_file()


def test_what_is_no_picture_counts_as_not_read_and_is_told_by_the_exit_code(lfa, photos, labels):
    (photos / "b.jpg").write_text("Dear clinic")
    ran = lfa("evaluate", photos, "--labels", labels, "--json")
    assert ran.code == 3
    assert ran.err.startswith("b.jpg: unsupported-format: ")
    assert json.loads(ran.out)["confusion"]["positive"] == {"negative": 1, "not_read": 1}
    labels.write_text("path,expected\nb.jpg,positive\n")
    assert lfa("evaluate", photos, "--labels", labels, "--json").code == 4


def test_a_missing_reading_counts_as_not_read(lfa, photos, labels, tmp_path):
    readings = tmp_path / "readings.jsonl"
    readings.write_text(lfa("read", "--json", photos / "b.jpg").out)
    ran = lfa("evaluate", photos, "--labels", labels, "--json", "--readings", readings)
    assert ran.code == 0
    assert {miss["error"] for miss in json.loads(ran.out)["misses"]} == {"no-reading"}


@pytest.mark.parametrize(
    ("changed", "code", "words"),
    [
        ({"labels": "path,expected\nb.jpg,perhaps\n"}, 6, "line 2: the expected result is one of"),
        ({"labels": "path,expected\nz.jpg,positive\n"}, 6, "line 2: there is no picture z.jpg"),
        ({"options": ["--assay", "nonsense"]}, 6, "bad-assay"),
        ({"options": ["--processes", "0"]}, 2, "1 to 64 processes"),
        ({"options": ["--readings", "none.jsonl"]}, 4, "none.jsonl"),
        ({"options": ["--report", "PHOTOS/out"]}, 2, "report folder"),
        ({"options": ["--report", "PHOTOS.csv/out"]}, 5, "cannot be made"),
        ({"photos": "nowhere"}, 4, "nowhere is no folder"),
    ],
    ids=["label", "picture", "assay", "processes", "readings", "inside", "output", "folder"],
)
def test_what_is_wrong_is_refused_before_anything_is_read(lfa, photos, labels, changed, code, words):
    labels.write_text(changed.get("labels", LABELS))
    places = {"PHOTOS/": f"{photos}/", "PHOTOS.csv": str(labels)}
    options = changed.get("options", [])
    for name, place in places.items():
        options = [option.replace(name, place) for option in options]
    ran = lfa("evaluate", changed.get("photos", photos), "--labels", labels, *options)
    assert (ran.code, ran.out) == (code, "")
    assert words in ran.err.replace("\n", " ")


def test_labels_must_be_named(lfa, photos):
    assert lfa("evaluate", photos).code == 2


@pytest.mark.skipif(os.name != "posix", reason="signals as on Unix")
def test_ctrl_c_ends_all_processes_with_exit_code_130(lfa_process, photos, labels, positive):
    (photos / "b.jpg").write_text("Dear clinic")
    more = [f"{k}.jpg" for k in range(40)]
    for name in more:
        (photos / name).write_bytes(positive)
    labels.write_text(LABELS + "".join(f"{name},positive,a\n" for name in more))
    process = lfa_process(
        "evaluate", photos, "--labels", labels, "--json", "--processes", "2", start_new_session=True
    )
    assert process.stderr.readline().startswith(b"b.jpg: unsupported-format")
    # As a terminal does it: the signal goes to every process of the group.
    os.killpg(process.pid, signal.SIGINT)
    try:
        out, err = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    assert (process.returncode, out) == (130, b"")
    assert b"Traceback" not in err
