"""Parts are whole or not there, and say what they are of."""

from __future__ import annotations

import os

import pytest

from reader.batch.parts import Counts, Item, Part, check_part, items, part_path, write_part
from reader.errors import OutputError, RunError
from tests.batch.made import failed_line, line

PART = Part(3, ("a.jpg", "b.jpg"), "of-this-run")
LINES = [line("a.jpg"), failed_line("b.jpg")]


@pytest.fixture
def run(tmp_path):
    write_part(tmp_path, PART, LINES)
    return tmp_path


def test_a_whole_part_says_what_it_counted(run):
    assert check_part(run, PART) == Counts({"negative": 1}, {"corrupt-image": 1})


def test_a_part_that_was_never_written_is_missing(run):
    assert check_part(run, Part(4, PART.names, PART.run)) == "missing"


@pytest.mark.parametrize(
    "other",
    [Part(3, ("a.jpg", "c.jpg"), PART.run), Part(3, ("a.jpg",), PART.run), Part(3, PART.names, "another")],
)
def test_a_part_of_other_pictures_or_of_another_run_is_foreign(run, other):
    assert check_part(run, other) == "foreign"


def test_a_part_under_another_number_is_foreign(run):
    part_path(run, 3).rename(part_path(run, 5))
    assert check_part(run, Part(5, PART.names, PART.run)) == "foreign"


def test_a_part_that_was_cut_anywhere_is_torn(run):
    content = part_path(run, 3).read_bytes()
    for length in range(len(content)):
        part_path(run, 3).write_bytes(content[:length])
        assert check_part(run, PART) == "torn", length


def test_a_part_in_which_any_byte_was_changed_is_not_taken(run):
    content = bytearray(part_path(run, 3).read_bytes())
    body = content.rindex(b"\n", 0, -1)
    for k in range(body):
        changed = bytearray(content)
        changed[k] ^= 1
        part_path(run, 3).write_bytes(changed)
        assert check_part(run, PART) == "torn", k


@pytest.mark.parametrize("call", ["fsync", "open"])
@pytest.mark.parametrize("number", [28, 5, 13])
def test_a_write_that_fails_leaves_nothing_torn(tmp_path, monkeypatch, call, number):
    write_part(tmp_path, PART, LINES)
    before = part_path(tmp_path, 3).read_bytes()

    def failing(*_arguments):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(f"reader.report.files.os.{call}", failing)
    with pytest.raises(OutputError, match=os.strerror(number)):
        write_part(tmp_path, PART, [line("a.jpg"), line("b.jpg")])
    monkeypatch.undo()
    assert [path.name for path in (tmp_path / "parts").iterdir()] == ["part-000003.jsonl"]
    # The name is put in place before the folder is made safe: by then the new content is whole.
    assert part_path(tmp_path, 3).read_bytes() == before or check_part(tmp_path, PART) == Counts(
        {"negative": 2}, {}
    )


def test_items_come_in_the_order_of_the_parts(tmp_path):
    for number in (10, 2, 1000000):
        write_part(tmp_path, Part(number, (f"{number}.jpg",), "r"), [line(f"{number}.jpg")])
    assert [item.path for item in items(tmp_path)] == ["2.jpg", "10.jpg", "1000000.jpg"]


def test_an_item_holds_a_reading_or_an_error(run):
    read, unreadable = items(str(run))
    assert read.reading == {"source": "a.jpg", "outcome": "negative"}
    assert read.error is read.same_as is None
    assert len(read.sha256) == 64
    assert unreadable == Item(
        "b.jpg",
        None,
        None,
        {"code": "corrupt-image", "message": "It is damaged.", "advice": "Copy it again."},
        None,
    )


def test_pictures_with_the_same_bytes_name_the_first_of_them_across_parts(tmp_path):
    write_part(tmp_path, Part(0, ("a", "b"), "r"), [line("a", b"x"), line("b", b"y")])
    write_part(tmp_path, Part(1, ("c", "d"), "r"), [line("c", b"x"), line("d", b"x")])
    write_part(tmp_path, Part(2, ("e", "f"), "r"), [failed_line("e"), failed_line("f")])
    assert [item.same_as for item in items(tmp_path)] == [None, None, "a", "a", None, None]


def test_items_of_a_torn_part_are_refused(run):
    part_path(run, 3).write_bytes(part_path(run, 3).read_bytes()[:-20])
    with pytest.raises(RunError, match=r"part-000003\.jsonl is not whole"):
        list(items(run))


def test_a_run_without_parts_has_no_items(tmp_path):
    assert list(items(tmp_path)) == []
