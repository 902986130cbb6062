"""The numbers for Prometheus: what they count, and who may see them."""

import math
from uuid import uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from service import Settings, console
from service.store import JobStore

from .service_helpers import open_client

FAR = ("192.0.2.7", 5000)


def numbers(client: TestClient) -> dict[tuple[str, ...], float]:
    text = client.get("/metrics").text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_requests_and_readings_are_counted(client: TestClient, photo: bytes) -> None:
    client.put(f"/v1/readings/{uuid4()}", content=photo)
    client.put(f"/v1/readings/{uuid4()}", content=b"no picture")
    client.get("/v1/assays")
    found = numbers(client)
    template = "/v1/readings/{reading_id}"
    assert found["lfa_requests_total", "PUT", template, "201"] == 1
    assert found["lfa_requests_total", "PUT", template, "415"] == 1
    assert found["lfa_request_seconds_count", "GET", "/v1/assays"] == 1
    assert found["lfa_readings_total", "generic", "positive"] == 1
    assert found["lfa_reader_tasks",] == 0
    assert found["lfa_jobs_waiting",] == 0
    assert found["lfa_disk_free_bytes",] > 0


def test_the_numbers_are_told_while_the_database_is_not_there(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_self: JobStore) -> int:
        raise OperationalError("SELECT", None, Exception("gone"))

    monkeypatch.setattr(JobStore, "waiting", gone)
    found = numbers(client)
    assert math.isnan(found["lfa_jobs_waiting",])
    assert found["lfa_disk_free_bytes",] > 0


def test_what_clients_make_up_adds_no_series(client: TestClient) -> None:
    for k in range(50):
        client.get(f"/nothing/{k}")
        client.request(f"METHOD{k}", f"/v1/{k}")
    strange = [name for name in numbers(client) if name[0] == "lfa_requests_total"]
    assert sorted(strange) == [
        ("lfa_requests_total", "GET", "none", "404"),
        ("lfa_requests_total", "other", "none", "404"),
    ]


@pytest.mark.parametrize(("scope", "status"), [("admin", 200), ("read", 403), (None, 401)])
def test_from_elsewhere_the_numbers_are_for_administrators(
    settings: Settings, scope: str | None, status: int
) -> None:
    _, secret = console.add_key(settings, label="x", site="*", scopes=(scope or "read",), reads_per_minute=60)
    headers = {"Authorization": f"Bearer {secret}"} if scope else {}
    with open_client(settings, client=FAR) as far:
        assert far.get("/metrics", headers=headers).status_code == status


def test_from_the_same_machine_no_key_is_needed(settings: Settings) -> None:
    console.add_key(settings, label="x", site="*", scopes=("read",), reads_per_minute=60)
    with open_client(settings) as near:
        assert near.get("/metrics").status_code == 200
        assert near.get("/metrics", headers={"X-Forwarded-For": "192.0.2.7"}).status_code == 401
