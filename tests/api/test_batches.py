"""Batches: pictures that belong together, sent one by one, closed, and looked at together."""

from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from service.store import JobStore


@pytest.fixture
def batch(client: TestClient) -> str:
    return client.post("/v1/batches").headers["location"]


def put(client: TestClient, batch: str, picture: bytes, name: object = None) -> Any:
    return client.put(f"{batch}/items/{name or uuid4()}", content=picture)


def done(client: TestClient, batch: str) -> dict[str, Any]:
    """Close a batch and ask until it is done."""
    client.post(f"{batch}/close")
    while (state := client.get(batch).json())["state"] != "done":
        pass
    return state


def test_a_batch_is_made_filled_closed_and_read(
    client: TestClient, batch: str, photo: bytes, bare_table: bytes
) -> None:
    assert client.get(batch).json()["state"] == "open"
    names = [str(uuid4()) for _ in range(3)]
    for name, picture in zip(names, (photo, bare_table, b"no picture"), strict=True):
        answer = put(client, batch, picture, name)
        assert answer.status_code == 202
        assert answer.json()["batch_id"] == client.get(batch).json()["id"]
    state = done(client, batch)
    assert state["counts"] == {"queued": 0, "running": 0, "done": 2, "failed": 1}
    results = client.get(f"{batch}/results").json()
    assert results["next"] is None
    assert [item["reading_id"] for item in results["items"]] == names
    assert [item["outcome"] for item in results["items"]] == ["positive", "not_read", None]
    assert [(item["error"] or {}).get("code") for item in results["items"]] == [
        None,
        None,
        "unsupported-format",
    ]
    assert client.get(results["items"][0]["reading"]).json()["outcome"] == "positive"


def test_a_batch_without_pictures_is_done_when_it_is_closed(client: TestClient, batch: str) -> None:
    assert client.post(f"{batch}/close").json()["state"] == "done"


def test_a_closed_batch_takes_no_more_but_answers_what_it_has(
    client: TestClient, batch: str, photo: bytes
) -> None:
    names = [uuid4() for _ in range(2)]
    first = [
        put(client, batch, picture, name).json() for picture, name in zip((photo, b"?"), names, strict=True)
    ]
    done(client, batch)
    again = [put(client, batch, picture, name) for picture, name in zip((photo, b"?"), names, strict=True)]
    assert [a.status_code for a in again] == [202, 202]
    assert [a.json()["id"] for a in again] == [job["id"] for job in first]
    assert all("retry-after" not in a.headers for a in again)
    assert put(client, batch, photo).json()["code"] == "batch-closed"


def test_closing_may_be_repeated(client: TestClient, batch: str) -> None:
    first = client.post(f"{batch}/close").json()
    assert client.post(f"{batch}/close").json() == first


def test_a_batch_is_made_once_for_a_key(client: TestClient) -> None:
    headers = {"Idempotency-Key": "monday"}
    answers = [client.post("/v1/batches", headers=headers) for _ in range(2)]
    assert [a.status_code for a in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()
    other = next(a["id"] for a in client.get("/v1/assays").json()["items"] if a["id"] != "generic")
    refused = client.post("/v1/batches", headers=headers, params={"assay": other})
    assert refused.json()["code"] == "batch-key-reused"


def test_the_assay_of_a_batch_is_that_of_its_pictures(client: TestClient, photo: bytes) -> None:
    other = next(a["id"] for a in client.get("/v1/assays").json()["items"] if a["id"] != "generic")
    batch = client.post("/v1/batches", params={"assay": other}).headers["location"]
    name = uuid4()
    assert put(client, batch, photo, name).json()["assay"] == other
    done(client, batch)
    (item,) = client.get("/v1/readings").json()["items"]
    assert item["assay"] == other


def test_a_picture_that_was_read_before_becomes_part_of_a_batch(
    client: TestClient, batch: str, photo: bytes
) -> None:
    name = uuid4()
    assert client.put(f"/v1/readings/{name}", content=photo).status_code == 201
    assert put(client, batch, photo, name).status_code == 202
    assert done(client, batch)["counts"]["done"] == 1


def test_a_picture_belongs_to_one_batch_and_an_id_to_one_picture(
    client: TestClient, batch: str, photo: bytes, other_photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobStore, "take", lambda *_: None)
    name, other = uuid4(), client.post("/v1/batches").headers["location"]
    put(client, batch, photo, name)
    assert put(client, other, photo, name).json()["code"] == "reading-conflict"
    assert put(client, batch, other_photo, name).json()["code"] == "reading-conflict"


def test_results_come_in_parts_and_in_the_order_of_sending(
    client: TestClient, batch: str, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobStore, "take", lambda *_: None)
    names = [str(uuid4()) for _ in range(5)]
    for name in names:
        put(client, batch, photo, name)
    seen, place = [], f"{batch}/results?limit=2"
    while place:
        answer = client.get(place)
        seen += [item["reading_id"] for item in answer.json()["items"]]
        place = answer.json()["next"]
        assert ("link" in answer.headers) == bool(place)
    assert seen == names


@pytest.mark.parametrize("cursor", ["x", "!", "AAAA", "%F0%9F", "2026-11-01T08:05:00.000000Z_", ""])
def test_a_cursor_that_was_not_given_out_is_refused(client: TestClient, batch: str, cursor: str) -> None:
    assert client.get(f"{batch}/results?cursor={cursor}").json()["code"] == "invalid-request"


def test_a_batch_that_is_not_there_is_told(client: TestClient, photo: bytes) -> None:
    nowhere = f"/v1/batches/{uuid4()}"
    answers = [
        client.get(nowhere),
        client.get(f"{nowhere}/results"),
        client.post(f"{nowhere}/close"),
        put(client, nowhere, photo),
    ]
    assert {a.json()["code"] for a in answers} == {"batch-not-found"}
