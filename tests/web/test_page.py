"""The page in a real browser: with scripts and without, on a phone and on a desk."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest

import reader
from service.view import _OUTCOMES

PHONE = {"width": 360, "height": 740}
DESK = {"width": 1200, "height": 900}
DISCLAIMER = "Decision support for trained users, not a cleared device."

Open = Callable[..., Any]


@pytest.fixture
def open_page(browser: Any, url: str) -> Iterator[Open]:
    """Open the page; afterwards no script has failed and nothing outside was asked for."""
    contexts, troubles = [], []

    def opened(*, scripts: bool = True, size: dict[str, int] = PHONE) -> Any:
        context = browser.new_context(viewport=size, java_script_enabled=scripts)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: _note_outside(request.url, url, troubles))
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()
    # The browser itself notes every answer that is no success; those are the service's to give.
    assert [trouble for trouble in troubles if not trouble.startswith("Failed to load resource")] == []


def _note_outside(asked: str, url: str, troubles: list[str]) -> None:
    if urlsplit(asked).netloc != urlsplit(url).netloc and not asked.startswith(("blob:", "data:")):
        troubles.append(f"asked for {asked}")


def send(page: Any, picture: Path, assay: str = "generic") -> Any:
    """Send a picture and wait for the answer's heading."""
    page.set_input_files("#image", picture)
    page.select_option("#assay", assay)
    page.evaluate("document.getElementById('result')?.setAttribute('id', 'earlier')")
    page.click("button")
    page.wait_for_selector("#result h1")
    return page.locator("#result")


def expected_word(picture: Path, assay: str = "generic") -> str:
    outcome = reader.read_bytes(picture.read_bytes(), assay=assay).to_dict()["outcome"]
    return _OUTCOMES[outcome][0]


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_picture_is_sent_and_its_result_is_told_in_words(
    open_page: Open, pictures: dict[str, Path], *, scripts: bool
) -> None:
    page = open_page(scripts=scripts)
    result = send(page, pictures["test"], "covid-19-ag")
    assert result.locator("h1").inner_text() == expected_word(pictures["test"], "covid-19-ag")
    assert "COVID-19 antigen" in result.inner_text()
    assert DISCLAIMER in page.inner_text("body")
    assert ("/readings/" in page.url) is not scripts


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_picture_that_cannot_be_read_says_what_to_do(
    open_page: Open, pictures: dict[str, Path], *, scripts: bool
) -> None:
    result = send(open_page(scripts=scripts), pictures["table"])
    assert result.locator("h1").inner_text() == "Not read"
    assert "What to do" in result.inner_text()
    flags = reader.read_bytes(pictures["table"].read_bytes()).flags
    assert flags
    for code in flags:
        assert reader.FLAGS[code].what in result.inner_text()
        assert reader.FLAGS[code].advice in result.inner_text()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_what_is_no_picture_is_refused_in_words_and_the_form_stays(
    open_page: Open, pictures: dict[str, Path], *, scripts: bool
) -> None:
    page = open_page(scripts=scripts)
    result = send(page, pictures["letter"])
    assert "not a picture" in result.inner_text()
    assert "Send a JPEG" in result.inner_text()
    assert send(page, pictures["table"]).locator("h1").inner_text() == "Not read"


def test_the_marked_picture_is_shown_and_loads(open_page: Open, pictures: dict[str, Path]) -> None:
    result = send(open_page(), pictures["test"])
    picture = result.locator("figure img")
    picture.wait_for()
    width = picture.evaluate(
        "async image => { await image.decode(); return [image.naturalWidth, image.alt.length]; }"
    )
    assert min(width) > 0


def test_measurements_open_to_lines_and_a_profile(open_page: Open, pictures: dict[str, Path]) -> None:
    result = send(open_page(size=DESK), pictures["test"])
    result.locator("summary").click()
    lines = reader.read_bytes(pictures["test"].read_bytes()).strips[0].lines
    told = result.locator("details").inner_text()
    for line in lines:
        assert f"{line.height:.3f} ± {line.height_sigma:.3f}".replace("-", "−") in told
    profile = result.locator("img.profile").first
    assert profile.evaluate("async image => { await image.decode(); return image.naturalWidth; }") > 0


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_nothing_is_wider_than_a_small_phone(
    open_page: Open, pictures: dict[str, Path], *, scripts: bool
) -> None:
    page = open_page(scripts=scripts)
    for step in range(2):
        if step:
            send(page, pictures["test"])
        boxes = page.locator("main *").evaluate_all("all => all.map(e => e.getBoundingClientRect().right)")
        assert max(boxes) <= PHONE["width"]


def test_what_is_touched_is_large_enough_for_a_thumb(open_page: Open) -> None:
    page = open_page()
    heights = [page.locator(name).bounding_box()["height"] for name in ("button", "#image", "#assay")]
    assert min(heights) >= 44


def test_every_field_has_a_label_and_the_answer_is_announced(open_page: Open) -> None:
    page = open_page()
    assert page.get_by_label("Picture of the test").count() == 1
    assert page.get_by_label("Kit").count() == 1
    assert page.locator("[aria-live] , [role=status]").count() == 2


def test_the_answer_takes_the_focus(open_page: Open, pictures: dict[str, Path]) -> None:
    page = open_page()
    send(page, pictures["table"])
    assert page.evaluate("document.activeElement.id") == "result"


def test_a_picture_that_did_not_get_through_is_sent_again_under_the_same_id(
    open_page: Open, pictures: dict[str, Path]
) -> None:
    page = open_page()
    asked: list[str] = []

    def lose_the_answer(route: Any) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route(re.compile("/v1/readings/.*assay="), lose_the_answer)
    result = send(page, pictures["table"])
    assert "did not get through" in result.inner_text()
    page.click("button")
    page.wait_for_selector("#result.not_read")
    assert len(asked) == 2
    assert asked[0] == asked[1]


def test_a_picture_that_is_too_large_is_not_sent(open_page: Open, tmp_path: Path) -> None:
    page = open_page()
    page.on("request", lambda request: pytest.fail(request.url) if request.method == "PUT" else None)
    heavy = tmp_path / "heavy.jpg"
    with heavy.open("wb") as file:
        file.truncate(20_000_001)
    assert "at most 20 MB" in send(page, heavy).inner_text()


def test_pressing_twice_without_scripts_makes_one_reading(url: str, pictures: dict[str, Path]) -> None:
    with httpx.Client(base_url=url, headers={"Accept": "text/html"}) as client:
        form_id = re.search('name="form_id" value="([^"]+)"', client.get("/").text)
        assert form_id is not None
        places = {
            client.post(
                "/", data={"form_id": form_id[1], "assay": "generic"}, files={"image": picture.read_bytes()}
            ).headers["location"]
            for picture in (pictures["test"], pictures["test"], pictures["table"])
        }
    assert len(places) == 2


def test_a_form_without_a_picture_is_told_so(url: str) -> None:
    answer = httpx.post(f"{url}/", data={"assay": "generic"}, headers={"Accept": "text/html"})
    assert answer.status_code == 422
    assert "No picture was chosen." in answer.text


def test_the_page_is_small_and_asks_for_nothing_outside(url: str) -> None:
    page = httpx.get(f"{url}/").text
    parts = re.findall('(?:src|href)="([^"]+)"', page)
    assert {urlsplit(part).netloc for part in parts} == {""}
    total = len(page) + sum(len(httpx.get(url + part).content) for part in set(parts) - {"/"})
    assert total <= 150_000
