"""`lfa assays`, `lfa doctor`, `lfa serve`, `lfa simulate` and what all commands share."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import reader
import service
from reader.cli import doctor as doctor_module
from reader.errors import CorruptImage, OptionError


def test_the_version_is_that_of_the_package(lfa):
    assert lfa("--version").out == f"lfa-reader {reader.__version__}\n"


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["read"], ["read", "--nonsense", "x.jpg"], ["serve", "--port", "x"]]
)
def test_wrong_use_gives_exit_code_two_and_prints_nothing_to_standard_output(lfa, arguments):
    ran = lfa(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err


def test_every_known_assay_is_listed_with_generic_first(lfa):
    ids = [row.split()[0] for row in lfa("assays", "list").out.splitlines()]
    assert ids == [assay.id for assay in reader.list_assays()]
    assert ids[0] == "generic"


def test_the_list_of_assays_is_also_there_for_programs(lfa):
    listed = [json.loads(line) for line in lfa("assays", "list", "--json").out.splitlines()]
    pan = next(d for d in listed if d["id"] == "malaria-pf-pan")
    assert [line["name"] for line in pan["lines"]] == ["C", "Pan", "Pf"]


def test_an_assay_is_shown_in_words(lfa):
    assert "covid-19-ag: COVID-19 antigen" in lfa("assays", "show", "covid-19-ag").out


def test_a_new_profile_is_valid_and_can_be_used(lfa, tmp_path, monkeypatch, photos):
    monkeypatch.chdir(tmp_path)
    assert lfa("assays", "new", "my-kit").code == 0
    assert lfa("assays", "validate", "my-kit.toml").code == 0
    (line,) = lfa("read", "--json", photos / "b.jpg", "--assay", "my-kit.toml").out.splitlines()
    assert {strip["assay"] for strip in json.loads(line)["strips"]} == {"my-kit"}


def test_a_new_profile_never_overwrites_another(lfa, tmp_path):
    (tmp_path / "x.toml").write_text("mine")
    assert lfa("assays", "new", "my-kit", tmp_path / "x.toml").code == 2
    assert (tmp_path / "x.toml").read_text() == "mine"


def test_a_wrong_profile_is_refused_with_the_line_that_is_wrong(lfa, tmp_path):
    lfa("assays", "new", "my-kit", tmp_path / "x.toml")
    text = (tmp_path / "x.toml").read_text(encoding="utf-8")
    (tmp_path / "x.toml").write_text(text + "\n[nonsense]\nx = 1\n", encoding="utf-8")
    ran = lfa("assays", "validate", tmp_path / "x.toml")
    assert ran.code == 6
    assert f"x.toml:{len(text.splitlines()) + 2}" in ran.err


def test_validate_takes_a_name_for_a_file_even_if_the_catalogue_has_it(lfa, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert lfa("assays", "validate", "generic").code == 6


def test_the_doctor_finds_this_machine_well(lfa):
    ran = lfa("doctor")
    assert ran.code == 0, ran.out
    assert "FAIL" not in ran.out
    for name in ("JPEG", "PNG", "WEBP", "TIFF", "HEIC", "simulated positive", "simulated negative", "opencv"):
        assert name in ran.out


def test_the_doctor_names_a_decoder_that_does_not_work(lfa, monkeypatch):
    real = reader.open_bytes

    def open_bytes(data, source="bytes"):
        if data[4:8] == b"ftyp":
            raise CorruptImage("The HEIC decoder is missing.")
        return real(data, source)

    monkeypatch.setattr(reader, "open_bytes", open_bytes)
    ran = lfa("doctor")
    assert ran.code == 1
    (failed,) = (row for row in ran.out.splitlines() if row.startswith("FAIL"))
    assert "HEIC" in failed


def test_the_doctor_warns_of_a_full_disk(lfa, monkeypatch):
    monkeypatch.setattr(doctor_module, "_self_tests", lambda: iter(()))
    monkeypatch.setattr(doctor_module, "_LEAST_FREE", 2**62)
    ran = lfa("doctor")
    assert ran.code == 1
    assert "free disk" in next(row for row in ran.out.splitlines() if row.startswith("FAIL"))


def test_serve_starts_the_service_with_what_it_was_told(lfa, monkeypatch, tmp_path):
    started = []

    def run(settings, *, ready):
        started.append(settings)
        ready("http://127.0.0.1:8765/")

    monkeypatch.setattr(service, "run", run)
    ran = lfa("serve", "--port", "8765", "--data", tmp_path / "data")
    assert (ran.code, ran.out) == (0, "")
    assert started == [service.Settings(host="127.0.0.1", port=8765, data=tmp_path / "data")]
    assert "http://127.0.0.1:8765/" in ran.err


def test_serve_is_told_by_the_environment_what_it_is_not_told_by_options(lfa, monkeypatch, tmp_path):
    started = []
    monkeypatch.setattr(service, "run", lambda settings, **_: started.append(settings))
    monkeypatch.setenv("LFA_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("LFA_PORT", "8765")
    assert lfa("serve", "--port", "9000").code == 0
    assert started == [service.Settings(port=9000, data=tmp_path / "data")]


def test_serve_can_make_the_tables_and_no_more(lfa, monkeypatch, tmp_path):
    monkeypatch.setattr(service, "run", None)
    ran = lfa("serve", "--migrate-only", "--data", tmp_path / "data")
    assert (ran.code, ran.out) == (0, "")
    assert (tmp_path / "data" / "lfa.sqlite3").exists()


def test_what_is_backed_up_is_restored_elsewhere_and_only_where_nothing_is(lfa, tmp_path):
    lfa("serve", "--migrate-only", "--data", tmp_path / "data")
    made = lfa("backup", tmp_path / "backup", "--data", tmp_path / "data")
    back = lfa("restore", tmp_path / "backup", "--data", tmp_path / "back")
    assert [(ran.code, ran.out) for ran in (made, back)] == [(0, "")] * 2
    assert "0 readings and 0 pictures" in made.err
    assert (tmp_path / "back" / "lfa.sqlite3").exists()
    nothing = lfa("backup", tmp_path / "backup", "--data", tmp_path / "nowhere")
    assert (nothing.code, (tmp_path / "nowhere").exists()) == (2, False)
    assert lfa("restore", tmp_path / "no-backup", "--data", tmp_path / "new").code == 2
    assert not (tmp_path / "new").exists()


def test_a_setting_that_the_service_refuses_gives_exit_code_two(lfa, monkeypatch):
    def run(_settings, **_options):
        raise OptionError("Without access keys the service only listens on this machine.")

    monkeypatch.setattr(service, "run", run)
    ran = lfa("serve", "--host", "192.0.2.1")
    assert ran.code == 2
    assert "Traceback" not in ran.err


def test_samples_are_written_where_they_are_asked_for(lfa, monkeypatch, tmp_path):
    monkeypatch.setattr("reader.cli.simulate.write_samples", lambda folder: (Path(folder) / "a.jpg",))
    ran = lfa("simulate", "samples", tmp_path)
    assert ran.code == 0
    assert f"1 files are in {tmp_path}" in ran.err


def test_samples_that_cannot_be_written_give_exit_code_five(lfa, tmp_path):
    (tmp_path / "file").touch()
    ran = lfa("simulate", "samples", tmp_path / "file" / "below")
    assert ran.code == 5
    assert "cannot be written" in ran.err
