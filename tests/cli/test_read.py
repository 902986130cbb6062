"""`lfa read`: what is printed where, what is written, and which exit code says so."""

from __future__ import annotations

import io
import json
import sys

import numpy as np
import pytest
from PIL import Image

import reader
from reader.flags import explain


def documents(ran):
    return [json.loads(line) for line in ran.out.splitlines()]


@pytest.fixture
def blank(tmp_path):
    """A picture of nothing: readable, but there is no test in it."""
    path = tmp_path / "blank.png"
    Image.fromarray(np.full((400, 400, 3), 127, np.uint8)).save(path)
    return path


def test_json_is_the_contract_document_one_line_for_each_picture(lfa, photos):
    ran = lfa("read", "--json", photos)
    expected = [reader.read_file(str(photos / name)).to_dict() for name in ("A.JPG", "b.jpg")]
    assert documents(ran) == expected
    assert [d["outcome"] for d in documents(ran)] == ["negative", "positive"]
    assert ran.code == 0


def test_standard_output_carries_data_only(lfa, photos):
    ran = lfa("read", "--json", "--recursive", "--timings", photos, photos / "notes.txt")
    assert len(documents(ran)) == 3
    assert "3 pictures read: 1 positive, 2 negative. 1 input could not be read." in ran.err


def test_the_same_command_prints_the_same_bytes_again(lfa, photos):
    assert lfa("read", "--json", photos).out == lfa("read", "--json", photos).out


def test_timings_appear_only_when_asked_for(lfa, photos):
    (without,) = documents(lfa("read", "--json", photos / "b.jpg"))
    (with_them,) = documents(lfa("read", "--json", "--timings", photos / "b.jpg"))
    assert "timings_ms" not in without
    assert with_them.pop("timings_ms")["decode"] > 0
    assert with_them == without


def test_one_picture_is_told_in_a_sentence_with_its_numbers(lfa, photos):
    ran = lfa("read", photos / "b.jpg")
    (strip,) = reader.read_file(str(photos / "b.jpg")).strips
    text = " ".join(ran.out.split())
    assert strip.summary in text
    assert "line C: seen, height 0." in text
    assert ran.code == 0


def test_several_pictures_are_told_in_a_table_with_a_row_each(lfa, photos, monkeypatch):
    monkeypatch.chdir(photos.parent)
    rows = lfa("read", "photos").out.splitlines()
    assert [row.split()[:2] for row in rows if row.startswith("photos")] == [
        ["photos/A.JPG", "negative"],
        ["photos/b.jpg", "positive"],
    ]


def test_a_poor_photo_is_a_result_with_advice_and_no_failure(lfa, blank):
    ran = lfa("read", blank)
    assert ran.code == 0
    assert "not read" in ran.out
    assert explain("no-strip-found") in " ".join(ran.out.split())


def test_without_a_terminal_there_is_no_progress_bar_but_a_count_at_the_end(lfa, photos):
    assert lfa("read", photos).err == "2 pictures read: 1 positive, 1 negative.\n"


def test_quiet_leaves_out_everything_but_results(lfa, photos):
    ran = lfa("read", "--json", "--quiet", photos)
    assert ran.err == ""
    assert len(documents(ran)) == 2


def test_what_is_no_picture_is_a_problem_with_file_code_and_sentence(lfa, photos):
    ran = lfa("read", "--json", photos / "notes.txt", photos / "b.jpg")
    assert ran.code == 3
    assert len(documents(ran)) == 1
    (problem,) = (line for line in ran.err.splitlines() if "notes.txt" in line)
    assert problem.startswith(f"{photos / 'notes.txt'}: unsupported-format: ")
    assert problem.endswith("Send a JPEG, PNG, WebP, HEIC or TIFF picture.")


@pytest.mark.parametrize(
    ("data", "code"),
    [(None, "source-unreadable"), (b"", "empty-input"), (b"\xff\xd8\xff\xe0", "corrupt-image")],
)
def test_when_no_input_is_a_picture_the_exit_code_is_four(lfa, tmp_path, data, code):
    path = tmp_path / "x.jpg"
    if data is not None:
        path.write_bytes(data)
    ran = lfa("read", "--json", path)
    assert (ran.code, ran.out) == (4, "")
    assert f"{path}: {code}: " in ran.err


def test_a_folder_without_pictures_gives_exit_code_four(lfa, tmp_path):
    ran = lfa("read", tmp_path)
    assert ran.code == 4
    assert "holds no pictures" in ran.err


def test_a_picture_is_read_from_standard_input(lfa, positive, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(positive)))
    (document,) = documents(lfa("read", "--json", "-"))
    assert (document["source"], document["outcome"]) == ("-", "positive")


def test_overlays_mirror_the_folders_and_never_collide(lfa, photos, tmp_path):
    out = tmp_path / "out"
    ran = lfa("read", "--recursive", photos, "--overlay", out)
    written = sorted(p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file())
    assert written == ["A.overlay.png", "b.overlay.png", "clinic b/b.overlay.png"]
    with Image.open(out / "clinic b" / "b.overlay.png") as image:
        assert image.width >= 900
    assert str(out) in ran.err


def test_the_report_holds_every_picture_and_every_problem(lfa, photos, tmp_path):
    lfa("read", photos, photos / "notes.txt", "--report", tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert page.count('<article class="card') == 2
    assert "notes.txt" in page


def test_an_overlay_folder_inside_the_folder_that_is_read_is_refused(lfa, photos):
    before = sorted(photos.rglob("*"))
    ran = lfa("read", photos, "--overlay", photos / "marked")
    assert (ran.code, ran.out) == (2, "")
    assert "choose another" in ran.err
    assert sorted(photos.rglob("*")) == before


def test_an_output_never_overwrites_a_picture_that_is_read(lfa, photos, positive):
    for arguments in (["--report", photos / "b.jpg"], ["--report", photos / "clinic b" / ".." / "b.jpg"]):
        ran = lfa("read", photos / "b.jpg", *arguments)
        assert ran.code == 2
        assert "would overwrite" in ran.err
    assert (photos / "b.jpg").read_bytes() == positive


def test_an_overlay_folder_that_cannot_be_made_is_refused_before_reading(lfa, photos, tmp_path):
    (tmp_path / "file").write_text("x")
    ran = lfa("read", photos, "--overlay", tmp_path / "file" / "out")
    assert (ran.code, ran.out) == (5, "")
    assert "output-not-writable" in ran.err


def test_a_report_that_cannot_be_written_gives_exit_code_five(lfa, photos, tmp_path):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "x").touch()
    ran = lfa("read", "--json", photos, "--report", tmp_path / "taken")
    assert ran.code == 5
    assert len(documents(ran)) == 2


@pytest.mark.parametrize("assay", ["nonsense", "missing.toml"])
def test_a_wrong_assay_is_refused_before_anything_is_read(lfa, photos, assay):
    ran = lfa("read", photos, "--assay", assay)
    assert (ran.code, ran.out) == (6, "")
    assert assay in ran.err


def test_the_assay_that_is_named_is_used(lfa, photos):
    (document,) = documents(lfa("read", "--json", photos / "b.jpg", "--assay", "covid-19-ag"))
    assert {strip["assay"] for strip in document["strips"]} == {"covid-19-ag"}


def test_a_bug_in_one_picture_does_not_lose_the_others(lfa, photos, monkeypatch):
    real = reader.read_photo

    def fails(photo, **options):
        if photo.source.endswith("A.JPG"):
            raise ZeroDivisionError
        return real(photo, **options)

    monkeypatch.setattr(reader, "read_photo", fails)
    ran = lfa("read", "--json", photos)
    assert ran.code == 1
    assert len(documents(ran)) == 1
    assert "ZeroDivisionError" in ran.err


def test_names_with_brackets_are_not_taken_for_colours(lfa, photos, positive, monkeypatch):
    monkeypatch.chdir(photos)
    (photos / "[red]x[bold].jpg").write_bytes(positive)
    assert "[red]x[bold].jpg" in lfa("read", "[red]x[bold].jpg").out


def test_a_file_name_that_is_not_unicode_is_printed_as_valid_json(lfa_process, tmp_path, positive):
    path = tmp_path / "caf\udce9.jpg"
    path.write_bytes(positive)
    out, _ = lfa_process("read", "--json", tmp_path).communicate(timeout=60)
    assert json.loads(out.decode("utf-8"))["source"].endswith("caf\udce9.jpg")
