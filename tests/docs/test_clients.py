"""The programs of the guide for clients do what it says, against a service with keys."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import pytest

from service import Settings, console
from tests.api.service_helpers import ROOT, Server

GUIDE = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
SHELL = re.findall(r"^```sh\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
PYTHON = re.findall(r"^```python\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """What a client of the guide finds around it."""
    data = tmp_path_factory.mktemp("clients") / "data"
    _, key = console.add_key(
        Settings(data=data), label="app", site="north", scopes=("read", "write"), reads_per_minute=60
    )
    server = Server(data)
    yield os.environ | {"LFA_URL": server.url, "LFA_KEY": key}
    server.end()


@pytest.fixture
def folder(tmp_path):
    shutil.copy(ROOT / "samples" / "covid-positive.jpg", tmp_path / "photo.jpg")
    return tmp_path


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
@pytest.mark.parametrize("program", SHELL, ids=["now", "later", "form"])
def test_every_shell_program_of_the_guide_runs(program, folder, environment):
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", program],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    if "overlay.png" in program:
        assert (folder / "overlay.png").read_bytes().startswith(b"\x89PNG")
    if "result.json" in program:
        assert '"outcome":"' in (folder / "result.json").read_text(encoding="utf-8").replace(" ", "")


def test_the_python_program_of_the_guide_tells_the_result(folder, environment):
    (program,) = PYTHON
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.stdout.startswith("positive preliminary"), done.stderr


def test_the_guide_names_only_what_the_service_has():
    described = set(re.findall(r"`?(?:GET|PUT|POST) (/v1/[\w/{}-]+)", GUIDE))
    from service import create_app

    paths = {re.sub(r"\{\w+\}", "{}", path) for path in create_app(Settings()).openapi()["paths"]}
    assert {re.sub(r"\{\w+\}", "{}", path) for path in described} <= paths
