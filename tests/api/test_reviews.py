"""A person's answer beside the machine's: over HTTP, to the database and back."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from service import Settings
from service.access import Caller
from service.problems import Refused
from service.reviews import review
from service.store.audit import AuditLog

from .service_helpers import draw_test, encode, open_client

OVERRIDE = {"decision": "override", "reason": "no-line-seen", "outcome": "negative"}


@pytest.fixture
def place(client: TestClient, photo: bytes) -> str:
    return str(client.put(f"/v1/readings/{uuid4()}", content=photo).headers["location"])


def flat(client: TestClient, place: str) -> dict[str, Any]:
    answer: dict[str, Any] = client.get(f"{place}/result").json()
    return answer


def test_a_confirmation_stands_beside_the_machines_answer_and_makes_it_final(
    client: TestClient, place: str
) -> None:
    before = client.get(place)
    answer = client.post(f"{place}/reviews", json={"decision": "confirm"})
    assert answer.status_code == 201
    assert (answer.json()["number"], answer.json()["kind"], answer.json()["status"]) == (2, "review", "final")
    after = client.get(place)
    assert (after.content, after.headers["etag"]) == (before.content, before.headers["etag"])
    kinds = [version["kind"] for version in client.get(f"{place}/versions").json()["items"]]
    assert kinds == ["machine", "review"]


def test_an_override_counts_and_overwrites_nothing(client: TestClient, place: str) -> None:
    machine = client.get(place).content
    said = client.post(f"{place}/reviews", json=OVERRIDE).json()
    assert (said["outcome"], said["reason"], said["decision"]) == ("negative", "no-line-seen", "override")
    item = client.get("/v1/readings").json()["items"][0]
    assert (item["outcome"], item["machine_outcome"], item["human_outcome"]) == (
        "negative",
        "positive",
        "negative",
    )
    assert client.get(place).content == machine
    assert client.get(f"{place}/versions").json()["items"][0]["document"] == json.loads(machine)


def test_the_same_review_again_adds_nothing(client: TestClient, place: str) -> None:
    first, second = (client.post(f"{place}/reviews", json={**OVERRIDE, "seen": 1}) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert len(client.get(f"{place}/versions").json()["items"]) == 2


def test_a_later_answer_that_differs_corrects(client: TestClient, place: str) -> None:
    client.post(f"{place}/reviews", json={"decision": "confirm"})
    later = client.post(f"{place}/reviews", json=OVERRIDE).json()
    assert (later["number"], later["status"]) == (3, "corrected")
    assert flat(client, place)["status"] == "corrected"


def test_who_looked_at_an_older_answer_is_told_of_the_newer(client: TestClient, place: str) -> None:
    client.post(f"{place}/reviews", json={"decision": "confirm"})
    late = client.post(f"{place}/reviews", json={**OVERRIDE, "seen": 1})
    assert (late.status_code, late.json()["code"]) == (409, "reading-changed")
    assert flat(client, place)["outcome"] == "positive"


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({}, ""),
        ({"decision": "perhaps"}, ""),
        ({"decision": "override", "outcome": "negative"}, "reason"),
        ({"decision": "override", "outcome": "negative", "reason": "CANARY"}, "reason"),
        ({"decision": "confirm", "reason": "other"}, ""),
        ({"decision": "override", "reason": "other", "answers": [{"strip": 0}]}, "answers"),
        ({"decision": "confirm", "comment": "CANARY"}, ""),
    ],
)
def test_a_review_without_meaning_is_refused_by_the_name_of_its_part(
    client: TestClient, place: str, body: Any, name: str
) -> None:
    answer = client.post(f"{place}/reviews", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
    assert answer.json()["errors"][0]["name"] == name
    assert "CANARY" not in answer.text
    assert flat(client, place)["status"] == "preliminary"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({}, "nothing_overridden"),
        ({"outcome": "positive"}, "nothing_overridden"),
        ({"answers": [{"strip": 9, "analyte": "CANARY", "outcome": "negative"}]}, "no_such_analyte"),
        (
            {"answers": [{"strip": 1, "analyte": "T", "outcome": o} for o in ("negative", "invalid")]},
            "answered_twice",
        ),
    ],
)
def test_a_review_that_does_not_fit_the_reading_is_a_conflict(
    client: TestClient, place: str, said: Any, code: str
) -> None:
    answer = client.post(f"{place}/reviews", json={"decision": "override", "reason": "other", **said})
    assert (answer.status_code, answer.json()["code"]) == (409, "review-conflict")
    assert answer.json()["errors"][0]["code"] == code
    assert "CANARY" not in answer.text
    assert flat(client, place)["status"] == "preliminary"


def test_a_reading_that_is_not_there_cannot_be_reviewed(client: TestClient) -> None:
    answer = client.post(f"/v1/readings/{uuid4()}/reviews", json={"decision": "confirm"})
    assert (answer.status_code, answer.json()["code"]) == (404, "reading-not-found")


def test_a_reading_of_another_site_cannot_be_reviewed(client: TestClient, place: str) -> None:
    other = Caller("k", "elsewhere", frozenset({"review"}))
    with pytest.raises(Refused) as refused:
        asyncio.run(review(client.app.state.services, other, place.rsplit("/", 1)[1], "confirm"))
    assert refused.value.problem.status == 404


def test_every_review_is_in_the_audit_table_without_pseudonyms(client: TestClient, photo: bytes) -> None:
    place = client.put(f"/v1/readings/{uuid4()}?subject=CANARY", content=photo).headers["location"]
    client.post(f"{place}/reviews", json=OVERRIDE)
    log = AuditLog(client.app.state.services.readings._engine)
    entries = log.page(site=None, before=None, limit=9)
    assert [entry.action for entry in entries] == ["reading-reviewed", "reading-added"]
    assert json.loads(entries[0].detail) == {
        "decision": "override",
        "outcome": "negative",
        "reason": "no-line-seen",
        "status": "final",
    }
    assert "CANARY" not in "".join(entry.detail for entry in entries)


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, str]]:
    """Readings with every need of a look, and the one that needs it most."""
    faint = encode(draw_test(seed=5, lines=(420,)), quality=95)
    pictures = (encode(draw_test(seed=2), quality=95), faint, encode(draw_test(lines=()), quality=95))
    with open_client(Settings(data=tmp_path_factory.mktemp("r") / "data", min_free_bytes=0)) as opened:
        for picture in pictures * 2:
            opened.put(f"/v1/readings/{uuid4()}", content=picture)
        yield opened, ""


def test_the_review_list_goes_by_need_then_from_the_newest_without_gap_or_repeat(
    several: tuple[TestClient, str],
) -> None:
    client, _ = several
    seen, following = [], "/v1/readings?limit=2&review=needed"
    while following:
        answer = client.get(following).json()
        seen += answer["items"]
        following = answer["next"]
    keys = [item["attention"] for item in seen]
    assert keys == sorted(keys, reverse=True)
    assert len({item["id"] for item in seen}) == 6
    whole = [item["id"] for item in client.get("/v1/readings").json()["items"]]
    for level in set(keys):
        of_level = [item["id"] for item in seen if item["attention"] == level]
        assert of_level == sorted(of_level, key=whole.index)


def test_what_was_looked_at_leaves_the_review_list(client: TestClient, place: str) -> None:
    assert len(client.get("/v1/readings?review=needed").json()["items"]) == 1
    assert client.get("/v1/readings?review=done").json()["items"] == []
    client.post(f"{place}/reviews", json={"decision": "confirm"})
    assert client.get("/v1/readings?review=needed").json()["items"] == []
    assert len(client.get("/v1/readings?review=done").json()["items"]) == 1
