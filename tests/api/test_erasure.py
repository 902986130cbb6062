"""What is let go: pictures in time, and on request all that belongs to a person."""

import datetime as dt
import io
import json
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from service import Settings
from service.retention import Retention

from .service_helpers import open_client

CANARY = "CANARY-17"


def blobs(settings: Settings) -> list[Path]:
    return [path for path in (settings.data / "blobs").rglob("*") if path.is_file()]


def send(client: TestClient, photo: bytes, **params: str) -> str:
    answer = client.put(f"/v1/readings/{uuid4()}", params=params, content=photo)
    assert answer.status_code == 201
    return str(answer.headers["location"])


def rows(settings: Settings, table: str) -> list[dict[str, Any]]:
    with sqlite3.connect(settings.data / "lfa.sqlite3") as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(f"SELECT * FROM {table}")]


def test_an_erased_reading_is_gone_and_said_to_be(client: TestClient, photo: bytes) -> None:
    place = send(client, photo, subject=CANARY, operator=CANARY)
    assert client.delete(place).status_code == 204
    for name in ("", "/image", "/overlay.png", "/profile.svg", "/versions", "/fhir"):
        answer = client.get(f"{place}{name}")
        assert (answer.status_code, answer.json()["code"]) == (410, "reading-erased"), name
    assert client.post(f"{place}/reviews", json={"decision": "confirm"}).status_code == 410
    assert client.get(place.replace("/v1", ""), headers={"Accept": "text/html"}).status_code == 410
    assert client.get("/v1/readings").json()["items"] == []
    assert client.get(f"/v1/subjects/{CANARY}/series").json()["points"] == []


def test_a_phone_that_asks_for_the_result_is_told_that_it_was_erased(
    client: TestClient, photo: bytes
) -> None:
    place = send(client, photo, subject=CANARY)
    client.delete(place)
    result = client.get(f"{place}/result").json()
    assert (result["id"], result["status"]) == (place.rsplit("/", 1)[1], "erased")
    assert {value for name, value in result.items() if name not in {"id", "status"}} == {None}


def test_nothing_of_the_person_stays_in_the_data_folder(settings: Settings, photo: bytes) -> None:
    with open_client(settings) as client:
        form = {"subject": CANARY, "operator": CANARY}
        files = {"image": (f"{CANARY}.jpg", io.BytesIO(photo))}
        place = client.post("/v1/readings", data=form, files=files).headers["location"]
        client.post(f"{place}/reviews", json={"decision": "confirm"})
        client.delete(place)
    assert blobs(settings) == []
    for table in ("readings", "reading_versions", "strips", "audit", "deliveries"):
        assert CANARY not in json.dumps(rows(settings, table)), table
    (row,) = rows(settings, "readings")
    assert (row["subject"], row["operator"], row["image_sha256"], row["attention"]) == (None, None, "", 0)
    assert len(rows(settings, "strips")) == 1
    assert [entry["action"] for entry in rows(settings, "audit")][-1] == "reading-erased"


def test_no_byte_of_the_database_tells_of_the_person(settings: Settings, photo: bytes) -> None:
    with open_client(settings) as client:
        places = [send(client, photo, subject=CANARY, operator=CANARY) for _ in range(4)]
        for place in places:
            client.post(f"{place}/reviews", json={"decision": "confirm"})
        assert CANARY.encode() in database_bytes(settings)
        for place in places:
            client.delete(place)
        assert CANARY.encode() not in database_bytes(settings)


def database_bytes(settings: Settings) -> bytes:
    """Everything that stands in the database, once it is written out of its log."""
    place = settings.data / "lfa.sqlite3"
    with sqlite3.connect(place) as database:
        assert database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    return b"".join(path.read_bytes() for path in place.parent.glob("lfa.sqlite3*"))


def test_the_id_of_an_erased_reading_is_never_taken_again(client: TestClient, photo: bytes) -> None:
    place = send(client, photo)
    client.delete(place)
    again = client.put(place, content=photo)
    assert (again.status_code, again.json()["code"]) == (410, "reading-erased")
    assert client.get(place).status_code == 410


def test_erasing_twice_is_erasing_once(client: TestClient, settings: Settings, photo: bytes) -> None:
    place = send(client, photo)
    assert [client.delete(place).status_code for _ in range(2)] == [204, 204]
    assert [row["action"] for row in rows(settings, "audit")] == ["reading-added", "reading-erased"]


def test_what_is_not_there_cannot_be_erased(client: TestClient) -> None:
    assert client.delete(f"/v1/readings/{uuid4()}").status_code == 404


def test_a_picture_that_another_reading_shows_stays_until_that_is_erased_too(
    client: TestClient, settings: Settings, photo: bytes
) -> None:
    first, second = send(client, photo), send(client, photo)
    client.delete(first)
    assert client.get(f"{second}/image").status_code == 200
    client.delete(second)
    assert blobs(settings) == []


@pytest.mark.parametrize(("days", "kept"), [(89, True), (91, False)])
def test_pictures_are_kept_for_ninety_days_and_readings_for_ever(
    client: TestClient, settings: Settings, photo: bytes, days: int, *, kept: bool
) -> None:
    place = send(client, photo)
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
    store = client.app.state.services.erasure
    assert Retention(store, settings.keep_images_days, lambda: later)() == (not kept)
    assert Retention(store, settings.keep_images_days, lambda: later)() == 0
    assert (len(blobs(settings)), client.get(f"{place}/image").status_code) == (
        (1, 200) if kept else (0, 410)
    )
    assert client.get(place).status_code == 200
    assert client.get(f"{place}/result").json()["image_kept"] is kept
    actions = [row["action"] for row in rows(settings, "audit")]
    assert actions == ["reading-added"] + ["image-removed"] * (not kept)


def test_a_phone_with_the_clock_of_1970_loses_no_picture(client: TestClient, photo: bytes) -> None:
    send(client, photo, taken_at="1970-01-01T00:00:00Z")
    assert Retention(client.app.state.services.erasure, 90)() == 0


def test_a_clock_that_was_set_back_removes_nothing(client: TestClient, photo: bytes) -> None:
    send(client, photo)
    past = dt.datetime(1970, 1, 2, tzinfo=dt.UTC)
    assert Retention(client.app.state.services.erasure, 90, lambda: past)() == 0


def test_an_old_picture_is_not_shown_though_a_newer_reading_shows_the_same(
    client: TestClient, settings: Settings, photo: bytes
) -> None:
    old, new = send(client, photo), send(client, photo)
    with sqlite3.connect(settings.data / "lfa.sqlite3") as database:
        moment = "2020-01-01T00:00:00.000000Z"
        database.execute("UPDATE readings SET received_at = ? WHERE id = ?", (moment, old.rsplit("/", 1)[1]))
    assert Retention(client.app.state.services.erasure, 90)() == 1
    assert [client.get(f"{place}/image").status_code for place in (old, new)] == [410, 200]


def test_many_old_pictures_go_in_small_steps(client: TestClient, settings: Settings, photo: bytes) -> None:
    place = send(client, photo)
    with sqlite3.connect(settings.data / "lfa.sqlite3") as database:
        columns = [c[1] for c in database.execute("PRAGMA table_info(readings)") if c[1] not in {"seq", "id"}]
        names = ", ".join(columns)
        for _ in range(250):
            database.execute(
                f"INSERT INTO readings (id, {names}) SELECT ?, {names} FROM readings WHERE id = ?",
                (str(uuid4()), place.rsplit("/", 1)[1]),
            )
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=91)
    assert Retention(client.app.state.services.erasure, 90, lambda: later)() == 251
    assert blobs(settings) == []


def test_old_pictures_go_when_the_service_starts(settings: Settings, photo: bytes) -> None:
    with open_client(settings) as client:
        place = send(client, photo)
    with sqlite3.connect(settings.data / "lfa.sqlite3") as database:
        database.execute("UPDATE readings SET received_at = '2020-01-01T00:00:00.000000Z'")
    with open_client(replace(settings, keep_images_days=36_500)) as client:
        assert client.get(f"{place}/image").status_code == 200
    with open_client(settings) as client:
        for _ in range(200):
            answer = client.get(f"{place}/image")
            if answer.status_code == 410:
                break
        assert answer.json()["code"] == "picture-gone"
