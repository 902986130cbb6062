"""Sending pictures: what becomes a reading, what is the same again, what is refused."""

import json
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

import reader
from service import Settings
from service.intake import label_of

from .service_helpers import draw_test, encode, open_client


def stored_files(settings: Settings) -> list[Path]:
    return [p for p in (settings.data / "blobs").rglob("*") if p.is_file()]


def spooled_files(settings: Settings) -> list[Path]:
    return list((settings.data / "spool").iterdir())


def test_a_new_picture_gives_the_librarys_document_and_its_place(client: TestClient, photo: bytes) -> None:
    name = str(uuid4())
    answer = client.put(f"/v1/readings/{name}", content=photo)
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/readings/{name}"
    expected = reader.read_bytes(photo, assay="generic", source=name).to_dict()
    assert answer.json() == json.loads(json.dumps(expected))
    assert client.get(answer.headers["location"]).content == answer.content


def test_the_same_picture_again_is_a_replay_to_the_byte(client: TestClient, photo: bytes) -> None:
    path = f"/v1/readings/{uuid4()}"
    first = client.put(path, content=photo)
    second = client.put(path, content=photo)
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.content == first.content
    assert second.headers["etag"] == first.headers["etag"]
    assert len(client.get("/v1/readings").json()["items"]) == 1


def test_another_picture_under_the_same_id_is_a_conflict_and_changes_nothing(
    client: TestClient, settings: Settings, photo: bytes, other_photo: bytes
) -> None:
    path = f"/v1/readings/{uuid4()}"
    first = client.put(path, content=photo)
    answer = client.put(path, content=other_photo)
    assert answer.status_code == 409
    assert answer.json()["code"] == "reading-conflict"
    assert client.get(path).content == first.content
    assert len(stored_files(settings)) == 1


def test_the_same_picture_for_another_assay_under_the_same_id_is_a_conflict(
    client: TestClient, photo: bytes
) -> None:
    path = f"/v1/readings/{uuid4()}"
    assert client.put(path, content=photo).status_code == 201
    assert client.put(f"{path}?assay=covid-19-ag", content=photo).status_code == 409


def test_the_assay_that_is_asked_for_is_the_one_that_is_used(client: TestClient, photo: bytes) -> None:
    path = f"/v1/readings/{uuid4()}"
    document = client.put(f"{path}?assay=covid-19-ag", content=photo).json()
    expected = reader.read_bytes(photo, assay="covid-19-ag", source=document["source"]).to_dict()
    assert document == json.loads(json.dumps(expected))
    assert client.get("/v1/readings").json()["items"][0]["assay"] == "covid-19-ag"


@pytest.mark.parametrize("assay", ["no-such-kit", "../pyproject.toml", "kit.toml", "", "a" * 65])
def test_only_assays_of_the_catalogue_can_be_asked_for(client: TestClient, photo: bytes, assay: str) -> None:
    answer = client.put(f"/v1/readings/{uuid4()}", params={"assay": assay}, content=photo)
    assert answer.status_code == 422
    assert answer.json()["code"] in {"bad-assay", "invalid-request"}
    assert client.get("/v1/readings").json()["items"] == []


def test_a_poor_photo_is_a_reading_that_says_so(client: TestClient, bare_table: bytes) -> None:
    answer = client.put(f"/v1/readings/{uuid4()}", content=bare_table)
    assert answer.status_code == 201
    assert answer.json()["outcome"] == "not_read"
    assert answer.json()["flags"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "empty-input"),
        (b"hello, I am no picture", 415, "unsupported-format"),
        (b"%PDF-1.7\n", 415, "unsupported-format"),
        (encode(draw_test())[:900], 422, "corrupt-image"),
        (encode(draw_test().resize((8, 8))), 422, "image-too-small"),
    ],
)
def test_bytes_that_are_no_picture_are_refused_and_not_kept(
    client: TestClient, settings: Settings, body: bytes, status: int, code: str
) -> None:
    path = f"/v1/readings/{uuid4()}"
    answer = client.put(path, content=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert client.get(path).status_code == 404
    assert stored_files(settings) == spooled_files(settings) == []


def test_a_refused_id_can_be_used_for_a_good_picture(client: TestClient, photo: bytes) -> None:
    path = f"/v1/readings/{uuid4()}"
    assert client.put(path, content=photo[:900]).status_code == 422
    assert client.put(path, content=photo).status_code == 201


def test_one_picture_under_two_ids_is_kept_once(client: TestClient, settings: Settings, photo: bytes) -> None:
    for _ in range(2):
        assert client.put(f"/v1/readings/{uuid4()}", content=photo).status_code == 201
    assert len(client.get("/v1/readings").json()["items"]) == 2
    assert [p.read_bytes() for p in stored_files(settings)] == [photo]
    assert spooled_files(settings) == []


def test_readings_are_there_after_a_restart(settings: Settings, photo: bytes) -> None:
    path = f"/v1/readings/{uuid4()}"
    with open_client(settings) as client:
        first = client.put(path, content=photo)
    with open_client(settings) as client:
        assert client.get(path).content == first.content
        assert client.put(path, content=photo).status_code == 200


def test_a_form_upload_gives_a_reading(client: TestClient, photo: bytes) -> None:
    answer = client.post("/v1/readings", files={"image": ("strip.jpg", photo, "image/jpeg")})
    assert answer.status_code == 201
    assert answer.json()["source"] == "strip.jpg"
    assert client.get(answer.headers["location"]).content == answer.content


def test_form_uploads_without_a_key_are_all_new(client: TestClient, photo: bytes) -> None:
    places = {client.post("/v1/readings", files={"image": photo}).headers["location"] for _ in range(2)}
    assert len(places) == 2


def test_an_idempotency_key_makes_a_form_upload_repeatable(
    client: TestClient, photo: bytes, other_photo: bytes
) -> None:
    headers = {"Idempotency-Key": "visit 7 / strip 1"}
    first = client.post("/v1/readings", files={"image": photo}, headers=headers)
    second = client.post("/v1/readings", files={"image": photo}, headers=headers)
    third = client.post("/v1/readings", files={"image": other_photo}, headers=headers)
    assert [a.status_code for a in (first, second, third)] == [201, 200, 422]
    assert second.content == first.content
    assert third.json()["code"] == "idempotency-key-reused"


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\photos\\strip 1.jpg", "strip 1.jpg"),
        ("<img src=x onerror=alert(1)>.jpg", "<img src=x onerror=alert(1)>.jpg"),
        ("\u202egpj.exe", "gpj.exe"),
        ("x" * 3000 + ".jpg", "x" * 255),
    ],
)
def test_a_file_name_is_a_label_and_never_a_path(
    client: TestClient, settings: Settings, photo: bytes, name: str, label: str
) -> None:
    answer = client.post("/v1/readings", files={"image": (name, photo, "image/jpeg")})
    assert answer.status_code == 201
    assert answer.json()["source"] == label
    everything = [p for p in settings.data.parent.rglob("*") if p.is_file()]
    assert {p.relative_to(settings.data).parts[0] for p in everything} <= {
        "blobs",
        "lfa.sqlite3",
        "lfa.sqlite3-shm",
        "lfa.sqlite3-wal",
    }
    page = client.get(f"/readings/{answer.headers['location'].rsplit('/', 1)[1]}").text
    assert "onerror" not in page
    assert name not in page


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("multipart/form-data", b"--x--\r\n", 400),
        ("multipart/form-data; boundary=x", b"", 422),
        ("multipart/form-data; boundary=x", b"--y\r\n\r\n", 400),
        ("multipart/form-data; boundary=" + "x" * 5000, b"--x--", 400),
        ("application/json", b'{"image": "secret"}', 422),
        ("application/x-www-form-urlencoded", b"image=secret", 422),
        ("", b"secret", 422),
    ],
)
def test_a_malformed_form_is_refused_in_words_and_nothing_of_it_comes_back(
    client: TestClient, content_type: str, body: bytes, status: int
) -> None:
    answer = client.post("/v1/readings", content=body, headers={"Content-Type": content_type})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text


def test_a_form_may_hold_one_picture_and_few_short_fields(client: TestClient, photo: bytes) -> None:
    two = client.post("/v1/readings", files=[("image", photo), ("image", photo)])
    many = client.post("/v1/readings", files={"image": photo}, data={f"f{k}": "1" for k in range(9)})
    long = client.post("/v1/readings", files={"image": photo}, data={"note": "n" * 5000})
    assert [a.status_code for a in (two, many, long)] == [400, 400, 400]
    assert {a.json()["code"] for a in (two, many, long)} == {"bad-request"}


@given(st.text())
def test_a_label_is_short_printable_and_has_no_folders(name: str) -> None:
    label = label_of(name)
    assert 0 < len(label) <= 255
    assert not set(label) & {"/", "\\", "\0", "\n", "\u202e"}
