"""The file of labels: what it may hold, and what is said of one that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from reader.errors import LabelsError, SourceUnreadable
from reader.evaluate.labels import load_labels, located
from reader.reading import Outcome

PHOTOS = Path(__file__).resolve().parents[2].parent / "shared" / "photos"


def test_two_columns_are_enough(written):
    labels = load_labels(written("path,expected\na.jpg,positive\nb c.jpg,not read\n"))
    assert [(x.row, x.path, x.expected, x.weight) for x in labels] == [
        (2, "a.jpg", Outcome.POSITIVE, 1.0),
        (3, "b c.jpg", Outcome.NOT_READ, 1.0),
    ]


def test_other_names_of_columns_other_columns_and_a_byte_order_mark_are_taken(written):
    text = "\ufeffNotes,Site,expected_result,path,strength,test_lines_visible\n"
    (label,) = load_labels(written(text + '"a, b\nc",Bo,Negative,x/y.jpg,weak,0\n'))
    assert (label.path, label.expected, label.source) == ("x/y.jpg", Outcome.NEGATIVE, "Bo")
    assert (label.strength, label.lines_visible) == ("weak", 0)


@pytest.mark.parametrize("delimiter", [";", "\t"], ids=["semicolons", "tabs"])
def test_files_of_spreadsheets_in_other_countries_are_taken(written, delimiter):
    text = "path,expected,source\na b.jpg,positive,x\n".replace(",", delimiter)
    (label,) = load_labels(written(text))
    assert (label.path, label.expected, label.source) == ("a b.jpg", Outcome.POSITIVE, "x")


def test_a_cell_beyond_all_measure_is_refused_with_its_line(written):
    with pytest.raises(LabelsError, match="line 2: field larger"):
        load_labels(written(f"path,expected\n{'x' * 200_000},positive\n"))


def test_empty_rows_and_cells_at_the_end_may_be_missing(written):
    labels = load_labels(written("path,expected,source,usable\na.jpg,positive\n\n,,,\nb.jpg,negative,x\n"))
    assert [(x.path, x.source, x.left_out, x.row) for x in labels] == [
        ("a.jpg", "", "", 2),
        ("b.jpg", "x", "", 5),
    ]


def test_photos_of_one_test_weigh_as_one_within_their_source_and_without_what_is_left_out(written):
    rows = ["a,positive,s,g,1", "b,positive,s,g,1", "c,positive,s,g,0", "d,positive,t,g,1", "e,positive,s,,1"]
    text = "path,expected,source,group,usable\n" + "\n".join(rows)
    assert [x.weight for x in load_labels(written(text)) if not x.left_out] == [0.5, 0.5, 1.0, 1.0]


def test_pictures_of_several_tests_and_unusable_ones_are_left_out_and_need_no_result(written):
    text = (
        "path,expected,kind,usable\na,unknown,multi,1\nb,,strip,0\nc,positive,strip,0\nd,positive,strip,1\n"
    )
    labels = load_labels(written(text))
    assert [bool(x.left_out) for x in labels] == [True, True, True, False]
    assert [x.expected for x in labels] == [None, None, Outcome.POSITIVE, Outcome.POSITIVE]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: the column path is missing"),
        ("path,result\na,positive\n", "line 1: the column expected is missing"),
        (
            "path,expected,expected_result\na,positive,positive\n",
            "line 1: the column expected is there twice",
        ),
        ("path,expected\na,positive\nb,postive\n", "line 3: the expected result is one of .* not 'postive'"),
        ("path,expected\na,unknown\n", "line 2: the expected result"),
        ("path,expected\na,multiple\n", "line 2: the expected result"),
        ("path,expected\n,positive\n", "line 2: the path is missing"),
        ("path,expected\na,positive\nb,negative\n./a,positive\n", "line 4: ./a was named before, in line 2"),
        ("path,expected,usable\na,positive,yes\n", "line 2: usable is 1, or 0 .* not 'yes'"),
        ("path,expected,test_lines_visible\na,positive,some\n", "line 2: test_lines_visible"),
        ("path,expected\n", "no picture to be evaluated"),
        ("path,expected,usable\na,positive,0\n", "no picture to be evaluated"),
    ],
    ids=range(12),
)
def test_what_is_wrong_is_said_with_its_line(written, text, words):
    path = written(text)
    with pytest.raises(LabelsError, match=words) as raised:
        load_labels(path)
    assert str(path) in str(raised.value)


def test_a_line_break_inside_a_cell_does_not_shift_the_line_that_is_named(written):
    with pytest.raises(LabelsError, match="line 4: "):
        load_labels(written('path,expected,notes\na,positive,"two\nlines"\nb,nothing,\n'))


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "x.csv").write_bytes(b"path,expected\n\xff\xfe,positive\n")
    with pytest.raises(LabelsError, match="UTF-8"):
        load_labels(tmp_path / "x.csv")


def test_a_missing_file_cannot_be_opened(tmp_path):
    with pytest.raises(SourceUnreadable, match=r"none\.csv"):
        load_labels(tmp_path / "none.csv")


def test_pictures_lie_below_the_folder_or_where_the_label_says(written, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jpg").touch()
    (tmp_path / "b.jpg").touch()
    labels = load_labels(written(f"path,expected\na.jpg,positive\n{tmp_path / 'b.jpg'},negative\n"))
    assert located(labels, tmp_path / "in", "x") == (
        str(tmp_path / "in" / "a.jpg"),
        str(tmp_path / "b.jpg"),
    )


def test_a_picture_that_is_not_there_is_named_with_its_line(written, tmp_path):
    labels = load_labels(written("path,expected\nc.jpg,positive\n"))
    with pytest.raises(LabelsError, match=r"labels\.csv, line 2: there is no picture c\.jpg"):
        located(labels, tmp_path, "labels.csv")


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="needs the real photos beside the project")
def test_the_labels_of_the_real_photos_are_taken_as_they_are():
    labels = load_labels(PHOTOS / "labels.csv")
    counted = [x for x in labels if not x.left_out]
    assert len(counted) > 900
    assert not any(x.kind == "multi" for x in counted)
    assert sum(x.weight for x in counted) < len(counted)
    assert len(located(labels, PHOTOS, "labels.csv")) == len(labels)
