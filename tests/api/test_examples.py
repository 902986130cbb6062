"""The README's own examples for programs, against a running server."""

import re
from pathlib import Path

import httpx2 as httpx
import pytest

from .service_helpers import ROOT, Server

README = (ROOT / "README.md").read_text(encoding="utf-8")


def reviews() -> list[str]:
    return re.findall(
        r"""^curl --json '(.*?)' "http://127.0.0.1:8000/v1/readings/\$id/reviews""", README, re.MULTILINE
    )


@pytest.mark.parametrize("body", reviews())
def test_the_examples_of_a_review_are_taken(server: Server, body: str) -> None:
    place = f"{server.url}/v1/readings/00000000-0000-4000-8000-00000000000{reviews().index(body)}"
    picture = Path(ROOT / "samples/covid-positive.jpg").read_bytes()
    assert httpx.put(place, content=picture, timeout=60).status_code == 201
    answer = httpx.post(f"{place}/reviews", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 201


def test_every_reason_to_override_is_in_the_readme() -> None:
    from service.answers import OVERRIDE_REASONS

    told = README.partition("Reasons:\n")[2].partition(". Single")[0]
    assert tuple(re.findall("`([a-z-]+)`", told)) == OVERRIDE_REASONS
