"""The OpenAPI document, from which clients are made."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from service import Settings, create_app


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(Settings()).openapi()


def references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        yield from (value for name, value in part.items() if name == "$ref")
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from references(inner)


def test_every_reference_leads_to_a_schema_of_the_document(document: dict[str, Any]) -> None:
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) == known


def test_a_picture_may_be_sent_as_plain_bytes(document: dict[str, Any]) -> None:
    for path in ("/v1/readings/{reading_id}", "/v1/batches/{batch_id}/items/{reading_id}"):
        assert "application/octet-stream" in document["paths"][path]["put"]["requestBody"]["content"]


def test_the_picture_of_a_form_is_a_file(document: dict[str, Any]) -> None:
    (form,) = document["paths"]["/v1/readings"]["post"]["requestBody"]["content"].values()
    assert form["encoding"] == {"image": {"contentType": "image/*"}}
    assert document["components"]["schemas"]["Body_post_reading"]["properties"]["image"]["format"] == "binary"


def test_whatever_tells_of_a_reading_may_say_that_it_was_erased(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if "{reading_id}" in path and operation["operationId"] not in {"get_result", "erase_reading"}:
                assert "410" in operation["responses"], (method, path)


def test_whatever_takes_a_body_may_say_that_it_is_malformed(document: dict[str, Any]) -> None:
    for operations in document["paths"].values():
        for operation in operations.values():
            assert "requestBody" not in operation or "400" in operation["responses"], operation["operationId"]


def test_nothing_outside_json_is_ever_null(document: dict[str, Any]) -> None:
    fields = list(document["components"]["schemas"]["Body_post_reading"]["properties"].values())
    for operations in document["paths"].values():
        for operation in operations.values():
            fields += [parameter["schema"] for parameter in operation.get("parameters", ())]
    assert fields
    assert not [field for field in fields if "null" in str(field)]


@pytest.mark.parametrize(
    ("operation", "status", "value", "leads"),
    [
        ("put_reading", "201", "$request.path.reading_id", {"get_reading", "add_review", "erase_reading"}),
        ("put_reading", "202", "$response.body#/id", {"get_job"}),
        ("post_reading", "202", "$response.body#/id", {"get_job"}),
        ("create_batch", "201", "$response.body#/id", {"get_batch", "put_batch_item", "close_batch"}),
    ],
)
def test_an_answer_with_an_id_tells_what_can_be_asked_with_it(
    document: dict[str, Any], operation: str, status: str, value: str, leads: set[str]
) -> None:
    operations = [found for paths in document["paths"].values() for found in paths.values()]
    (asked,) = (found for found in operations if found["operationId"] == operation)
    links = asked["responses"][status]["links"]
    assert leads <= links.keys()
    for link in links.values():
        assert [*link["parameters"].values()] == [value]


def test_every_operation_is_introduced_in_a_sentence_and_says_what_a_key_needs(
    document: dict[str, Any],
) -> None:
    found = {of["operationId"]: of for paths in document["paths"].values() for of in paths.values()}
    assert all(len(of["summary"].split()) > 2 for of in found.values())
    assert "scope `write`" in found["put_reading"]["description"]
    assert "scope `admin`" in found["erase_reading"]["description"]
    assert "scope" not in found["get_health"]["description"]


def test_a_form_is_described_with_its_limits(client: TestClient, photo: bytes) -> None:
    form = client.app.openapi()["components"]["schemas"]["Body_post_reading"]  # type: ignore[attr-defined]
    assert form["additionalProperties"] is False
    others = form["maxProperties"] - 1
    full = {f"other{k}": "" for k in range(others)}
    sent = [
        client.post("/v1/readings", data=fields, files={"image": ("a.jpg", photo)}).status_code
        for fields in (full, {**full, "more": ""})
    ]
    assert sent == [422, 400]
