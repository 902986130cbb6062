"""The page without a connection: pictures wait on the phone, are sent later, and never twice."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from service import Settings
from service.console import add_key, revoke_key
from service.web.words import load_words
from tests.web.conftest import Open, serving

T = load_words("en")
# Without the service worker, which sends by itself and past the routes that a test lays.
ALONE = {"service_workers": "block"}
PUT = re.compile("/v1/readings/.*assay=")


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[str]:
    """Address of a service with no readings yet."""
    with serving(tmp_path / "clinic") as address:
        yield address


def choose(page: Any, picture: Path) -> None:
    page.set_input_files("#image", picture)
    page.click("#send button")


def take(page: Any, picture: Path) -> None:
    """Take a picture that cannot be sent, and see that it is kept."""
    before = page.locator("#outbox li").count()
    choose(page, picture)
    page.locator(f"#outbox li >> nth={before}").wait_for()
    page.wait_for_selector("#result h1")


def readings(address: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = httpx.get(f"{address}/v1/readings").json()["items"]
    return items


def waits(page: Any) -> list[str]:
    return [text.split("\n")[0] for text in page.locator("#outbox li").all_inner_texts()]


def until_sent(page: Any, count: int) -> None:
    page.wait_for_function(
        "([count, word]) => [...document.querySelectorAll('#outbox li strong')]"
        ".filter(said => said.textContent === word).length === count",
        arg=[count, T("outbox.read")],
    )


def goes_offline(page: Any) -> None:
    page.evaluate("navigator.serviceWorker.ready")
    page.reload()
    page.context.set_offline(True)


def test_a_picture_taken_without_a_connection_is_kept_and_sent_once_there_is_one(
    open_page: Open, clinic: str, pictures: dict[str, Path]
) -> None:
    page = open_page(at=clinic)
    goes_offline(page)
    take(page, pictures["test"])
    assert page.locator("#result h1").inner_text() == T("outbox.kept-title")
    assert page.is_visible("#offline")
    take(page, pictures["table"])
    assert waits(page) == [T("outbox.waiting")] * 2
    assert readings(clinic) == []
    page.context.set_offline(False)
    until_sent(page, 2)
    page.wait_for_function(
        "title => document.querySelector('#result h1').textContent === title", arg=T("outbox.read")
    )
    assert T("outbox.kept") not in page.inner_text("main")
    assert page.locator("#result a").get_attribute("href").startswith("/readings/")
    assert sorted(item["outcome"] for item in readings(clinic)) == ["not_read", "positive"]
    page.locator("#outbox li a").first.click()
    page.wait_for_selector("#result")
    assert page.locator("#result h1").inner_text() == T("outcome.positive.word")


def test_the_page_opens_without_a_connection_and_still_knows_what_waits(
    open_page: Open, clinic: str, pictures: dict[str, Path]
) -> None:
    page = open_page("/?lang=sw", at=clinic)
    goes_offline(page)
    take(page, pictures["test"])
    page.goto(clinic)
    assert page.locator("#send h1").inner_text() == load_words("sw")("form.title")
    page.locator("#outbox li").wait_for()
    assert waits(page) == [load_words("sw")("outbox.waiting")]
    page.goto(f"{clinic}/dashboard")
    assert page.url == f"{clinic}/"
    page.context.set_offline(False)
    page.wait_for_selector("#outbox li.read")
    assert len(readings(clinic)) == 1


def test_what_waits_survives_the_page_being_closed(
    open_page: Open, clinic: str, pictures: dict[str, Path]
) -> None:
    page = open_page(at=clinic, **ALONE)
    page.context.route(PUT, lambda route: route.abort())
    take(page, pictures["test"])
    another = page.context.new_page()
    page.close()
    another.context.unroute_all()
    another.goto(clinic)
    until_sent(another, 1)
    assert len(readings(clinic)) == 1


def test_an_answer_that_is_lost_makes_no_second_reading(
    open_page: Open, clinic: str, pictures: dict[str, Path]
) -> None:
    page = open_page(at=clinic, **ALONE)
    asked: list[str] = []

    def lose_the_first_answer(route: Any) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route(PUT, lose_the_first_answer)
    take(page, pictures["test"])
    page.click("#send-now")
    until_sent(page, 1)
    assert len(asked) == 2
    assert asked[0] == asked[1]
    assert len(readings(clinic)) == 1


def test_the_same_picture_again_is_not_kept_a_second_time(
    open_page: Open, clinic: str, pictures: dict[str, Path]
) -> None:
    page = open_page(at=clinic, **ALONE)
    page.route(PUT, lambda route: route.abort())
    take(page, pictures["test"])
    choose(page, pictures["test"])
    page.wait_for_selector("#send button:not([disabled])")
    assert waits(page) == [T("outbox.waiting")]
    page.click(".more summary")
    page.fill("#subject", "K-2")
    choose(page, pictures["test"])
    page.locator("#outbox li >> nth=1").wait_for()


def test_two_open_pages_send_a_picture_once(open_page: Open, clinic: str, pictures: dict[str, Path]) -> None:
    page = open_page(at=clinic, **ALONE)
    page.context.route(PUT, lambda route: route.abort())
    take(page, pictures["test"])
    another = page.context.new_page()
    another.goto(clinic)
    another.locator("#outbox li").wait_for()
    sent: list[str] = []
    page.context.on("response", lambda answer: sent.append(answer.url) if PUT.search(answer.url) else None)
    page.context.unroute_all()
    for one in (page, another):
        one.evaluate("document.getElementById('send-now').click()")
    for one in (page, another):
        until_sent(one, 1)
    assert len(sent) == 1
    assert len(readings(clinic)) == 1


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 200, "content_type": "text/html", "body": "<h1>Welcome to the hotel</h1>"},
        {"status": 200, "content_type": "application/json", "body": "{}"},
        {"status": 302, "headers": {"Location": "/healthz"}, "body": ""},
        {"status": 502, "content_type": "text/html", "body": "Bad gateway"},
        {"status": 404, "content_type": "text/html", "body": "Not here"},
    ],
    ids=["portal", "json", "elsewhere", "gateway", "stranger"],
)
def test_an_answer_that_is_not_the_services_own_lets_no_picture_go(
    open_page: Open, clinic: str, pictures: dict[str, Path], answer: dict[str, Any]
) -> None:
    page = open_page(at=clinic, **ALONE)
    page.route(PUT, lambda route: route.fulfill(**answer))
    take(page, pictures["test"])
    assert page.locator("#outbox li").get_attribute("class") == "waiting"
    page.unroute_all()
    page.click("#send-now")
    until_sent(page, 1)
    assert len(readings(clinic)) == 1


def test_a_full_queue_is_told_and_the_picture_is_kept(
    open_page: Open, clinic: str, pictures: dict[str, Path]
) -> None:
    page = open_page(at=clinic)
    body = '{"code": "capacity", "title": "t", "detail": "d", "request_id": "r"}'
    page.route(
        PUT, lambda route: route.fulfill(status=503, content_type="application/problem+json", body=body)
    )
    take(page, pictures["test"])
    assert page.locator("#result h1").inner_text() == T("problem.capacity.title")
    assert T("outbox.kept") in page.locator("#result").inner_text()
    assert waits(page) == [T("outbox.waiting")]


def test_a_picture_that_was_refused_later_says_why(
    open_page: Open, clinic: str, pictures: dict[str, Path]
) -> None:
    page = open_page(at=clinic)
    goes_offline(page)
    take(page, pictures["letter"])
    page.context.set_offline(False)
    page.wait_for_selector("#outbox li.refused")
    assert T("problem.unsupported-format.advice") in page.locator("#outbox li").inner_text()
    assert T("outbox.kept") not in page.inner_text("main")
    page.click("#outbox li button")
    page.wait_for_selector("#outbox", state="hidden")


def test_what_waits_can_be_removed_after_a_question(
    open_page: Open, clinic: str, pictures: dict[str, Path]
) -> None:
    page = open_page(at=clinic, **ALONE)
    page.route(PUT, lambda route: route.abort())
    take(page, pictures["test"])
    answers: list[Callable[[Any], None]] = [lambda asked: asked.dismiss(), lambda asked: asked.accept()]

    def reply(asked: Any) -> None:
        answers.pop(0)(asked)

    page.on("dialog", reply)
    page.click("#outbox li button")
    assert waits(page) == [T("outbox.waiting")]
    page.click("#outbox li button")
    page.wait_for_selector("#outbox", state="hidden")
    assert answers == []


def test_a_browser_that_keeps_nothing_sends_at_once_and_again_under_the_same_id(
    open_page: Open, clinic: str, pictures: dict[str, Path]
) -> None:
    page = open_page(at=clinic, **ALONE)
    page.evaluate("() => { indexedDB.open = () => { throw new DOMException('', 'SecurityError'); }; }")
    asked: list[str] = []

    def fail_once(route: Any) -> None:
        asked.append(route.request.url.partition("?")[0])
        if len(asked) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route(PUT, fail_once)
    choose(page, pictures["test"])
    page.wait_for_selector("#result")
    assert T("outbox.no-room") in page.locator("#result").inner_text()
    page.click("#send button")
    page.wait_for_selector("#result.positive")
    assert asked[0] == asked[1]
    assert len(readings(clinic)) == 1


def test_no_result_and_no_picture_of_a_test_is_kept_by_the_phones_cache(
    open_page: Open, clinic: str, pictures: dict[str, Path]
) -> None:
    page = open_page(at=clinic)
    page.evaluate("navigator.serviceWorker.ready")
    page.reload()
    choose(page, pictures["test"])
    page.wait_for_selector("#result.positive")
    page.goto(clinic + page.locator("#result a[href^='/readings/']").get_attribute("href"))
    page.wait_for_selector("#result.positive")
    kept = page.evaluate(
        "(async () => (await Promise.all((await caches.keys()).map(async name =>"
        " (await (await caches.open(name)).keys()).map(request => new URL(request.url).pathname)))).flat())()"
    )
    assert "/" in kept
    assert {path for path in kept if not path.startswith("/static/")} == {"/"}


def test_the_page_can_be_put_on_a_phone(clinic: str) -> None:
    manifest = httpx.get(f"{clinic}/manifest.webmanifest", headers={"Accept-Language": "ar"})
    assert manifest.headers["content-type"] == "application/manifest+json"
    told = manifest.json()
    assert (told["start_url"], told["display"], told["lang"], told["dir"]) == ("/", "standalone", "ar", "rtl")
    assert {icon["sizes"] for icon in told["icons"]} == {"192x192", "512x512"}
    for icon in told["icons"]:
        assert httpx.get(clinic + icon["src"]).headers["content-type"] == "image/png"


def test_the_browser_finds_nothing_that_keeps_the_page_off_a_phone(open_page: Open, clinic: str) -> None:
    page = open_page(at=clinic)
    page.evaluate("navigator.serviceWorker.ready")
    asked = page.context.new_cdp_session(page).send("Page.getInstallabilityErrors")
    found = {fault["errorId"] for fault in asked["installabilityErrors"]}
    assert found <= {"in-incognito"}  # as every page that a test opens


def test_a_nurse_signs_in_once_and_what_was_kept_without_a_key_is_sent_then(
    open_page: Open, tmp_path: Path, pictures: dict[str, Path]
) -> None:
    settings = Settings(data=tmp_path / "keyed", min_free_bytes=0)

    def new_key(label: str) -> tuple[Any, str]:
        scopes = ("read", "write")
        return add_key(settings, label=label, site="north", scopes=scopes, reads_per_minute=60)

    with serving(settings.data) as address:
        first, secret = new_key("nurse")
        page = open_page("/?lang=en", at=address)
        sign_in(page, secret)
        page.wait_for_selector("#send")
        revoke_key(settings, first.id)
        choose(page, pictures["test"])
        page.wait_for_selector("#outbox li.sign-in")
        _, secret = new_key("nurse-2")
        page.click("#outbox li a")
        sign_in(page, secret)
        until_sent(page, 1)
        bearer = {"Authorization": f"Bearer {secret}"}
        assert len(httpx.get(f"{address}/v1/readings", headers=bearer).json()["items"]) == 1
        page.click("nav .link")
        page.wait_for_selector("#key")
        assert page.locator("nav").count() == 0


def sign_in(page: Any, secret: str) -> None:
    page.fill("#key", secret)
    page.click("form.card button")


def test_a_key_that_may_not_send_costs_no_picture(
    open_page: Open, clinic: str, pictures: dict[str, Path]
) -> None:
    page = open_page(at=clinic, **ALONE)
    body = '{"code": "scope-needed", "title": "t", "detail": "d", "request_id": "r"}'
    page.route(
        PUT, lambda route: route.fulfill(status=403, content_type="application/problem+json", body=body)
    )
    take(page, pictures["test"])
    page.wait_for_selector("#outbox li.sign-in")
    page.unroute_all()
    page.click("#send-now")
    until_sent(page, 1)
    assert len(readings(clinic)) == 1


def test_a_picture_that_the_service_fails_on_does_not_hold_up_the_others(
    open_page: Open, clinic: str, pictures: dict[str, Path]
) -> None:
    page = open_page(at=clinic, **ALONE)
    page.route(PUT, lambda route: route.abort())
    take(page, pictures["test"])
    take(page, pictures["table"])
    page.unroute_all()
    asked: list[str] = []

    def fail_on_the_first(route: Any) -> None:
        asked.append(route.request.url)
        if route.request.url == asked[0]:
            body = '{"code": "internal-error", "title": "t", "detail": "d", "request_id": "r"}'
            route.fulfill(status=500, content_type="application/problem+json", body=body)
        else:
            route.continue_()

    page.route(PUT, fail_on_the_first)
    page.click("#send-now")
    until_sent(page, 1)
    assert waits(page) == [T("outbox.waiting"), T("outbox.read")]


def test_a_service_that_is_full_is_not_asked_for_every_picture_that_waits(
    open_page: Open, clinic: str, pictures: dict[str, Path]
) -> None:
    page = open_page(at=clinic, **ALONE)
    page.route(PUT, lambda route: route.abort())
    take(page, pictures["test"])
    take(page, pictures["table"])
    page.unroute_all()
    asked: list[str] = []

    def full(route: Any) -> None:
        asked.append(route.request.url)
        body = '{"code": "too-many-requests", "title": "t", "detail": "d", "request_id": "r"}'
        route.fulfill(status=429, content_type="application/problem+json", body=body)

    page.route(PUT, full)
    page.evaluate("Outbox.sendAll()")
    assert len(asked) == 1
