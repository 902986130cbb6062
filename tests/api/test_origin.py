"""What a sender tells of a picture: pseudonyms and a moment, kept as told and refused without echo."""

from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

TOLD = {
    "taken_at": "2026-11-01T08:05:00+03:00",
    "operator": "op-7",
    "subject": "p.17_b",
    "lot": "L2024-11",
}


def item(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/v1/readings").json()["items"][0]
    return found


def check_told(client: TestClient) -> None:
    found = item(client)
    assert {name: found[name] for name in ("operator", "subject", "lot")} == {
        name: TOLD[name] for name in ("operator", "subject", "lot")
    }
    assert found["taken_at"] == "2026-11-01T05:05:00.000000Z"


def test_what_is_told_in_the_query_of_a_put_is_kept(client: TestClient, photo: bytes) -> None:
    assert client.put(f"/v1/readings/{uuid4()}", params=TOLD, content=photo).status_code == 201
    check_told(client)


@pytest.mark.parametrize(("path", "own"), [("/v1/readings", {}), ("/", {"form_id": str(uuid4())})])
def test_what_is_told_in_a_form_is_kept(
    client: TestClient, photo: bytes, path: str, own: dict[str, str]
) -> None:
    data = TOLD | {"assay": "covid-19-ag"} | own
    assert client.post(path, data=data, files={"image": photo}).status_code in {201, 303}
    check_told(client)
    assert item(client)["assay"] == "covid-19-ag"


def test_fields_that_are_left_empty_in_a_form_are_not_told(client: TestClient, photo: bytes) -> None:
    data = dict.fromkeys(TOLD, "") | {"assay": "generic", "form_id": str(uuid4())}
    assert client.post("/", data=data, files={"image": photo}).status_code == 303
    assert [item(client)[name] for name in TOLD] == [None] * 4


def test_the_assay_of_a_form_may_stand_in_the_query_but_not_another(client: TestClient, photo: bytes) -> None:
    one = client.post("/v1/readings?assay=covid-19-ag", files={"image": photo})
    two = client.post("/v1/readings?assay=covid-19-ag", files={"image": photo}, data={"assay": "hcg"})
    assert (one.status_code, two.status_code) == (201, 422)
    assert item(client)["assay"] == "covid-19-ag"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("subject", "Amina Canary"),
        ("subject", "canary@example.org"),
        ("subject", "-canary"),
        ("subject", "c" * 65),
        ("operator", "canary\n"),
        ("lot", "=canary()"),
        ("taken_at", "canary"),
        ("taken_at", "2026-11-01T08:05:00"),
        ("taken_at", "2026-02-31T08:05:00Z"),
        ("taken_at", "1700000000"),
        ("taken_at", "0001-01-01T00:00:00+14:00"),
    ],
)
@pytest.mark.parametrize("way", ["query", "form"])
def test_what_could_name_a_person_is_refused_without_echo(
    client: TestClient, photo: bytes, way: str, name: str, value: str
) -> None:
    if way == "query":
        answer = client.put(f"/v1/readings/{uuid4()}", params={name: value}, content=photo)
    else:
        answer = client.post("/v1/readings", data={name: value}, files={"image": photo})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
    assert answer.json()["errors"][0]["name"] == name
    assert "canary" not in answer.text.lower()
    assert client.get("/v1/readings").json()["items"] == []


def test_the_same_picture_of_another_subject_under_the_same_id_is_a_conflict(
    client: TestClient, photo: bytes
) -> None:
    path = f"/v1/readings/{uuid4()}"
    assert client.put(path, params=TOLD, content=photo).status_code == 201
    assert client.put(path, params=TOLD, content=photo).status_code == 200
    assert client.put(path, params=TOLD | {"subject": "p18"}, content=photo).status_code == 409


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"subject": "p1"}, "ab"),
        ({"subject": "p2"}, "c"),
        ({"subject": "p3"}, ""),
        ({"lot": "L2"}, "bc"),
        ({"kit": "covid-19-ag"}, "c"),
        ({"kit": "covid-19-ag", "subject": "p1"}, ""),
        ({"outcome": "positive"}, "abc"),
        ({"outcome": "negative"}, ""),
        ({"outcome": "multiple"}, ""),
        ({"site": "main"}, "abc"),
        ({"site": "elsewhere"}, ""),
        ({"since": "2026-01-01T00:00:00Z"}, "abc"),
        ({"until": "2026-01-01T00:00:00Z"}, ""),
        ({"review": "needed"}, "abc"),
        ({"review": "done"}, ""),
    ],
)
def test_the_list_holds_what_was_asked_for(
    filtered: tuple[TestClient, dict[str, str]], query: dict[str, str], found: str
) -> None:
    client, names = filtered
    items = client.get("/v1/readings", params=query).json()["items"]
    assert sorted(names[item["id"]] for item in items) == sorted(found)


def test_the_next_page_is_of_the_same_choice(filtered: tuple[TestClient, dict[str, str]]) -> None:
    client, names = filtered
    first = client.get("/v1/readings?subject=p1&limit=1&since=2026-01-01T00:00:00%2B00:00").json()
    second = client.get(first["next"]).json()
    assert [names[i["id"]] for i in first["items"] + second["items"]] == ["b", "a"]
    assert second["next"] is None


@pytest.fixture(scope="module")
def filtered(tmp_path_factory: pytest.TempPathFactory, photo: bytes) -> Any:
    from service import Settings

    from .service_helpers import open_client

    told = {
        "a": {"subject": "p1", "lot": "L1"},
        "b": {"subject": "p1", "lot": "L2"},
        "c": {"subject": "p2", "lot": "L2", "assay": "covid-19-ag"},
    }
    names = {name: str(uuid4()) for name in told}
    with open_client(Settings(data=tmp_path_factory.mktemp("list") / "data", min_free_bytes=0)) as client:
        for name, params in told.items():
            assert client.put(f"/v1/readings/{names[name]}", params=params, content=photo).status_code == 201
        yield client, {value: key for key, value in names.items()}
