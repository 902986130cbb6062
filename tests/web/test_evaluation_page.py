"""The page of an evaluation in a real browser, from a file: on a phone in light, on a desk in dark."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reader.evaluate.labels import load_labels
from reader.evaluate.misses import examined
from reader.evaluate.page import write_page
from reader.evaluate.reading import answered
from reader.evaluate.study import study_of


@pytest.fixture(scope="module")
def page(pictures: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An evaluation in which every picture is a miss."""
    folder = tmp_path_factory.mktemp("evaluation")
    (folder / "labels.csv").write_text(
        f"path,expected,source\n{pictures['test']},negative,{'long-name-of-a-site/' * 4}\n"
        f"{pictures['table']},positive,b\n{pictures['letter']},positive,b\n"
    )
    labels = load_labels(folder / "labels.csv")
    study = study_of(labels, [answered(x.path, "generic") for x in labels], "generic")
    missed = [case.label.path for group in study.misses for case in group.cases]
    return write_page(folder, study, [examined(path, "generic") for path in missed], lambda: None)


@pytest.fixture(params=[(360, "light"), (1200, "dark")], ids=["phone", "desk"])
def opened(browser: Any, page: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The page; afterwards the browser complained of nothing and asked for nothing but files."""
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    troubles: list[str] = []
    tab = context.new_page()
    tab.on("console", lambda message: troubles.append(message.text))
    tab.on("request", lambda asked: None if asked.url.startswith("file:") else troubles.append(asked.url))
    tab.goto(page.as_uri())
    yield tab
    context.close()
    assert troubles == []


def test_nothing_is_wider_than_the_screen(opened):
    opened.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_miss_is_reached_from_the_index_and_shows_its_pictures(opened):
    opened.click("nav a >> nth=0")
    opened.click("details summary >> nth=0")
    image = opened.locator("details img").first
    image.scroll_into_view_if_needed()
    opened.wait_for_function("[...document.images].slice(0, 2).every(i => i.complete && i.naturalWidth > 0)")
    assert opened.locator("details table").first.is_visible()
