"""The page and the document of an evaluation."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from reader.errors import OutputError
from reader.evaluate.misses import Examination, is_miss
from reader.evaluate.page import write_page
from reader.evaluate.study import Study, document, study_of
from reader.flags import explain
from reader.locate.explain import FEATURE_WORDS, explained
from reader.reading import Outcome
from reader.view import View
from tests.locate import scenes

VOID = {"img", "meta", "br", "rect", "path", "circle", "polyline"}
LOOK = "<script>alert('x')</script>.jpg"


class Balance(HTMLParser):
    """Fails when a tag is closed that was not open."""

    def __init__(self):
        super().__init__()
        self.open = []
        self.links = []

    def handle_starttag(self, tag, attrs):
        self.links += [value for name, value in attrs if name in {"href", "src"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def windows():
    return explained(View(scenes.cassette_picture().pixels))


@pytest.fixture
def study(made) -> Study:
    cases = [
        made.case("positive", "positive", row=2, source="a", snr=12.0, height=0.05, strength="weak"),
        made.case("positive", "positive", row=3, source="b", snr=4.0, height=0.011),
        made.case(
            "positive", "negative", row=4, path=LOOK, source="b", flags=("soft",), snr=1.0, height=0.001
        ),
        made.case("negative", "not_read", row=5, path="b.jpg", source="a", flags=("glare",)),
        made.case("negative", "not_read", row=6, path="c.jpg", error="corrupt-image", sentence="Damaged."),
        made.case(None, "positive", row=7, path="d.jpg", left_out="shows several tests"),
    ]
    return study_of([c.label for c in cases], [c.answer for c in cases], "generic")


def looked(study, windows):
    """A second look at each miss; one of the files is no picture."""
    svg = '<svg xmlns="http://www.w3.org/2000/svg"></svg>'
    seen = Examination(
        Outcome.NOT_READ, ("It is so.",), (svg,), b"overlay", b"places", windows, "Number 1 scores best."
    )
    cases = [case for group in study.misses for case in group.cases]
    return ["c.jpg is damaged." if case.answer.error else seen for case in cases]


@pytest.fixture
def page(study, windows, tmp_path):
    steps = []
    path = write_page(tmp_path / "out", study, looked(study, windows), lambda: steps.append(1))
    assert path == tmp_path / "out" / "index.html"
    assert len(steps) == sum(map(is_miss, study.cases)) == 3
    return path.read_text(encoding="utf-8")


def test_every_tag_is_closed_in_order_and_every_link_leads_somewhere(page, tmp_path):
    parser = Balance()
    parser.feed(page)
    assert parser.open == []
    for link in parser.links:
        if link.startswith("#"):
            assert f'id="{link[1:]}"' in page
        else:
            assert (tmp_path / "out" / link).is_file()


def test_the_page_loads_nothing_from_elsewhere_and_runs_nothing(page):
    text = page.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?:|<script|\bon\w+=|@import|url\(|<link", text)
    assert "default-src 'none'" in page


def test_names_of_pictures_are_shown_but_never_become_names_of_files(page, tmp_path):
    assert "&lt;script&gt;" in page
    names = sorted(path.name for path in (tmp_path / "out" / "pictures").iterdir())
    assert names == ["00004-overlay.jpg", "00004-places.jpg", "00005-overlay.jpg", "00005-places.jpg"]


def test_wrong_calls_are_shown_before_no_calls_with_flags_and_advice(page):
    assert page.index("positive, read as negative") < page.index("no call: glare")
    assert "c.jpg is damaged." in page
    for code in ("soft", "glare"):
        assert explain(code) in page


def test_a_second_look_that_says_otherwise_is_pointed_out(page):
    assert page.count("Read again for this page, it is not read") == 1


def test_places_are_compared_feature_by_feature(page, windows):
    assert all(words in page for words in FEATURE_WORDS.values())
    assert "Number 1 scores best." in page
    assert all(window.standing in page for window in windows if window.looked)
    assert page.count("not worth a close look") == 2 * any(not window.looked for window in windows)


def test_numbers_by_source_by_strength_and_what_is_left_out_are_shown(page):
    for part in ("By source", "Sensitivity by height over noise", "weak", "shows several tests", "kappa"):
        assert part in page
    assert page.count("<svg") == 2 + 2


def test_an_evaluation_without_misses_says_so(made, tmp_path):
    cases = [made.case("negative", "negative")]
    study = study_of([c.label for c in cases], [c.answer for c in cases], "generic")
    text = write_page(tmp_path, study, [], lambda: None).read_text(encoding="utf-8")
    assert "Every picture was read as expected." in text
    assert "0 misses" in text


def test_a_page_that_cannot_be_written_is_an_error(study, windows, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        write_page(tmp_path / "file", study, looked(study, windows), lambda: None)


def test_the_document_is_json_without_gaps_and_holds_every_miss(study):
    made = json.loads(json.dumps(document(study), allow_nan=False))
    assert made["schema"] == "lfa-evaluation/1"
    assert made["confusion"] == {"negative": {"not_read": 2}, "positive": {"negative": 1, "positive": 2}}
    assert made["shares"]["sensitivity"]["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert made["shares"]["invalid_caught"]["value"] is None
    assert [miss["path"] for miss in made["misses"]] == [LOOK, "c.jpg", "b.jpg"]
    assert set(made["by"]["source"]) == {"", "a", "b"}
    assert [b["bin"] for b in made["sensitivity_by_strength"]["snr"]] == ["< 3", "3 – 5", "10 – 20"]
    assert made["left_out"][0]["why"] == "shows several tests"


def test_the_document_is_the_same_whatever_the_order_of_the_world(study):
    assert json.dumps(document(study)) == json.dumps(document(study))
    assert np.isfinite(document(study)["kappa"]["value"])
