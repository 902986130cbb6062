"""Bytes that were read once in a run are not read again, however far apart their copies lie."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from reader.batch.known import Known
from reader.batch.parts import Part, items, part_path, write_part
from reader.batch.run import run_plan
from tests.batch.made import failed_line, folder_of, line, planned, process_engine, serial_engine

MARKS = "tests.batch.planted:marked"


LINES = [line("a.jpg", b"one"), failed_line("b.jpg"), line("c.jpg", b"two")]
TEXTS = [one.text for one in LINES]


@pytest.fixture
def known(tmp_path):
    write_part(tmp_path, Part(0, ("a.jpg", "b.jpg", "c.jpg"), "run"), LINES)
    return Known(tmp_path)


def digest_of(text):
    return json.loads(text)["sha256"]


def test_the_line_of_a_picture_is_found_by_the_digest_of_its_bytes(known):
    wanted = line("c.jpg", b"two").text
    known.learn(0, TEXTS)
    assert known.find(digest_of(wanted)) == wanted.rstrip(b"\n")
    assert known.find("0" * 64) is None


def test_other_bytes_whose_digest_begins_alike_are_not_taken_for_a_copy(known):
    known.learn(0, TEXTS)
    digest = digest_of(line("c.jpg", b"two").text)
    assert known.find(digest[:-1] + ("0" if digest[-1] != "0" else "1")) is None


def test_a_part_that_has_gone_costs_another_reading_and_nothing_else(known, tmp_path):
    known.learn(0, TEXTS)
    part_path(tmp_path, 0).unlink()
    assert known.find(digest_of(line("c.jpg", b"two").text)) is None


def test_beyond_the_most_that_is_remembered_the_oldest_is_forgotten(known):
    few = Known(known._run, most=1)
    few.learn(0, TEXTS)
    assert few.find(digest_of(line("a.jpg", b"one").text)) is None
    assert few.find(digest_of(line("c.jpg", b"two").text)) is not None


def test_an_error_is_no_line_of_a_picture_that_was_read(tmp_path):
    digest = digest_of(line("b.jpg").text)
    failed = failed_line("b.jpg")
    failed = replace(failed, text=failed.text.replace(b"null", b'"%s"' % digest.encode()))
    write_part(tmp_path, Part(0, ("b.jpg",), "run"), [failed])
    known = Known(tmp_path)
    known.learn(0, [failed.text])
    assert known.find(digest) is None


@pytest.fixture
def far_apart(tmp_path):
    """Two copies with more pictures between them than any worker remembers; each reading leaves a mark."""
    marks = tmp_path / "marks"
    copy = b"mark " + str(marks).encode()
    return folder_of(tmp_path / "pictures", 12, **{"0000a": copy, "zz": copy}), marks


@pytest.mark.parametrize("make", [process_engine, lambda plan, _, how: serial_engine(plan, how)])
def test_copies_far_apart_are_read_once_by_whatever_number_of_workers(far_apart, tmp_path, monkeypatch, make):
    monkeypatch.setattr("reader.batch.reading._REMEMBERED", 2)
    folder, marks = far_apart
    plan = planned(folder, tmp_path / "run", chunk=2)
    run_plan(plan, make(plan, 2, MARKS))
    assert marks.read_text() == "read\n"
    (copy,) = [item for item in items(plan.run) if item.same_as]
    assert (copy.path, copy.same_as, copy.reading["source"]) == ("zz.jpg", "0000a.jpg", "zz.jpg")


def test_a_run_that_goes_on_knows_what_was_read_before(far_apart, tmp_path):
    folder, marks = far_apart
    plan = planned(folder, tmp_path / "run", chunk=2)
    run_plan(plan, serial_engine(plan, MARKS))
    part_path(plan.run, 6).unlink()
    run_plan(plan, process_engine(plan, 1, MARKS))
    assert marks.read_text() == "read\n"
