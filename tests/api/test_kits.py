"""A clinic's own kits stand beside those of the catalogue."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from reader.errors import AssayError, OptionError
from reader.interpret import new
from service import Settings, create_app
from service.kits import known_kits, profile_of
from service.workers import ProcessReaders

from .service_helpers import open_client


@pytest.fixture
def kits(tmp_path: Path) -> Path:
    """A folder with one profile, and with what is none."""
    folder = tmp_path / "kits"
    folder.mkdir()
    own = new("our-kit").replace('name = "My kit"', 'name = "Our <own> kit"')
    (folder / "anything.toml").write_text(own, encoding="utf-8")
    (folder / "readme.txt").write_text("Where our profiles come from.")
    return folder


@pytest.fixture
def own(settings: Settings, kits: Path) -> Settings:
    return dataclasses.replace(settings, assays=str(kits))


@pytest.fixture
def client(own: Settings) -> Iterator[TestClient]:
    with open_client(own) as opened:
        yield opened


def send(client: TestClient, photo: bytes, assay: str = "our-kit") -> str:
    answer = client.put(f"/v1/readings/{uuid4()}", params={"assay": assay}, content=photo)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


def test_an_own_kit_can_be_chosen_wherever_a_kit_can(client: TestClient) -> None:
    listed = [item["id"] for item in client.get("/v1/assays").json()["items"]]
    assert (listed[0], listed[-1], "malaria-pf-pan" in listed) == ("generic", "our-kit", True)
    page = client.get("/").text
    assert 'value="our-kit"' in page
    assert "Our &lt;own&gt; kit" in page


def test_a_picture_of_an_own_kit_is_read_by_its_profile(client: TestClient, photo: bytes) -> None:
    place = send(client, photo)
    assert client.get(place).json()["strips"][0]["assay"] == "our-kit"
    flat = client.get(f"{place}/result").json()
    assert (flat["result_analyte"], flat["outcome"]) == ("positive", "positive")
    assert client.get(f"{place}/fhir").status_code == 200
    assert client.get(f"{place}/overlay.png").status_code == 200
    assert "Our &lt;own&gt; kit" in client.get(place.removeprefix("/v1")).text


def test_processes_read_pictures_of_own_kits_too(own: Settings, photo: bytes) -> None:
    with open_client(own, readers=ProcessReaders(1, 4, 60.0)) as client:
        assert client.get(send(client, photo)).json()["strips"][0]["assay"] == "our-kit"


def test_what_an_own_kit_said_stays_when_its_profile_is_gone(own: Settings, photo: bytes) -> None:
    with open_client(own) as client:
        place = send(client, photo)
    with open_client(dataclasses.replace(own, assays="")) as client:
        flat = client.get(f"{place}/result").json()
        assert (flat["assay"], flat["result_analyte"]) == ("our-kit", "positive")
        assert "our-kit" in client.get("/v1/readings.csv").text
        assert client.get(place.removeprefix("/v1")).status_code == 200
        assert client.get(f"/review/{place.rpartition('/')[2]}").status_code == 200
        for drawn in ("fhir", "overlay.png", "profile.svg"):
            answer = client.get(f"{place}/{drawn}")
            assert (answer.status_code, answer.json()["code"]) == (422, "bad-assay")
        override = {"decision": "override", "reason": "no-line-seen", "outcome": "negative"}
        assert client.post(f"{place}/reviews", json=override).status_code == 201


def test_a_service_with_a_wrong_profile_does_not_start(own: Settings, kits: Path) -> None:
    (kits / "wrong.toml").write_text("schema = 'lfa-assay/1'\n")
    with pytest.raises(AssayError, match=r"wrong\.toml"), TestClient(create_app(own)):
        pass


@pytest.mark.parametrize("taken", ["malaria-pf-pan", "our-kit"])
def test_no_id_has_two_profiles(kits: Path, taken: str) -> None:
    (kits / "second.toml").write_text(new("second").replace('"second"', f'"{taken}"'), encoding="utf-8")
    with pytest.raises(AssayError, match=rf"second\.toml: there is already an assay '{taken}'"):
        known_kits(str(kits))


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no folder"):
        known_kits(str(tmp_path / "none"))


def test_no_request_names_a_file(kits: Path) -> None:
    with pytest.raises(AssayError):
        profile_of(known_kits(), str(kits / "anything.toml"))
