"""What belongs to another site answers as if it were not there, on every route there is."""

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from service import Settings, console
from service.access import SCOPES, asked_of
from service.routes import ROUTERS

from .service_helpers import open_client

ROUTES = [route for router in ROUTERS for route in router.routes if asked_of(route)]
WITH_ID = [(route, method) for route in ROUTES if route.param_convertors for method in sorted(route.methods)]
LISTS = sorted({route.path for route in ROUTES if "GET" in route.methods and not route.param_convertors})
NORTH = {"subject": "NORTH-SUBJECT", "operator": "NORTH-OPERATOR", "lot": "NORTH-LOT"}
# What a route needs to get as far as looking for what it is about; a route with a body is to be named here.
BODIES = {
    "add_review": {"json": {"decision": "confirm"}},
    "answer_one": {"data": {"decision": "confirm", "seen": "1"}},
}
# Ids are the clients' own and are taken once for all sites: a picture under a taken id is a conflict.
NOT_HIDDEN = {"put_reading"}


class Sites:
    """A service with a reading of the north, seen from the south."""

    def __init__(self, client: TestClient, settings: Settings, photo: bytes) -> None:
        self.client = client
        self.north, self.south = (_key(settings, site) for site in ("north", "south"))
        self.known = {"reading_id": str(uuid4()), "subject": NORTH["subject"]}
        path = f"/v1/readings/{self.known['reading_id']}"
        assert client.put(path, params=NORTH, content=photo, headers=self.north).status_code == 201
        batch = client.post("/v1/batches", headers=self.north).json()
        item = f"/v1/batches/{batch['id']}/items/{uuid4()}"
        job = client.put(item, params=NORTH, content=photo, headers=self.north)
        assert job.status_code == 202
        self.known |= {"batch_id": batch["id"], "job_id": job.json()["id"]}

    def path(self, route: APIRoute, *, known: bool) -> str:
        values = self.known if known else {}
        return re.sub(r"\{(\w+)(?::\w+)?\}", lambda m: values.get(m[1], str(UUID(int=7))), route.path)


def _key(settings: Settings, site: str) -> dict[str, str]:
    _, secret = console.add_key(settings, label="x", site=site, scopes=SCOPES, reads_per_minute=1000)
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory, photo: bytes) -> Iterator[Sites]:
    settings = Settings(data=Path(tmp_path_factory.mktemp("sites")) / "data", min_free_bytes=0)
    with open_client(settings) as client:
        yield Sites(client, settings, photo)


@pytest.mark.parametrize(("route", "method"), WITH_ID, ids=[f"{m} {r.path}" for r, m in WITH_ID])
def test_what_belongs_to_another_site_is_not_there(sites: Sites, route: APIRoute, method: str) -> None:
    if route.name in NOT_HIDDEN:
        return
    theirs, nothing = (
        sites.client.request(
            method, sites.path(route, known=known), headers=sites.south, **BODIES.get(route.name, {})
        )
        for known in (True, False)
    )
    assert _without_ids(theirs.text) == _without_ids(nothing.text)
    assert theirs.status_code == nothing.status_code
    assert theirs.status_code == 404 or "subject" in route.param_convertors


def _without_ids(text: str) -> str:
    request = re.compile(r"[0-9a-f]{32}")
    identity = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
    return identity.sub("", request.sub("", text.replace(NORTH["subject"], "")))


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("asked", ["", "?site=north", "?site=*", "?site="])
def test_a_list_shows_nothing_of_another_site(sites: Sites, path: str, asked: str) -> None:
    answer = sites.client.get(path + asked, headers=sites.south)
    assert answer.status_code in {200, 422}
    for planted in (sites.known["reading_id"], *NORTH.values()):
        assert planted not in answer.text


def test_its_own_site_sees_it(sites: Sites) -> None:
    path = f"/v1/readings/{sites.known['reading_id']}"
    assert sites.client.get(path, headers=sites.north).status_code == 200
    assert sites.known["reading_id"] in sites.client.get("/v1/readings", headers=sites.north).text


def test_another_site_cannot_take_an_id_that_is_in_use(sites: Sites, photo: bytes) -> None:
    path = f"/v1/readings/{sites.known['reading_id']}"
    answer = sites.client.put(path, params=NORTH, content=photo, headers=sites.south)
    assert (answer.status_code, answer.json()["code"]) == (409, "reading-conflict")


def test_a_reading_belongs_to_the_site_of_its_key(sites: Sites, photo: bytes) -> None:
    path = f"/v1/readings/{uuid4()}"
    assert sites.client.put(path, content=photo, headers=sites.south).status_code == 201
    assert sites.client.get(path, headers=sites.north).status_code == 404
    assert sites.client.get(path, headers=sites.south).status_code == 200
