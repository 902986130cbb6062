"""What is taken from readings, and how they are matched to labels."""

from __future__ import annotations

import pytest

from reader.errors import LabelsError, SourceUnreadable
from reader.evaluate.answers import NO_READING, load_answers, to_answer
from reader.evaluate.labels import load_labels
from reader.evaluate.reading import answered
from reader.reading import Outcome


@pytest.fixture
def labels(written):
    return load_labels(written("path,expected\na.jpg,positive\nsub/a.jpg,negative\nb.jpg,negative\n"))


def test_the_strongest_test_line_is_taken_called_or_not(made):
    lines = [("control", 0.5, 90.0), ("test", 0.02, 4.0), ("test", None, None)]
    strips = [((), lines), ((), [("test", 0.01, 9.0)])]
    answer = to_answer(made.document("a.jpg", "negative", strips=strips))
    assert (answer.outcome, answer.height, answer.snr) == (Outcome.NEGATIVE, 0.02, 4.0)


def test_without_a_measured_test_line_there_is_no_strength(made):
    answer = to_answer(made.document("a.jpg", "not_read", strips=[((), [("test", None, None)])]))
    assert (answer.height, answer.snr) == (None, None)


def test_flags_that_forbid_a_result_come_first_and_technical_ones_are_left_out(made):
    document = made.document(
        "a", flags=("strips-differ",), strips=[(("tilted", "scale-unknown", "glare"), [])]
    )
    assert to_answer(document).flags == ("glare", "strips-differ", "tilted")


def test_readings_are_found_by_their_path_below_the_folder_or_elsewhere(labels, written, made):
    sources = {"elsewhere/b.jpg": "negative", "photos/sub/a.jpg": "invalid", "photos/a.jpg": "positive"}
    path = written([made.document(s, o) for s, o in sources.items()], "r.jsonl")
    answers = load_answers(path, labels, "photos")
    assert [a.outcome.value for a in answers] == ["positive", "invalid", "negative"]


def test_the_same_name_in_another_folder_does_not_replace_a_reading(labels, written, made):
    sources = {"photos/a.jpg": "positive", "photos/old/a.jpg": "negative"}
    path = written([made.document(s, o) for s, o in sources.items()], "r.jsonl")
    assert load_answers(path, labels, "photos")[0].outcome is Outcome.POSITIVE


def test_a_picture_without_a_reading_is_not_read_and_says_so(labels, written, made):
    path = written([made.document("photos/a.jpg")], "r.jsonl")
    assert [a.error for a in load_answers(path, labels, "photos")] == ["", NO_READING, NO_READING]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("no json\n", "line 1: this is no reading"),
        ("\n[1, 2]\n", "line 2: this is no reading"),
        ('{"schema": "lfa-truth/1"}\n', "line 1: this is no reading"),
        ('{"schema": "lfa-reading/1", "source": "a.jpg"}\n', "line 1: this is no reading"),
    ],
    ids=["text", "list", "other schema", "incomplete"],
)
def test_a_line_that_is_no_reading_is_named(labels, written, lines, words):
    with pytest.raises(LabelsError, match=words):
        load_answers(written(lines, "r.jsonl"), labels, "photos")


def test_two_readings_of_one_picture_are_refused(labels, written, made):
    path = written([made.document("photos/a.jpg"), made.document("./photos/a.jpg", "negative")], "r.jsonl")
    with pytest.raises(LabelsError, match=r"line 2: a\.jpg has a reading in line 1, too"):
        load_answers(path, labels, "photos")


def test_readings_of_other_pictures_are_refused(labels, written, made):
    with pytest.raises(LabelsError, match="no reading of any"):
        load_answers(written([made.document("z.jpg")], "r.jsonl"), labels, "photos")


def test_a_missing_file_of_readings_cannot_be_opened(labels, tmp_path):
    with pytest.raises(SourceUnreadable):
        load_answers(tmp_path / "none.jsonl", labels, "photos")


def test_what_is_no_picture_is_an_answer_with_its_error(tmp_path):
    (tmp_path / "a.jpg").write_text("Dear clinic")
    answer = answered(str(tmp_path / "a.jpg"), "generic")
    assert (answer.outcome, answer.error) == (Outcome.NOT_READ, "unsupported-format")
    assert "a.jpg" in answer.sentence


def test_a_bug_at_one_picture_is_an_answer_too(monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr("reader.evaluate.reading.read_file", fail)
    answer = answered("a.jpg", "generic")
    assert answer.error == "bug"
    assert "ZeroDivisionError" in answer.sentence


@pytest.mark.parametrize(("outcome", "reason"), [("indeterminate", "It is not clear."), ("positive", "")])
def test_why_a_strip_was_left_open_is_taken(made, outcome, reason):
    assert to_answer(made.document("a.jpg", outcome, strips=[((), [])])).reason == reason
