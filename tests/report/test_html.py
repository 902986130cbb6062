"""The HTML report: self-contained, safe, and wholly written or not at all."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from reader.errors import OutputError
from reader.flags import explain
from reader.reading import Outcome
from reader.report import card, render, write_report
from reader.report.files import write_whole

OVERLAY = np.full((700, 1200, 3), 180, np.uint8)
VOID = {"img", "meta", "input", "br", "rect", "path"}


class Balance(HTMLParser):
    """Fails when a tag is closed that was not open."""

    def __init__(self):
        super().__init__()
        self.open = []
        self.seen = []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def page_of(*readings, unreadable=()):
    return render([card(reading, OVERLAY) for reading in readings], unreadable, "0.1.0")


def test_every_tag_is_closed_in_order(made):
    parser = Balance()
    parser.feed(page_of(made.reading(made.strip(flags=("tilted",))), made.reading(flags=("no-strip-found",))))
    assert parser.open == []


def test_the_page_loads_nothing_and_runs_nothing(made):
    page = page_of(made.reading(made.strip()), unreadable=[("a.txt", "No picture.")])
    page = page.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?:|<script|\bon\w+=|@import|url\(|<link", page)
    assert "default-src 'none'" in page


def test_the_overlay_is_in_the_page_as_a_jpeg(made):
    page = page_of(made.reading(made.strip()))
    data = re.search(r'src="data:image/jpeg;base64,([^"]+)"', page)[1]
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    assert (image.format, image.width) == ("JPEG", 1000)


def test_pictures_are_counted_by_outcome(made):
    readings = [
        made.reading(made.strip(outcome=o)) for o in (Outcome.POSITIVE, Outcome.NEGATIVE, Outcome.NEGATIVE)
    ]
    page = page_of(*readings, unreadable=[("a.txt", "It is a text.")])
    text = re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL)
    text = " ".join(text.split())
    assert "3 pictures read, 1 file not readable as a picture." in text
    assert "3 all 1 positive 2 negative" in text
    assert "a.txt : It is a text." in text


def test_each_outcome_can_be_shown_alone_without_scripts(made):
    page = page_of(made.reading(made.strip()), made.reading(flags=("no-strip-found",)))
    for outcome in ("positive", "not_read"):
        assert f'id="show-{outcome}"' in page
        assert f"body:has(#show-{outcome}:checked) .card:not(.{outcome})" in page


def test_flags_come_with_advice_and_the_strips_they_concern(made):
    strips = [made.strip(id=1), made.strip(id=2, flags=("soft",))]
    assert f"{explain('soft')} (strip 2)" in page_of(made.reading(*strips))


def test_a_hostile_file_name_stays_text(made):
    evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>.jpg'
    reading = made.reading(
        made.strip(summary=evil, assay=evil, lines=(made.line(evil, 0.3, 0.3),)), source=evil
    )
    page = page_of(reading, unreadable=[(evil, evil)])
    parser = Balance()
    parser.feed(page)
    tags = [tag for tag, _ in parser.seen]
    assert "script" not in tags
    assert tags.count("img") == 1
    assert not any(name.startswith("on") for _, attributes in parser.seen for name in attributes)


def test_a_report_without_any_picture_is_still_a_page():
    assert "0 pictures read" in page_of()


def test_a_name_that_is_not_unicode_does_not_stop_the_report(made, tmp_path):
    write_report(tmp_path / "r.html", page_of(made.reading(made.strip(), source="caf\udce9.jpg")))
    assert "caf?.jpg" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_missing_folders_of_the_report_are_made(tmp_path):
    write_report(tmp_path / "a" / "b" / "r.html", page_of())
    assert (tmp_path / "a" / "b" / "r.html").exists()


def test_a_report_that_cannot_be_written_is_an_output_error_and_leaves_nothing(tmp_path):
    target = tmp_path / "taken"
    target.mkdir()
    (target / "file").touch()
    with pytest.raises(OutputError, match="taken cannot be written"):
        write_report(target, page_of())
    assert [p.name for p in tmp_path.iterdir()] == ["taken"]


def test_a_file_below_a_file_is_an_output_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        write_whole(tmp_path / "file" / "r.html", b"x")


def test_a_disk_that_fills_up_leaves_the_older_file_as_it_was(tmp_path, monkeypatch):
    write_whole(tmp_path / "r.html", b"old")

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("reader.report.files.os.fsync", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write_whole(tmp_path / "r.html", b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["r.html"]
    assert (tmp_path / "r.html").read_bytes() == b"old"
