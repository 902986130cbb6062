"""``lfa export``: a run's results for other programs, and what the shell is told."""

from __future__ import annotations

import json
import sys

import pytest

from reader.interpret import new
from tests.export.runs import malaria, put_run, read, strip


@pytest.fixture
def run(tmp_path):
    return put_run(tmp_path / "run", [read("a.jpg", strip()), read("b.jpg", malaria())])


@pytest.mark.parametrize(
    ("to", "name"),
    [
        ("csv", "results.csv"),
        ("jsonl", "results.jsonl"),
        ("parquet", "results.parquet"),
        ("fhir", "results.fhir.json"),
    ],
)
def test_a_format_is_written_into_the_run_and_named_on_standard_error(lfa, run, to, name):
    done = lfa("export", run, "--to", to)
    assert (done.code, done.out) == (0, "")
    assert f"{name} is written." in done.err
    assert (run / name).stat().st_size > 0


def test_a_file_is_written_where_it_is_wanted(lfa, run, tmp_path):
    assert lfa("export", run, "--to", "fhir", "-o", tmp_path / "new" / "out.ndjson").code == 0
    lines = (tmp_path / "new" / "out.ndjson").read_text().splitlines()
    kinds = {json.loads(line)["resourceType"] for line in lines}
    assert kinds == {"Device", "Observation", "DiagnosticReport"}


def test_without_a_format_all_derived_files_are_made_anew(lfa, run):
    assert lfa("export", run).code == 0
    assert (run / "report.html").exists()
    assert (run / "failures.csv").exists()


def test_the_documents_are_those_that_lfa_read_prints(lfa, tmp_path, photos):
    out = lfa("read", photos / "b.jpg", "--json").out
    document = json.loads(out)
    line = {"path": "b.jpg", "sha256": document["image"]["sha256"], "reading": document}
    run = put_run(tmp_path / "run", [line])
    lfa("export", run, "--to", "jsonl")
    assert (run / "results.jsonl").read_text(encoding="utf-8") == out


def test_a_kit_of_one_s_own_is_named_by_its_file(lfa, run, tmp_path):
    (tmp_path / "my-kit.toml").write_text(new("my-kit"), encoding="utf-8")
    assert lfa("export", run, "--to", "csv", "--assay", tmp_path / "my-kit.toml").code == 0


def test_a_file_without_a_format_is_wrong_use(lfa, run, tmp_path):
    assert lfa("export", run, "-o", tmp_path / "out.csv").code == 2
    assert lfa("export", run, "--to", "xlsx").code == 2


def test_a_folder_that_is_no_run_is_code_6(lfa, tmp_path):
    done = lfa("export", tmp_path, "--to", "csv")
    assert done.code == 6
    assert "bad-run" in done.err
    assert "run.json" in done.err


def test_an_unknown_kit_is_code_6(lfa, run):
    assert lfa("export", run, "--to", "csv", "--assay", "no-such-kit").code == 6


def test_a_missing_extra_is_code_6_with_the_command_that_installs_it(lfa, run, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    done = lfa("export", run, "--to", "parquet")
    assert done.code == 6
    assert "pip install 'lfa-reader[parquet]'" in done.err


def test_what_cannot_be_written_is_code_5(lfa, run, tmp_path):
    (tmp_path / "file").touch()
    done = lfa("export", run, "--to", "csv", "-o", tmp_path / "file" / "out.csv")
    assert done.code == 5
    assert "output-not-writable" in done.err
