"""The pictures in a store that speaks S3: kept, fetched, swept, and what happens while it is down."""

import time
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from reader import errors
from service import Settings, keeping
from service.store import BlobMissing
from service.store.objects import BlobObjects, open_objects
from service.store.sweep import ORPHAN_AFTER_S, sweep
from tests.batch.conftest import store, store_server  # noqa: F401 - fixtures

from .service_helpers import open_client


@pytest.fixture
def blobs(store: Any, tmp_path: Path) -> BlobObjects:  # noqa: F811
    made = open_objects(f"{store.url}/pictures", tmp_path)
    made.prepare()
    return made


@pytest.fixture
def on_store(store: Any, settings: Settings) -> Settings:  # noqa: F811
    return replace(settings, blobs=f"{store.url}/pictures")


@pytest.fixture
def stored_client(on_store: Settings) -> Iterator[TestClient]:
    with open_client(on_store) as opened:
        yield opened


def keep(blobs: BlobObjects, content: bytes) -> str:
    with blobs.spool() as spool:
        spool.write(content)
        blobs.keep(spool)
        return spool.sha256


def test_a_picture_is_kept_as_it_is_under_its_digest(store: Any, blobs: BlobObjects, tmp_path: Path) -> None:  # noqa: F811
    digest = keep(blobs, b"abc")
    name = f"{digest[:2]}/{digest[2:4]}/{digest}"
    assert store.objects("pictures") == {"lfa-blobs": b"1\n", name: b"abc"}
    with blobs.fetch(digest) as path:
        assert path.read_bytes() == b"abc"
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_a_picture_that_is_not_there_is_missing(blobs: BlobObjects) -> None:
    assert not blobs.has("0" * 64)
    with pytest.raises(BlobMissing), blobs.fetch("0" * 64):
        pass
    blobs.remove("0" * 64)


def test_a_picture_that_changed_in_the_store_is_not_shown(store: Any, blobs: BlobObjects) -> None:  # noqa: F811
    digest = keep(blobs, b"abc")
    store.files.pipe_file(f"{store.bucket}/pictures/{digest[:2]}/{digest[2:4]}/{digest}", b"other")
    with pytest.raises(errors.StoreError, match="not the one"), blobs.fetch(digest):
        pass


def test_a_service_with_its_pictures_in_a_store_works_as_with_a_folder(
    store: Any,  # noqa: F811
    stored_client: TestClient,
    settings: Settings,
    photo: bytes,
) -> None:
    path = f"/v1/readings/{uuid4()}"
    assert stored_client.put(path, content=photo).status_code == 201
    assert stored_client.put(path, content=photo).status_code == 200
    for name, kind in (
        ("image", "image/jpeg"),
        ("overlay.png", "image/png"),
        ("profile.svg", "image/svg+xml"),
    ):
        answer = stored_client.get(f"{path}/{name}")
        assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, kind)
    assert stored_client.get("/readyz").status_code == 200
    assert photo in store.objects("pictures").values()
    assert not list((settings.data / "spool").iterdir())
    assert not (settings.data / "blobs").exists()


def test_a_store_that_is_down_is_told_and_what_was_sent_meanwhile_can_be_sent_again(
    store: Any,  # noqa: F811
    stored_client: TestClient,
    photo: bytes,
) -> None:
    path = f"/v1/readings/{uuid4()}"
    store.server.be("down")
    try:
        answer = stored_client.put(path, content=photo)
        ready = stored_client.get("/readyz")
    finally:
        store.server.be("up")
    assert (answer.status_code, answer.json()["code"]) == (503, "store")
    assert int(answer.headers["retry-after"]) > 0
    assert (ready.status_code, ready.json()["code"]) == (503, "not-ready")
    assert stored_client.get(path).status_code == 404
    assert stored_client.put(path, content=photo).status_code == 201
    assert stored_client.get("/readyz").status_code == 200


def test_a_store_that_is_not_there_is_told_at_the_start(store: Any, settings: Settings) -> None:  # noqa: F811
    nowhere = replace(settings, blobs=f"{store.url}-that-is-not-there/pictures")
    with pytest.raises(errors.OutputError, match="no such bucket"), open_client(nowhere):
        pass


def test_only_what_no_reading_needs_is_swept_from_a_store(stored_client: TestClient, photo: bytes) -> None:
    services = stored_client.app.state.services
    stored_client.put(f"/v1/readings/{uuid4()}", content=photo)
    orphan = keep(services.blobs, b"orphan")
    engine = services.readings._engine
    assert sweep(engine, services.blobs) == 0
    assert sweep(engine, services.blobs, time.time() + ORPHAN_AFTER_S + 60) == 1
    assert not services.blobs.has(orphan)
    assert services.blobs.has(sha256(photo).hexdigest())


def test_what_lies_in_a_store_is_backed_up_and_comes_back_into_a_folder(
    on_store: Settings, photo: bytes, tmp_path: Path
) -> None:
    path = f"/v1/readings/{uuid4()}"
    with open_client(on_store) as client:
        document = client.put(path, content=photo).content
        keeping.back_up(on_store, tmp_path / "backup")
    elsewhere = replace(on_store, blobs="", data=tmp_path / "elsewhere")
    keeping.restore(elsewhere, tmp_path / "backup")
    with open_client(elsewhere) as client:
        assert client.get(path).content == document
        assert client.get(f"{path}/image").status_code == 200


def test_without_the_package_for_a_store_the_command_to_install_it_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def no_package(_name: str) -> None:
        raise ImportError(name="s3fs")

    monkeypatch.setattr("reader.batch.stores.import_module", no_package)
    with pytest.raises(errors.ExtraMissing, match=r"pip install 'lfa-reader\[s3\]'"):
        open_objects("s3://bucket/pictures", tmp_path)
    assert not list(tmp_path.iterdir())
