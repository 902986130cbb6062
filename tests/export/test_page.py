"""The page of a run: what it counts, what it shows first, and that it stays safe, whole and openable."""

from __future__ import annotations

import copy
import hashlib
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reader
from reader.batch.listing import address
from reader.batch.parts import items
from reader.export.metadata import Metadata, Unused
from reader.export.page import BROKEN, CHANGED, GONE, OTHER, page_file
from reader.export.rows import Table
from reader.export.summary import Summary
from reader.reading import Analyte, Outcome
from reader.simulate import cassette, render, scene
from tests.export.runs import failed, put_run, read, strip

VOID = {"img", "meta", "input", "br", "rect", "path", "polyline"}


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def sure(outcome, confidence=0.99, **changes):
    outcome = Outcome(outcome)
    return strip(outcome=outcome, analytes={"T": Analyte(outcome, confidence, 0.3, 0.01)}, **changes)


def page_of(tmp_path, *lines, root="nowhere", table=None, **options):
    table, run = table or Table(), put_run(tmp_path / "run", list(lines))
    with page_file(tmp_path / "report.html", table, root=str(root), **options) as put:
        for item in items(run):
            put(item, table.rows(item))
    return (tmp_path / "report.html").read_text(encoding="utf-8")


def summary_of(tmp_path, *lines, most=10):
    summary = Summary(most)
    for item in items(put_run(tmp_path / "run", list(lines))):
        summary.add(item)
    return summary


def words(page):
    text = re.sub(r"<style>.*?</style>|<svg.*?</svg>|<[^>]+>", " ", page, flags=re.DOTALL)
    return " ".join(text.split())


def names(page):
    return re.findall(r"<h2>([^<]+)</h2>", page)


@pytest.fixture(scope="module")
def taken(tmp_path_factory):
    """A folder with one simulated photo, and the line of a part that says what is in it."""
    folder = tmp_path_factory.mktemp("photos")
    made = scene([cassette({"C": 0.5, "T": 0.3}, code="test")], size_px=(600, 800))
    data = render(made, np.random.default_rng(3)).encode("JPEG")
    (folder / "a.jpg").write_bytes(data)
    document = {**reader.read_bytes(data).to_dict(), "source": "a.jpg"}
    return folder, {"path": "a.jpg", "sha256": hashlib.sha256(data).hexdigest(), "reading": document}


def test_what_needs_a_look_comes_first(tmp_path):
    lines = [
        read("sure.jpg", sure("positive")),
        read("invalid.jpg", sure("invalid")),
        read("weak.jpg", sure("negative", flags=("weak-control",))),
        read("unread.jpg", flags=("no-strip-found",)),
        read("doubtful.jpg", sure("positive", 0.8)),
        read("open.jpg", sure("indeterminate")),
    ]
    shown = names(page_of(tmp_path, *lines))
    assert [name.removesuffix(".jpg") for name in shown] == [
        "open",
        "unread",
        "weak",
        "invalid",
        "doubtful",
        "sure",
    ]


def test_one_open_strip_among_clear_ones_needs_a_look(tmp_path):
    lines = [
        read("a.jpg", sure("positive", 0.6)),
        read("b.jpg", sure("positive"), sure("indeterminate", id=2), outcome=Outcome.MULTIPLE),
    ]
    assert names(page_of(tmp_path, *lines)) == ["b.jpg", "a.jpg"]


def test_of_a_large_run_no_more_than_the_first_are_shown_and_the_page_says_so(tmp_path):
    lines = [read(f"{k:03}.jpg", sure("positive", 0.5 + k / 1000)) for k in range(50)]
    page = page_of(tmp_path, *reversed(lines), most=4)
    assert names(page) == ["000.jpg", "001.jpg", "002.jpg", "003.jpg"]
    assert "4 of 50 different pictures are shown" in words(page)
    assert "50 positive" in words(page)


def test_a_duplicate_is_counted_and_not_shown(tmp_path):
    page = page_of(
        tmp_path, read("a.jpg", sure("positive")), read("b.jpg", sure("positive"), same_as="a.jpg")
    )
    assert names(page) == ["a.jpg"]
    assert "2 positive 1 same bytes as another" in words(page)
    assert "All different pictures that were read are shown." in words(page)


def test_failures_are_told_by_reason_with_what_to_do(tmp_path):
    lines = [failed(f"{k}.jpg") for k in range(7)]
    own = {"code": "crashed", "message": "The picture stopped the reader.", "advice": "Look at it alone."}
    page = words(page_of(tmp_path, *lines, failed("x.jpg", **own)))
    assert "8 not readable as a picture" in page
    assert "The picture is damaged or incomplete. corrupt-image 7 Copy or send the picture again;" in page
    assert "0.jpg, 1.jpg, 2.jpg, 3.jpg, 4.jpg, …" in page
    assert "The picture stopped the reader. crashed 1 Look at it alone. x.jpg" in page


def test_pictures_that_do_not_allow_a_reading_are_told_by_reason(tmp_path):
    lines = [
        read("a.jpg", flags=("too-dark", "no-strip-found")),
        read("b.jpg", sure("not_read", flags=("glare", "soft"))),
    ]
    summary = summary_of(tmp_path, *lines)
    assert {code: reason.count for code, reason in summary.unread.items()} == {
        "too-dark": 1,
        "no-strip-found": 1,
        "glare": 1,
    }


def test_heights_of_lines_that_are_there_are_counted(tmp_path):
    summary = summary_of(tmp_path, read("a.jpg", strip(), strip(id=2)))
    assert (summary.heights["control"][15], summary.heights["test"][5]) == (2, 2)
    assert sum(summary.heights["control"]) == 2


def test_a_line_higher_than_all_steps_is_counted_in_the_last(tmp_path):
    document = read("a.jpg", strip())
    document["reading"]["strips"][0]["lines"][0]["height"] = 7.0
    document["reading"]["strips"][0]["lines"][1]["height"] = -0.1
    summary = summary_of(tmp_path, document)
    assert (summary.heights["control"][-1], summary.heights["test"][0]) == (1, 1)


def test_the_page_loads_nothing_and_runs_nothing_and_every_tag_is_closed(tmp_path, taken):
    folder, line = taken
    page = page_of(tmp_path, line, failed("b.txt"), read("c.jpg", sure("invalid")), root=folder)
    parser = Tags()
    parser.feed(page)
    assert parser.open == []
    plain = page.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?:|<script|\bon\w+=|@import|url\(|<link", plain)
    assert "default-src 'none'" in page


def test_a_picture_is_shown_with_its_marks_and_its_profile(tmp_path, taken):
    folder, line = taken
    page = page_of(tmp_path, line, root=folder)
    assert "data:image/jpeg;base64," in page
    assert page.count("<polyline") >= 4
    assert not any(note in page for note in (GONE, CHANGED, OTHER, BROKEN))


def test_a_picture_is_found_by_its_address_though_its_name_could_not_stand_in_a_list(tmp_path, taken):
    folder, line = taken
    name = "%41.jpg"
    (tmp_path / name).write_bytes((folder / "a.jpg").read_bytes())
    page = page_of(tmp_path, line | {"path": address(name.encode())}, root=tmp_path)
    assert "data:image/jpeg;base64," in page
    assert GONE not in page


def test_a_picture_that_is_gone_is_shown_by_what_was_measured(tmp_path, taken):
    page = page_of(tmp_path, taken[1], root=tmp_path)
    assert GONE in page
    assert "<img" not in page
    assert "Line profile of strip 1" in page


def test_a_picture_that_has_changed_is_not_shown(tmp_path, taken):
    folder, line = taken
    page = page_of(tmp_path, line | {"sha256": "0" * 64}, root=folder)
    assert CHANGED in page
    assert "<img" not in page


def test_a_picture_whose_lines_are_measured_otherwise_now_has_no_profile(tmp_path, taken):
    folder, line = taken
    document = copy.deepcopy(line["reading"])
    document["strips"][0]["lines"][0]["height"] = 0.05
    page = page_of(tmp_path, line | {"reading": document}, root=folder)
    assert OTHER in page
    assert "<img" in page


def test_a_picture_of_an_unknown_kit_has_no_profile(tmp_path, taken):
    folder, line = taken
    page = page_of(tmp_path, line, root=folder, table=Table(kits=lambda _id: None))
    assert OTHER in page


def test_a_bug_in_one_picture_does_not_cost_the_page(tmp_path, taken, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("reader.export.page.draw_overlay", broken)
    folder, line = taken
    assert BROKEN in page_of(tmp_path, line, root=folder)


def test_a_run_that_is_not_complete_and_metadata_that_fit_nothing_are_told(tmp_path):
    table = Table(Metadata(unused=(Unused(2, "z.jpg", "There is no such picture."),)))
    page = words(page_of(tmp_path, read("a.jpg", sure("positive")), planned=3, table=table))
    assert "The run is not complete: 3 pictures are planned." in page
    assert "1 row of the metadata could not be joined" in page


def test_an_empty_run_is_a_page(tmp_path):
    assert "0 pictures" in words(page_of(tmp_path))


@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12))
def test_no_name_becomes_a_tag(tmp_path_factory, text):
    evil = f"\"><script>{text}</script><img src=x onerror=alert(1)>{text}'.jpg"
    lines = [
        read(evil, sure("positive", summary=evil, assay=evil)),
        failed(evil, code="odd", message=evil, advice=evil),
    ]
    parser = Tags()
    parser.feed(page_of(tmp_path_factory.mktemp("p"), *lines))
    assert not {"script", "img"} & {tag for tag, _ in parser.seen}
    assert not any(name.startswith("on") for _, attributes in parser.seen for name in attributes)
