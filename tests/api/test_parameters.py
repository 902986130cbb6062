"""What a request says is understood, or refused: nothing is passed over."""

from uuid import uuid4

import pytest
from starlette.testclient import TestClient


def test_a_misspelt_kit_is_refused_and_not_passed_over(client: TestClient, photo: bytes) -> None:
    place = f"/v1/readings/{uuid4()}"
    answer = client.put(place, params={"assy": "drug-screen"}, content=photo)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"where": "query", "name": "assay", "code": "unknown_name"}]
    assert client.get(place).status_code == 404


def test_a_misspelt_field_of_a_form_is_refused(client: TestClient, photo: bytes) -> None:
    answer = client.post("/v1/readings", data={"assy": "covid-19-ag"}, files={"image": ("a.jpg", photo)})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"where": "body", "name": "assay", "code": "unknown_name"}]


@pytest.mark.parametrize("path", ["/v1/readings", "/v1/readings.csv", "/v1/monitoring/tests", "/v1/assays"])
def test_a_filter_that_is_not_known_never_shows_everything(client: TestClient, path: str) -> None:
    answer = client.get(path, params={"Jane": "Doe"})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"where": "query", "name": "", "code": "unknown_name"}]
    assert "Jane" not in answer.text


def test_a_page_takes_whatever_a_link_carries(client: TestClient) -> None:
    assert client.get("/", params={"from": "elsewhere"}).status_code == 200
