"""Looking at readings: one, many, their pictures, and what the service says of itself."""

import io
import json
import re
from uuid import uuid4

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

import reader
from service import Settings
from service.schemas import ReadingModel

from .service_helpers import draw_test, encode


@pytest.fixture
def place(client: TestClient, photo: bytes) -> str:
    """Where a stored reading is."""
    return str(client.put(f"/v1/readings/{uuid4()}", content=photo).headers["location"])


def test_a_reading_that_is_known_is_not_sent_again(client: TestClient, place: str) -> None:
    first = client.get(place)
    again = client.get(place, headers={"If-None-Match": f'"other", W/{first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


def test_another_etag_gets_the_whole_reading(client: TestClient, place: str) -> None:
    assert client.get(place, headers={"If-None-Match": '"other"'}).status_code == 200


def test_documents_have_the_shape_that_the_openapi_document_promises(client: TestClient, place: str) -> None:
    document = client.get(place).json()
    assert ReadingModel.model_validate(document).model_dump(by_alias=True) == document


def test_an_unknown_reading_is_not_found(client: TestClient) -> None:
    answer = client.get(f"/v1/readings/{uuid4()}")
    assert (answer.status_code, answer.json()["code"]) == (404, "reading-not-found")


def test_what_cannot_be_done_at_a_path_is_answered_with_all_that_can(client: TestClient) -> None:
    for path, allowed in (("/v1/readings", "GET, POST"), (f"/v1/readings/{uuid4()}", "DELETE, GET, PUT")):
        answer = client.patch(path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


def test_the_list_goes_from_the_newest_to_the_oldest_without_gap_or_repeat(
    client: TestClient, photo: bytes
) -> None:
    sent = [str(uuid4()) for _ in range(5)]
    for name in sent:
        client.put(f"/v1/readings/{name}", content=photo)
    seen, pages, following = [], 0, "/v1/readings?limit=2"
    while following:
        answer = client.get(following)
        seen += [item["id"] for item in answer.json()["items"]]
        following = answer.json()["next"]
        assert answer.headers.get("link") == (f'<{following}>; rel="next"' if following else None)
        pages += 1
    assert (seen, pages) == (sent[::-1], 3)


def test_a_reading_that_arrives_while_the_list_is_read_does_not_shift_it(
    client: TestClient, photo: bytes
) -> None:
    sent = [str(uuid4()) for _ in range(3)]
    for name in sent[:2]:
        client.put(f"/v1/readings/{name}", content=photo)
    first = client.get("/v1/readings?limit=1").json()
    client.put(f"/v1/readings/{sent[2]}", content=photo)
    second = client.get(first["next"]).json()
    assert [item["id"] for item in first["items"] + second["items"]] == [sent[1], sent[0]]


def test_list_items_say_where_the_reading_is(client: TestClient, place: str) -> None:
    item = client.get("/v1/readings").json()["items"][0]
    document = client.get(item["href"]).json()
    assert item["href"] == place
    assert item["outcome"] == document["outcome"]
    assert item["image_sha256"] == document["image"]["sha256"]


@pytest.mark.parametrize("query", ["cursor=%21%21", "cursor=LTE", "cursor=a", "limit=0", "limit=x"])
def test_a_meaningless_position_in_the_list_is_refused(client: TestClient, query: str) -> None:
    answer = client.get(f"/v1/readings?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
    assert answer.json()["errors"][0]["name"] == query.split("=", maxsplit=1)[0]


def sent_with_metadata(client: TestClient) -> tuple[str, bytes]:
    """Send a picture that lies on its side and says where it was taken, by what and of whom."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "CANARY-MAKER"
    exif[0x013B] = "CANARY-ARTIST"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 29: "CANARY-GPS"})
    exif.get_ifd(0x8769).update({0xA431: "CANARY-SERIAL"})
    body = encode(draw_test().transpose(Image.Transpose.ROTATE_90), exif=exif, comment=b"CANARY-COMMENT")
    assert body.count(b"CANARY") == 5
    answer = client.put(f"/v1/readings/{uuid4()}", content=body)
    assert answer.status_code == 201
    assert "CANARY" not in answer.text
    return str(answer.headers["location"]), body


def test_the_served_picture_is_upright_and_has_nothing_but_pixels(client: TestClient) -> None:
    place, _ = sent_with_metadata(client)
    answer = client.get(f"{place}/image")
    served = Image.open(io.BytesIO(answer.content))
    assert answer.headers["content-type"] == "image/jpeg"
    assert b"CANARY" not in answer.content
    assert (served.format, served.size, dict(served.getexif())) == ("JPEG", (1000, 600), {})
    assert not set(served.info) & {"exif", "comment", "icc_profile", "photoshop", "xmp"}
    document = client.get(place).json()
    assert served.size == (document["image"]["width"], document["image"]["height"])


@pytest.mark.parametrize("name", ["overlay.png", "profile.svg"])
def test_drawings_carry_nothing_of_what_the_camera_wrote(client: TestClient, name: str) -> None:
    place, _ = sent_with_metadata(client)
    answer = client.get(f"{place}/{name}")
    assert answer.status_code == 200
    assert b"CANARY" not in answer.content


def test_a_sixteen_bit_picture_is_served_with_its_own_tones(client: TestClient) -> None:
    grey = draw_test().convert("L")
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    place = client.put(f"/v1/readings/{uuid4()}", content=encode(deep, "PNG")).headers["location"]
    served = Image.open(io.BytesIO(client.get(f"{place}/image").content)).convert("L")
    assert abs(served.getpixel((10, 10)) - grey.getpixel((10, 10))) <= 6


def test_the_overlay_is_the_librarys(client: TestClient, photo: bytes, place: str) -> None:
    answer = client.get(f"{place}/overlay.png")
    opened = reader.open_bytes(photo, "The picture")
    expected = reader.draw_overlay(opened, reader.read_photo(opened, assay="generic"))
    assert answer.headers["content-type"] == "image/png"
    assert (np.asarray(Image.open(io.BytesIO(answer.content))) == expected).all()


def test_the_profile_is_a_drawing_that_may_run_nothing(client: TestClient, place: str) -> None:
    answer = client.get(f"{place}/profile.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.content.startswith(b"<svg")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "script-src" not in answer.headers["content-security-policy"]


def test_a_strip_that_is_not_there_has_no_profile(client: TestClient, place: str) -> None:
    answer = client.get(f"{place}/profile.svg?strip=99")
    assert (answer.status_code, answer.json()["code"]) == (404, "strip-not-found")


@pytest.mark.parametrize("name", ["image", "overlay.png", "profile.svg"])
def test_a_picture_that_is_known_is_not_drawn_again(client: TestClient, place: str, name: str) -> None:
    first = client.get(f"{place}/{name}")
    again = client.get(f"{place}/{name}", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["image", "overlay.png", "profile.svg"])
def test_a_picture_that_is_no_longer_kept_is_gone_and_its_reading_stays(
    client: TestClient, settings: Settings, place: str, name: str
) -> None:
    for blob in (settings.data / "blobs").rglob("*"):
        if blob.is_file():
            blob.unlink()
    answer = client.get(f"{place}/{name}")
    assert (answer.status_code, answer.json()["code"]) == (410, "picture-gone")
    assert client.get(place).status_code == 200


@pytest.mark.parametrize("name", ["overlay.png", "profile.svg"])
def test_a_drawing_that_would_not_show_the_stored_reading_is_refused(
    client: TestClient, place: str, name: str
) -> None:
    document = client.get(place).json()
    document["strips"][0]["lines"][0]["height"] += 0.1
    database = client.app.state.services.readings._writer
    with database.begin() as connection:
        connection.exec_driver_sql("UPDATE reading_versions SET document = ?", (json.dumps(document),))
    answer = client.get(f"{place}/{name}")
    assert (answer.status_code, answer.json()["code"]) == (409, "reading-outdated")


def test_the_assays_are_the_librarys(client: TestClient) -> None:
    items = client.get("/v1/assays").json()["items"]
    assert [item["id"] for item in items] == [assay.id for assay in reader.list_assays()]
    assert items[0]["id"] == "generic"


def test_the_service_says_that_it_lives_works_and_what_it_is(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready"}
    assert client.get("/version").json() == {
        "name": "lfa-reader",
        "version": reader.__version__,
        "schema": "lfa-reading/1",
    }


def test_operation_ids_are_the_names_of_what_is_done(client: TestClient) -> None:
    paths = client.get("/v1/openapi.json").json()["paths"]
    names = {operation["operationId"] for path in paths.values() for operation in path.values()}
    told = [operation["operationId"] for path in paths.values() for operation in path.values()]
    assert len(names) == len(told)
    assert not [name for name in names if not re.fullmatch("[a-z]+(_[a-z]+)+", name)]
    assert names >= {"put_reading", "get_reading", "list_readings", "add_review", "create_batch", "get_job"}
