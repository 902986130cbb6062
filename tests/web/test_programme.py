"""The supervisor's and manager's pages in a real browser, on ninety days of made-up tests."""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from service import Settings
from service.store.database import open_database
from service.web.words import LANGUAGES, load_words
from tests.web.conftest import PHONE, Open, serving
from tests.web.demo import FADING, WEAK, fill, send_drawn_tests

T = load_words("en")
DESK = {"width": 1200, "height": 900}
PAGES = ("/dashboard", "/review", "/review/{clear}", "/subjects/P-100")

Look = Callable[..., Any]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data folder with made-up tests, and some that were drawn and read."""
    folder = tmp_path_factory.mktemp("programme") / "data"
    folder.mkdir()
    settings = Settings(data=folder, min_free_bytes=0)
    engine = open_database(settings.database_place)
    fill(engine, dt.datetime.now(dt.UTC).date())
    engine.dispose()
    send_drawn_tests(settings)
    return folder


@pytest.fixture(scope="module")
def at(data: Path) -> Iterator[str]:
    with serving(data) as address:
        yield address


@pytest.fixture
def look(open_page: Open, at: str) -> Look:
    """Open one of the pages."""

    def opened(path: str, **options: Any) -> Any:
        return open_page(path.format(clear=drawn(1), faulty=drawn(4)), at=at, **options)

    return opened


def drawn(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012d}"


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_the_dashboard_names_the_bad_lots_and_the_site_whose_pictures_got_worse(
    look: Look, *, scripts: bool
) -> None:
    told = look("/dashboard", scripts=scripts).locator("section.alarm").inner_text()
    for name in (FADING, WEAK, "hill"):
        assert name in told
    for name in ("COV-1", "HIV-9", "MAL-1", "north", "river", "south"):
        assert name not in told


def test_what_stands_out_leads_to_its_section(look: Look) -> None:
    page = look("/dashboard")
    page.locator("section.alarm a").first.click()
    assert page.url.endswith("#lots")
    assert page.locator("#lots figure.alarm").count() == 2


def test_every_chart_is_drawn_and_described(look: Look) -> None:
    page = look("/dashboard", size=DESK)
    charts = page.locator("svg.chart")
    assert charts.count() >= 8
    assert all(charts.evaluate_all("all => all.map(e => e.getAttribute('aria-label').length > 10)"))
    outside = """all => all.flatMap(svg => [...svg.querySelectorAll('text, circle, polyline, rect')]
        .filter(e => e.getBBox().x < -1 || e.getBBox().x + e.getBBox().width > 361
                  || e.getBBox().y < -1 || e.getBBox().y + e.getBBox().height > 221)
        .map(e => e.outerHTML))"""
    assert charts.evaluate_all(outside) == []


def test_a_test_beyond_its_limits_leads_to_its_picture(look: Look) -> None:
    page = look("/dashboard", size=DESK)
    page.locator("svg.chart a").first.click()
    page.wait_for_url("**/readings/*")
    assert page.locator("#result").count() == 1


def test_the_period_site_and_kit_are_chosen_by_a_plain_form(look: Look) -> None:
    page = look("/dashboard", scripts=False)
    page.select_option("#site", "north")
    page.select_option("#kit", "hiv-1-2")
    page.click("main form button")
    assert page.locator("#by-site tbody tr").count() == 1
    assert page.locator("#by-assay tbody tr").count() == 1
    assert page.input_value("#site") == "north"


def test_a_period_without_tests_says_so(look: Look) -> None:
    page = look("/dashboard?since=2001-01-01&until=2001-02-01")
    assert T("dashboard.none") in page.inner_text("main")


def test_every_spreadsheet_of_the_dashboard_can_be_fetched(look: Look, at: str) -> None:
    page = look("/dashboard")
    sheets = page.locator("a[href*='.csv']").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert len(sheets) >= 8
    for sheet in sheets:
        answer = httpx.get(at + sheet)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")


def test_the_list_begins_with_what_is_not_clear_and_goes_on(look: Look) -> None:
    page = look("/review", scripts=False)
    words = page.locator(".waiting li").evaluate_all("all => all.map(e => e.className)")
    assert len(words) == 25
    assert set(words) == {"indeterminate"}
    first = page.locator(".waiting a").first.get_attribute("href")
    page.get_by_text(T("review.further")).click()
    assert page.locator(".waiting li").count() > 0
    assert page.locator(".waiting a").first.get_attribute("href") != first


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_confirming_leaves_both_answers_side_by_side(look: Look, at: str, *, scripts: bool) -> None:
    page = look("/review/{clear}", scripts=scripts, size=DESK)
    machine = httpx.get(f"{at}/v1/readings/{drawn(1)}").content
    picture = page.locator("figure img").first
    picture.wait_for()
    page.get_by_role("button", name=T("review.confirm")).click()
    page.wait_for_url("**kept=1")
    assert T("review.kept") in page.inner_text("main")
    assert page.locator(".said-by").count() >= 1
    assert T("result.preliminary") not in page.inner_text("main")
    assert T("review.status.final") in page.inner_text("main")
    assert httpx.get(f"{at}/v1/readings/{drawn(1)}").content == machine
    versions = httpx.get(f"{at}/v1/readings/{drawn(1)}/versions").json()["items"]
    assert [version["kind"] for version in versions[:2]] == ["machine", "review"]


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_saying_otherwise_takes_an_answer_for_each_analyte_and_a_reason(
    look: Look, at: str, *, scripts: bool
) -> None:
    number = 2 if scripts else 3
    page = look(f"/review/{drawn(number)}", scripts=scripts)
    selects = page.locator("form.otherwise select")
    assert selects.count() == 3
    selects.nth(0).select_option("positive")
    selects.nth(1).select_option("negative")
    selects.nth(2).select_option("line-seen")
    page.get_by_role("button", name=T("review.keep")).click()
    page.wait_for_url("**kept=1")
    told = page.locator(".said-by").first.inner_text()
    assert T("review.reason.line-seen") in told
    assert (": " + T("outcome.positive.word")) in told
    assert "pf:" not in told
    said = httpx.get(f"{at}/v1/readings/{drawn(number)}/versions").json()["items"][-1]
    assert sorted(said["document"]["strips"][0]["analytes"].values()) == ["negative", "positive"]
    assert said["reason"] == "line-seen"


def test_an_answer_that_someone_was_faster_with_is_told_and_not_kept(look: Look, at: str) -> None:
    page = look("/review/{faulty}")
    asked = {"decision": "override", "seen": "1", "outcome": "negative", "reason": "no-line-seen"}
    stored = httpx.get(f"{at}/v1/readings/{drawn(4)}/versions").json()["items"]
    first = httpx.post(f"{at}/review/{drawn(4)}", data=asked | {"answer.1.T": "negative", "outcome": ""})
    assert first.status_code == 303, first.text
    page.get_by_role("button", name=T("review.confirm")).click()
    page.wait_for_selector("[role=alert]")
    versions = httpx.get(f"{at}/v1/readings/{drawn(4)}/versions").json()["items"]
    assert len(versions) == len(stored) + 1


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"decision": "maybe", "seen": "1"},
        {"decision": "confirm", "seen": "one"},
        {"decision": "override", "seen": "1", "reason": "line-seen", "answer.1.T": "perhaps"},
        {"decision": "override", "seen": "1", "reason": "because", "answer.1.sars-cov-2": "negative"},
        {"decision": "override", "seen": "1", "answer.1.sars-cov-2": "negative"},
    ],
)
def test_an_answer_without_meaning_is_refused_and_nothing_is_kept(at: str, said: dict[str, str]) -> None:
    before = httpx.get(f"{at}/v1/readings/{drawn(1)}/versions").json()
    answer = httpx.post(f"{at}/review/{drawn(1)}", data=said, headers={"Accept": "text/html"})
    assert answer.status_code in {409, 422}
    assert "perhaps" not in answer.text
    assert httpx.get(f"{at}/v1/readings/{drawn(1)}/versions").json() == before


def test_another_web_page_cannot_answer(at: str) -> None:
    asked = {"decision": "confirm", "seen": "1"}
    headers = {"Origin": "https://elsewhere.example", "Accept": "text/html"}
    assert httpx.post(f"{at}/review/{drawn(1)}", data=asked, headers=headers).status_code == 403


def test_a_reading_whose_picture_is_gone_can_still_be_reviewed(look: Look) -> None:
    page = look("/review?state=needed&site=hill")
    page.locator(".waiting a").first.click()
    page.wait_for_selector("form.otherwise")
    assert page.locator("figure img").count() == 0
    assert T("problem.picture-gone.title") in page.inner_text("main")


def test_a_subject_has_a_plot_for_each_analyte_and_every_answer(look: Look, at: str) -> None:
    page = look("/subjects/P-100", scripts=False)
    points = httpx.get(f"{at}/v1/subjects/P-100/series").json()["points"]
    assert page.locator("tbody tr").count() == len(points)
    measured = {(point["assay"], point["analyte"]) for point in points if point["ratio"] is not None}
    assert page.locator("svg.chart").count() == len(measured)


def test_what_a_subject_has_is_told_in_the_kits_own_words_and_the_result_first(look: Look) -> None:
    page = look("/subjects/P-100", scripts=False)
    assert page.locator("thead th").all_inner_texts()[:2] == [T("subject.taken"), T("subject.result")]
    told = page.inner_text("main")
    for name in ("SARS-CoV-2 antigen", "HIV-1 antibodies", "Plasmodium falciparum antigen (HRP2)"):
        assert f"· {name}" in told
    assert "sars-cov-2" not in told
    assert "SARS-CoV-2 antigen" in look("/readings/{clear}").locator("#result details").text_content()


def test_the_noise_where_no_line_is_does_not_fill_a_plot(look: Look) -> None:
    charts = look("/subjects/P-100").locator("svg.chart")
    highest = """all => all.map(svg => Math.max(...[...svg.querySelectorAll("text")]
        .map(text => Number(text.textContent)).filter(Number.isFinite)))"""
    assert min(charts.evaluate_all(highest)) >= 0.2


@pytest.mark.parametrize("path", ["/dashboard", "/subjects/P-100"])
def test_no_table_hides_a_column_beyond_the_edge_of_a_phone(look: Look, path: str) -> None:
    page = look(path, scripts=False)
    page.evaluate("document.querySelectorAll('main details').forEach(d => d.open = true)")
    room = "all => all.map(table => [table.scrollWidth, table.clientWidth])"
    found = page.locator(".scroll").evaluate_all(room)
    assert found
    assert [wide for wide, room in found if wide > room] == []
    cell = page.locator(".scroll tbody tr").first.locator("td").first
    named = "cell => getComputedStyle(cell, '::before').content === JSON.stringify(cell.dataset.head)"
    assert cell.evaluate(named)


def test_an_unknown_subject_is_not_found(at: str) -> None:
    assert httpx.get(f"{at}/subjects/nobody", headers={"Accept": "text/html"}).status_code == 404


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("path", PAGES)
def test_every_page_speaks_every_language_and_fits_a_small_phone(look: Look, path: str, code: str) -> None:
    page = look(f"{path}?lang={code}", scripts=False)
    assert page.locator("html").get_attribute("lang") == code
    page.evaluate("document.querySelectorAll('main details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    outside = page.locator("main > *, main .card").evaluate_all(
        "all => all.filter(e => e.getBoundingClientRect().right > innerWidth + 1).length"
    )
    assert outside == 0


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("code", ["en", "ar"])
def test_a_screen_reader_finds_its_way(look: Look, path: str, code: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs the dev extra")
    page = look(f"{path}?lang={code}")
    page.evaluate("document.querySelectorAll('main details').forEach(d => d.open = true)")
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    found = axe.Axe().run(page, options=options).response["violations"]
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == []
