"""The pages for those who see little or nothing, or use no mouse: checked with axe."""

from pathlib import Path
from typing import Any

import pytest

from service import Settings
from service.console import add_key
from tests.web.conftest import DESK, Open, serving

PHONES_AND_DESKS = pytest.mark.parametrize(
    "size", [{"width": 360, "height": 740}, DESK], ids=["phone", "desk"]
)


def faults(page: Any) -> list[str]:
    """Return what axe finds, each rule with the places."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python")
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    found = axe.Axe().run(page, options=options).response["violations"]
    return [f"{rule['id']} ({rule['impact']}): {[node['html'] for node in rule['nodes']]}" for rule in found]


@PHONES_AND_DESKS
@pytest.mark.parametrize("lang", ["en", "ar", "hi"])
def test_the_form_and_the_list_of_what_waits_have_no_fault(
    open_page: Open, pictures: dict[str, Path], size: dict[str, int], lang: str
) -> None:
    page = open_page(f"/?lang={lang}", size=size, service_workers="block")
    page.locator(".more summary").click()
    page.route("**/v1/readings/**", lambda route: route.abort())
    page.set_input_files("#image", pictures["test"])
    page.click("#send button")
    page.locator("#outbox li").wait_for()
    page.locator(".languages summary").click()
    assert faults(page) == []


@PHONES_AND_DESKS
@pytest.mark.parametrize("picture", ["test", "table", "letter"])
def test_a_result_and_a_refusal_have_no_fault(
    open_page: Open, pictures: dict[str, Path], size: dict[str, int], picture: str
) -> None:
    page = open_page("/?lang=en", size=size)
    page.set_input_files("#image", pictures[picture])
    page.click("#send button")
    page.wait_for_selector("#result")
    for summary in page.locator("#result summary").all():
        summary.click()
    assert faults(page) == []


def test_a_plain_form_has_no_fault(open_page: Open) -> None:
    page = open_page("/?lang=en")
    page.route("**/*.js*", lambda route: route.abort())  # axe itself needs scripts
    page.reload()
    assert page.locator(".scripted").count() == 0
    assert faults(page) == []


def test_signing_in_has_no_fault(open_page: Open, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "keyed", min_free_bytes=0)
    with serving(settings.data) as address:
        add_key(settings, label="nurse", site="north", scopes=("read", "write"), reads_per_minute=60)
        page = open_page("/?lang=en", at=address)
        page.fill("#key", "lfa_wrong")
        page.click("form.card button")
        page.wait_for_selector("[role=alert]")
        assert faults(page) == []


def test_the_whole_form_can_be_used_with_the_keyboard(open_page: Open, pictures: dict[str, Path]) -> None:
    page = open_page("/?lang=en")
    reached: list[str] = []
    while "assay" not in reached and len(reached) < 20:
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                "(e => e.id || e.textContent.trim().split('\\n')[0] || e.tagName)(document.activeElement)"
            )
        )
    wanted = ["Go to the content", "lfa-reader", "English", "Read a test", "camera", "image", "assay"]
    assert [name for name in reached if name in wanted] == wanted
    page.set_input_files("#image", pictures["table"])
    page.focus("#send button")
    page.keyboard.press("Enter")
    page.wait_for_selector("#result.not_read")
