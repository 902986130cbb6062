"""A store for runs and pictures: a server on this machine that speaks S3."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import pytest
import s3fs

ROOT = Path(__file__).resolve().parents[2]
BUCKETS = itertools.count()


class Server:
    """A process that serves S3, and does not while it is down."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.batch.store_server"],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def be(self, word):
        """Be ``down`` or ``up``."""
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == f"{word}\n"

    def end(self):
        """End the process."""
        self.process.kill()
        self.process.communicate()


class Store:
    """A bucket of its own, filled and looked at without any of the reader's own code."""

    def __init__(self, server):
        self.server = server
        self.files = s3fs.S3FileSystem(endpoint_url=server.url, use_listings_cache=False)
        self.bucket = f"bucket-{next(BUCKETS)}"
        self.files.mkdir(self.bucket)
        self.url = f"s3://{self.bucket}"

    def put(self, folder, below="photos"):
        """Put the files of a folder there; return their address."""
        for path in (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()):
            key = path.relative_to(folder).as_posix()
            self.files.pipe_file(f"{self.bucket}/{below}/{key}", path.read_bytes())
        return f"{self.url}/{below}"

    def objects(self, below=""):
        """All objects below a folder, by their names there."""
        top = f"{self.bucket}/{below}".rstrip("/")
        found = self.files.find(top)
        return {name.removeprefix(f"{top}/"): self.files.cat_file(name) for name in found}


@pytest.fixture(scope="session")
def store_server():
    server = Server()
    yield server
    server.end()


@pytest.fixture
def store(store_server, monkeypatch):
    """A bucket, and the environment by which a user says where it is and who may use it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", store_server.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")  # a test need not wait for a store that is down
    return Store(store_server)
