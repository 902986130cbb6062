"""``lfa batch`` and ``lfa verify``, as a user meets them."""

from __future__ import annotations

import json

import pytest

from reader.batch.parts import items
from reader.batch.reading import document_of
from reader.interpret import new


@pytest.fixture
def run(tmp_path):
    return tmp_path / "run"


def test_a_folder_is_read_with_everything_below_it(lfa, photos, run):
    ran = lfa("batch", photos, "-o", run)
    assert (ran.code, ran.out) == (0, "")
    assert f"3 pictures read: 1 positive, 2 negative. The run is in {run}." in ran.err.replace("\n", "")
    assert [item.path for item in items(run)] == ["A.JPG", "b.jpg", "clinic b/b.jpg"]


def test_a_document_is_the_one_that_lfa_read_prints(lfa, photos, run, monkeypatch):
    lfa("batch", photos, "-o", run, "--engine", "serial")
    monkeypatch.chdir(photos)
    printed = lfa("read", "--json", "clinic b/b.jpg").out
    *_, item = items(run)
    assert item.reading == json.loads(printed)
    assert item.same_as == "A.JPG"


def test_processes_and_this_process_write_the_same_bytes(lfa, photos, tmp_path):
    for engine in (["--workers", "2"], ["--engine", "serial"]):
        assert lfa("batch", photos, "-o", tmp_path / engine[-1], "--quiet", *engine).err == ""
    one, other = (sorted((tmp_path / name / "parts").iterdir()) for name in ("2", "serial"))
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in other]


def test_the_same_command_again_reads_nothing_twice_and_says_the_same(lfa, photos, run):
    first = lfa("batch", photos, "-o", run)
    times = [path.stat().st_mtime_ns for path in (run / "parts").iterdir()]
    assert lfa("batch", photos, "-o", run) == first
    assert [path.stat().st_mtime_ns for path in (run / "parts").iterdir()] == times


def test_other_options_for_the_same_run_are_refused_with_the_difference(lfa, photos, run):
    lfa("batch", photos, "-o", run, "--engine", "serial")
    ran = lfa("batch", photos, "-o", run, "--assay", "hcg")
    assert ran.code == 6
    assert "assay is generic, not hcg" in ran.err


def test_files_that_are_no_pictures_are_counted_and_stop_nothing(lfa, photos, run):
    (photos / "broken.jpg").write_bytes(b"\xff\xd8 nothing more")
    ran = lfa("batch", photos, "-o", run, "--engine", "serial")
    assert ran.code == 3
    assert "1 input could not be read." in ran.err
    errors = [item.error["code"] for item in items(run) if item.error]
    assert errors == ["unsupported-format"]


def test_when_nothing_can_be_read_the_exit_code_says_so(lfa, tmp_path, run):
    folder = tmp_path / "pictures"
    folder.mkdir()
    assert lfa("batch", folder, "-o", run).code == 4
    (folder / "empty.jpg").touch()
    assert lfa("batch", folder, "-o", run, "--engine", "serial").code == 4


def test_a_bug_is_told_by_the_exit_code_and_does_not_cost_the_other_pictures(lfa, photos, run, monkeypatch):
    def failing(data, source, assay):
        if source == "b.jpg":
            raise ZeroDivisionError
        return document_of(data, source, assay)

    monkeypatch.setattr("reader.batch.reading.document_of", failing)
    assert lfa("batch", photos, "-o", run, "--engine", "serial").code == 1
    assert [item.error is None for item in items(run)] == [True, False, True]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--assay", "no-such-kit"], 6),
        (["--workers", "0"], 2),
        (["--chunk", "0"], 2),
        (["--engine", "serial", "--workers", "2"], 2),
        (["--engine", "magic"], 2),
        (["--metadata", "no-such-file.csv"], 6),
    ],
)
def test_options_that_make_no_sense_are_refused(lfa, photos, run, arguments, code):
    assert lfa("batch", photos, "-o", run, *arguments).code == code


def test_a_run_inside_the_folder_that_is_read_is_refused(lfa, photos):
    ran = lfa("batch", photos, "-o", photos / "run")
    assert ran.code == 2
    assert not (photos / "run").exists()


def test_metadata_ride_along(lfa, photos, run, tmp_path):
    table = tmp_path / "clinic.csv"
    table.write_text("path,site\nb.jpg,Nord\n")
    assert lfa("batch", photos, "-o", run, "--metadata", table, "--engine", "serial").code == 0
    assert (run / "metadata.csv").read_text() == table.read_text()


def test_metadata_that_are_no_table_are_told_before_anything_is_read(lfa, photos, run, tmp_path):
    table = tmp_path / "clinic.csv"
    table.write_text("path,site\nb.jpg,Nord,too,many\n")
    ran = lfa("batch", photos, "-o", run, "--metadata", table, "--engine", "serial")
    assert ran.code == 6
    assert "line 2" in ran.err
    assert not run.exists()


def test_what_is_derived_stands_in_the_run_folder_at_the_end(lfa, photos, run):
    lfa("batch", photos, "-o", run, "--engine", "serial")
    assert {"results.csv", "results.jsonl", "failures.csv", "report.html"} <= {p.name for p in run.iterdir()}


def test_a_kit_of_one_s_own_stays_with_the_run_and_need_not_be_named_again(lfa, photos, run, tmp_path):
    kit = tmp_path / "our-kit.toml"
    kit.write_text(new("our-kit"), encoding="utf-8")
    lfa("batch", photos, "-o", run, "--engine", "serial", "--assay", kit)
    written = (run / "results.csv").read_bytes()
    profile = (run / "assay.toml").read_text(encoding="utf-8")
    assert profile == kit.read_text(encoding="utf-8")
    kit.unlink()
    assert lfa("export", run, "--to", "csv").code == 0
    assert (run / "results.csv").read_bytes() == written


def test_a_whole_run_is_verified(lfa, photos, run):
    lfa("batch", photos, "-o", run, "--engine", "serial")
    ran = lfa("verify", run)
    assert (ran.code, ran.out, ran.err) == (0, "", "3 of 3 parts are whole.\n")


def test_parts_that_are_missing_torn_or_of_another_run_are_named(lfa, photos, run):
    lfa("batch", photos, "-o", run, "--engine", "serial")
    first, second, third = sorted((run / "parts").iterdir())
    first.unlink()
    third.write_bytes(second.read_bytes())
    second.write_bytes(second.read_bytes()[:100])
    ran = lfa("verify", run, "--json")
    assert ran.code == 3
    assert json.loads(ran.out) == {
        "schema": "lfa-verify/1",
        "run": str(run),
        "parts": 3,
        "whole": 0,
        "pictures": 3,
        "problems": [
            {"part": 0, "problem": "missing", "pictures": 1},
            {"part": 1, "problem": "torn", "pictures": 1},
            {"part": 2, "problem": "foreign", "pictures": 1},
        ],
    }
    assert lfa("batch", photos, "-o", run, "--engine", "serial").code == 0
    assert lfa("verify", run).code == 0


def test_a_folder_that_is_no_run_cannot_be_verified(lfa, photos):
    assert lfa("verify", photos).code == 6
