"""All files of a run at once, and one at a time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reader.errors import LabelsError, OptionError, OutputError, RunError
from reader.export import FORMATS, write_all, write_one
from tests.export.runs import failed, malaria, put_run, read, strip

LINES = [read("a.jpg", strip()), read("x/b.jpg", malaria()), failed("c.txt")]


@pytest.fixture
def run(tmp_path):
    return put_run(tmp_path / "run", LINES)


def contents(run, *, without=()):
    return {p.name: p.read_bytes() for p in run.iterdir() if p.is_file() and p.name not in without}


def test_all_derived_files_are_written_and_named(run):
    before = set(contents(run))
    written = write_all(run)
    names = ["results.jsonl", "results.csv", "results.parquet", "failures.csv", "report.html"]
    assert [path.name for path in written] == names
    assert set(contents(run)) - before == set(names)


def test_without_its_extra_all_but_parquet_is_written(run, monkeypatch):
    monkeypatch.setattr("reader.export.derive.has_parquet", lambda: False)
    assert "results.parquet" not in [path.name for path in write_all(run)]


def test_written_again_they_are_the_same_bytes(run):
    write_all(run)
    first = contents(run)
    write_all(run)
    assert contents(run) == first


def test_each_format_alone_is_the_same_as_among_all(run, tmp_path):
    write_all(run)
    for to in ("csv", "jsonl", "parquet"):
        alone = write_one(run, to, tmp_path / f"alone.{to}")
        assert alone.read_bytes() == (run / FORMATS[to][0]).read_bytes()


def test_a_format_goes_into_the_run_by_default(run):
    path = write_one(run, "fhir")
    assert path == run / "results.fhir.json"
    assert json.loads(path.read_bytes())["resourceType"] == "Bundle"


def test_metadata_stand_in_the_table_and_what_fits_nothing_in_a_list(tmp_path):
    run = put_run(tmp_path / "run", LINES, metadata="path,Site\nb.jpg,north\nz.jpg,south\n")
    assert write_all(run)[-1].name == "metadata-unused.csv"
    table = (run / "results.csv").read_text(encoding="utf-8-sig").splitlines()
    assert table[0].endswith(",meta_site")
    assert [line.rpartition(",")[2] for line in table[1:]] == ["", "north", "north", ""]
    assert "z.jpg" in (run / "metadata-unused.csv").read_text(encoding="utf-8-sig")


def test_once_all_metadata_fit_the_list_of_those_that_did_not_is_gone(tmp_path):
    run = put_run(tmp_path / "run", LINES, metadata="path,Site\nz.jpg,south\n")
    write_all(run)
    (run / "metadata.csv").write_text("path,Site\na.jpg,south\n")
    write_all(run)
    assert not (run / "metadata-unused.csv").exists()


def test_metadata_that_are_no_table_are_told(tmp_path):
    with pytest.raises(LabelsError):
        write_all(put_run(tmp_path / "run", LINES, metadata=""))


@pytest.mark.parametrize("said", [None, "{", "{}", '{"inputs": 3}'])
def test_a_folder_that_is_no_run_is_told_and_nothing_is_written(tmp_path, said):
    run = put_run(tmp_path / "run", LINES)
    (run / "run.json").unlink()
    if said is not None:
        (run / "run.json").write_text(said)
    before = contents(run)
    for write in (write_all, lambda run: write_one(run, "csv")):
        with pytest.raises(RunError, match=r"run\.json"):
            write(run)
    assert contents(run) == before


def test_a_damaged_part_leaves_the_older_files_as_they_were(run):
    write_all(run)
    before = contents(run)
    (run / "parts" / "part-000001.jsonl").write_text("{")
    with pytest.raises(RunError, match="damaged"):
        write_all(run)
    assert contents(run) == before


def test_a_full_disk_leaves_the_older_files_as_they_were(run, monkeypatch):
    write_all(run)
    before = contents(run)

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("reader.report.files.os.fsync", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write_all(run)
    assert contents(run) == before


@pytest.mark.parametrize(
    "name", ["run.json", "inputs.txt", "metadata.csv", "parts/part-000000.jsonl", "lists/a"]
)
def test_the_run_s_own_files_are_never_written_over(run, name):
    with pytest.raises(OptionError, match="belongs to the run"):
        write_one(run, "jsonl", run / name)


def test_an_unknown_format_is_told(run):
    with pytest.raises(OptionError, match="'xlsx'"):
        write_one(run, "xlsx", Path("out"))


def test_a_run_that_is_not_complete_is_written_as_far_as_it_is_and_told(run, caplog):
    write_one(run, "csv")
    assert caplog.messages == []
    (run / "parts" / "part-000001.jsonl").unlink()
    write_one(run, "csv")
    assert caplog.messages == [f"{run} is not complete: 2 of its 3 pictures are done."]
