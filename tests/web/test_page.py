"""The page in a real browser: with scripts and without, on a phone and on a desk."""

import hashlib
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest
from PIL import Image

import reader
from service.web.sentences import translate
from service.web.words import LANGUAGES, load_words
from tests.api.service_helpers import draw_test
from tests.web.conftest import DESK, PHONE, Open

T = load_words("en")
DISCLAIMER = "Decision support for trained users, not a cleared device."


def send(page: Any, picture: Path, assay: str = "generic") -> Any:
    """Send a picture and wait for the answer's heading."""
    page.set_input_files("#image", picture)
    page.select_option("#assay", assay)
    page.evaluate("document.getElementById('result')?.setAttribute('id', 'earlier')")
    page.click("#send button")
    page.wait_for_selector("#result h1")
    return page.locator("#result")


def expected_word(picture: Path, assay: str = "generic") -> str:
    outcome = reader.read_bytes(picture.read_bytes(), assay=assay).to_dict()["outcome"]
    return T(f"outcome.{outcome}.word")


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
    assert "Not yet confirmed by a person." in result.inner_text()


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
    assert result.locator("figcaption").inner_text() == T("result.enlarge")


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
    assert T("result.caption") in result.locator("figcaption").inner_text()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_warning_begins_with_the_test_that_it_is_about(
    open_page: Open, tmp_path: Path, *, scripts: bool
) -> None:
    pictures = [draw_test(seed, lines) for seed, lines in ((1, (412, 532)), (2, ()))]
    both = Image.new("RGB", (pictures[0].width, 2 * pictures[0].height))
    for k, picture in enumerate(pictures):
        both.paste(picture, (0, k * picture.height))
    both.save(tmp_path / "both.jpg", quality=95)
    read = reader.read_bytes((tmp_path / "both.jpg").read_bytes(), assay="covid-19-ag").to_dict()
    about = [strip["id"] for strip in read["strips"] if "no-control-line" in strip["flags"]]
    assert len(read["strips"]) == 2
    told = send(open_page(scripts=scripts), tmp_path / "both.jpg", "covid-19-ag").locator(".advice")
    what = reader.FLAGS["no-control-line"].what
    assert f"{T('result.test', number=about[0])} · {what}" in told.inner_text()


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


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_kit_that_is_preset_is_not_cut_off_on_a_small_phone(open_page: Open, code: str) -> None:
    kit = open_page(f"/?lang={code}").locator("#assay")
    room, needed = kit.evaluate("""select => {
        const style = getComputedStyle(select);
        const drawn = document.createElement("canvas").getContext("2d");
        drawn.font = style.font;
        const edges = parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
        return [select.clientWidth - edges, drawn.measureText(select.selectedOptions[0].text).width];
    }""")
    assert needed <= room


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_an_answer_without_a_kit_begins_with_what_a_line_can_mean(
    open_page: Open, pictures: dict[str, Path], *, scripts: bool
) -> None:
    page = open_page(scripts=scripts)
    first = send(page, pictures["test"]).locator(".advice li").first
    assert T("result.kit-not-named.what") in first.inner_text()
    named = send(page, pictures["test"], "covid-19-ag")
    assert T("result.kit-not-named.what") not in named.inner_text()


def test_what_is_touched_is_large_enough_for_a_thumb(open_page: Open) -> None:
    page = open_page()
    touched = page.locator("button, select, .pick input, summary, nav a, #outbox a").all()
    heights = [item.bounding_box()["height"] for item in touched if item.is_visible()]
    assert len(heights) > 6
    assert min(heights) >= 44


def test_every_field_has_a_label_and_the_answer_is_announced(open_page: Open) -> None:
    page = open_page()
    for label in ("Take a picture", "Choose a picture", "Code of the patient", "Your code"):
        assert page.get_by_label(label).count() == 1
    assert page.get_by_label("Kit", exact=True).count() == 1
    assert page.locator("[aria-live] , [role=status]").count() == 2


def test_the_answer_takes_the_focus(open_page: Open, pictures: dict[str, Path]) -> None:
    page = open_page()
    send(page, pictures["table"])
    assert page.evaluate("document.activeElement.id") == "result"


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


@pytest.mark.parametrize("lang", ["en", "hi"])
def test_the_page_is_small_and_asks_for_nothing_outside(url: str, lang: str) -> None:
    page = httpx.get(f"{url}/?lang={lang}").text
    parts = set(re.findall('<(?:script|link|img)[^>]+(?:src|href)="([^"]+)"', page))
    parts |= {"/service-worker.js", "/static/service-worker.js"}
    assert {urlsplit(part).netloc for part in parts} == {""}
    total = len(page.encode()) + sum(len(httpx.get(url + part).content) for part in parts)
    assert total <= 150_000


def test_what_the_page_asks_for_may_be_kept_for_good_under_its_own_address(url: str) -> None:
    page = httpx.get(url).text
    parts = set(re.findall('(?:src|href)="(/static/[^"]+)"', page))
    kept = {httpx.get(url + part).headers["cache-control"] for part in parts}
    assert kept == {"public, max-age=31536000, immutable"}
    assert httpx.get(f"{url}/static/page.js").headers["cache-control"] == "no-cache"
    assert httpx.get(f"{url}/static/page.js?v=old").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_codes_go_with_the_picture_and_stand_beside_the_result(
    open_page: Open, pictures: dict[str, Path], *, scripts: bool
) -> None:
    page = open_page(scripts=scripts)
    page.locator(".more summary").click()
    page.fill("#subject", "K-17")
    page.fill("#lot", "L.9_x")
    told = send(page, pictures["test"]).inner_text()
    assert "Code of the patient: K-17 · Lot number of the kit: L.9_x" in told


def test_the_kit_and_the_nurse_are_remembered_on_the_phone_and_the_patient_never(
    open_page: Open, pictures: dict[str, Path]
) -> None:
    page = open_page()
    page.locator(".more summary").click()
    for name, value in (("subject", "K-18"), ("lot", "L1"), ("operator", "N-2")):
        page.fill(f"#{name}", value)
    send(page, pictures["test"], "hiv-1-2")
    assert page.input_value("#subject") == ""
    page.reload()
    assert [page.input_value(f"#{name}") for name in ("assay", "lot", "operator", "subject")] == [
        "hiv-1-2",
        "L1",
        "N-2",
        "",
    ]


def test_a_name_does_not_fit_where_a_code_belongs(open_page: Open, pictures: dict[str, Path]) -> None:
    page = open_page()
    page.on("request", lambda request: pytest.fail(request.url) if request.method == "PUT" else None)
    page.locator(".more summary").click()
    page.fill("#subject", "Amina Diallo")
    page.set_input_files("#image", pictures["test"])
    page.click("#send button")
    assert page.locator("#subject:invalid").count() == 1


def test_a_form_with_a_name_in_it_is_refused_and_does_not_repeat_it(
    url: str, pictures: dict[str, Path]
) -> None:
    fields = {"form_id": "00000000-0000-4000-8000-00000000000a", "subject": "Amina CANARY"}
    headers = {"Accept": "text/html", "Accept-Language": "fr"}
    files = {"image": pictures["test"].read_bytes()}
    answer = httpx.post(f"{url}/", data=fields, files=files, headers=headers)
    assert answer.status_code == 422
    assert "Ceci ne peut pas être accepté : Code du patient." in answer.text
    assert "CANARY" not in answer.text


def test_a_picture_of_more_pixels_than_are_accepted_is_made_smaller_on_the_phone(
    open_page: Open, tmp_path: Path
) -> None:
    page = open_page()
    sent: list[Any] = []
    page.on("request", lambda request: sent.append(request) if request.method == "PUT" else None)
    large = tmp_path / "large.jpg"
    Image.new("RGB", (8400, 6300), (190, 170, 150)).save(large)
    send(page, large)
    size = httpx.get(sent[0].url.partition("?")[0]).json()["image"]
    assert 49_900_000 < size["width"] * size["height"] <= 50_000_000
    assert size["width"] / size["height"] == pytest.approx(8400 / 6300, rel=1e-3)


def test_a_picture_that_is_accepted_is_sent_as_it_is(open_page: Open, pictures: dict[str, Path]) -> None:
    page = open_page()
    sent: list[Any] = []
    page.on("request", lambda request: sent.append(request) if request.method == "PUT" else None)
    send(page, pictures["test"])
    digest = hashlib.sha256(pictures["test"].read_bytes()).hexdigest()
    assert httpx.get(sent[0].url.partition("?")[0]).json()["image"]["sha256"] == digest


def test_times_are_told_in_the_phones_own_clock(open_page: Open, pictures: dict[str, Path]) -> None:
    page = open_page(timezone_id="Africa/Nairobi")
    time = send(page, pictures["test"]).locator("time")
    shown = time.evaluate(
        "t => t.textContent === new Intl.DateTimeFormat('en', {dateStyle: 'medium', timeStyle: 'short',"
        " timeZone: 'Africa/Nairobi'}).format(new Date(t.dateTime))"
    )
    assert shown


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
@pytest.mark.parametrize("code", LANGUAGES)
def test_the_page_speaks_every_language(
    open_page: Open, pictures: dict[str, Path], code: str, *, scripts: bool
) -> None:
    t = load_words(code)
    page = open_page(f"/?lang={code}", scripts=scripts)
    result = send(page, pictures["table"])
    html = page.locator("html")
    assert (html.get_attribute("lang"), html.get_attribute("dir")) == (code, t.direction)
    assert result.locator("h1").inner_text() == t("outcome.not_read.word")
    assert t("flags.no-strip-found.advice") in result.inner_text()
    assert page.locator("[lang=en]:not(a)").count() == (code == "en")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_result_is_told_in_the_language_of_its_reader(open_page: Open, pictures: dict[str, Path]) -> None:
    page = open_page(locale="ar-EG")
    told = send(page, pictures["test"], "malaria-pf").inner_text()
    said = reader.read_bytes(pictures["test"].read_bytes(), assay="malaria-pf").strips[0].summary
    assert translate(said, load_words("ar")).text in told
    assert said not in told


def test_a_language_that_was_chosen_is_remembered(open_page: Open) -> None:
    page = open_page(locale="fr")
    assert page.locator("html").get_attribute("lang") == "fr"
    page.locator(".languages summary").click()
    page.click("a[hreflang=sw]")
    page.goto(page.url.partition("?")[0])
    assert page.locator("#send h1").inner_text() == load_words("sw")("form.title")


def test_right_to_left_puts_the_sign_on_the_right(open_page: Open, pictures: dict[str, Path]) -> None:
    result = send(open_page("/?lang=ur"), pictures["test"])
    sign, word = (result.locator(name).first.bounding_box() for name in (".sign", "h1"))
    assert sign["x"] > word["x"]
