"""The page of a run in a real browser, from a file: sorted and filtered without scripts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import reader
from reader.errors import InputError
from reader.export import write_all
from tests.export.runs import ERROR, put_run, read, strip


@pytest.fixture(scope="module")
def page(pictures: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a test, a bare table, a file that is no picture, and a picture that is gone."""
    lines = [read(f"{'long-name-of-a-site/' * 4}gone.jpg", strip(flags=("weak-control",)))]
    for path in sorted(pictures.values()):
        said: dict[str, Any] = {"path": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        try:
            said["reading"] = reader.read_file(path).to_dict() | {"source": path.name}
        except InputError:
            said["error"] = ERROR
        lines.append(said)
    run = put_run(tmp_path_factory.mktemp("run") / "run", lines, root=pictures["test"].parent)
    return next(path for path in write_all(run) if path.suffix == ".html")


@pytest.fixture(params=[(360, "light"), (1200, "dark")], ids=["phone", "desk"])
def opened(browser: Any, page: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The page; afterwards the browser complained of nothing and asked for nothing else."""
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    troubles: list[str] = []
    tab = context.new_page()
    tab.on("console", lambda message: troubles.append(message.text))
    allowed = ("file:", "data:")
    tab.on("request", lambda asked: None if asked.url.startswith(allowed) else troubles.append(asked.url))
    tab.goto(page.as_uri())
    yield tab
    context.close()
    assert troubles == []


def shown(tab: Any) -> list[str]:
    """Names of the pictures that are seen, from top to bottom."""
    return tab.evaluate(
        """[...document.querySelectorAll('.gallery > *')]
        .filter(entry => entry.querySelector('.card').checkVisibility())
        .sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
        .map(entry => entry.querySelector('h2').textContent.split('/').pop())"""
    )


def choose(tab: Any, name: str) -> None:
    tab.locator(f"label:has(#{name})").click()


def test_nothing_is_wider_than_the_screen(opened):
    assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_needs_a_look_comes_first(opened):
    assert shown(opened) == ["table.jpg", "gone.jpg", "test.jpg"]


def test_pictures_are_sorted_by_what_is_chosen(opened):
    choose(opened, "sort-name")
    assert shown(opened) == ["gone.jpg", "table.jpg", "test.jpg"]
    choose(opened, "sort-control")
    assert shown(opened)[0] == "table.jpg"


def test_pictures_are_filtered_by_result_and_by_a_weak_control_line(opened):
    choose(opened, "show-not_read")
    assert shown(opened) == ["table.jpg"]
    choose(opened, "show-weak")
    assert shown(opened) == ["gone.jpg"]
    choose(opened, "show-all")
    assert len(shown(opened)) == 3


def test_pictures_and_profiles_are_seen(opened):
    picture = opened.locator(".gallery img").first
    picture.scroll_into_view_if_needed()
    picture.evaluate("image => image.decode()")
    assert opened.locator(".gallery figure svg").first.bounding_box()["width"] > 100
