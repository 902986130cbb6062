"""What the tests of the service share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from starlette.testclient import TestClient

from service import Settings

from . import postgres
from .service_helpers import Server, draw_test, encode, open_client


@pytest.fixture(scope="session")
def photo() -> bytes:
    """A picture that can be read."""
    return encode(draw_test(), quality=95)


@pytest.fixture(scope="session")
def other_photo() -> bytes:
    return encode(draw_test(seed=1), quality=95)


@pytest.fixture(scope="session")
def bare_table() -> bytes:
    """A picture without a test."""
    return encode(Image.new("RGB", (800, 600), (190, 170, 150)))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", min_free_bytes=0)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with open_client(settings) as opened:
        yield opened


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = Server(tmp_path_factory.mktemp("server") / "data")
    yield started
    started.end()


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgres.Cluster]:
    """A PostgreSQL of this test run's own."""
    with postgres.running() as started:
        yield started


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where an empty database is: a file's name, or an address."""
    if request.param == "sqlite":
        return tmp_path / "d.sqlite3"
    started: postgres.Cluster = request.getfixturevalue("cluster")
    return started.database()
