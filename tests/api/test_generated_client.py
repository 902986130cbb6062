"""A client that a public generator makes from the OpenAPI document, against a running server."""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from uuid import uuid4

import pytest

from .service_helpers import Server

# It needs an older typer than the reader's own command line, and so an environment of its own.
GENERATOR = "openapi-python-client==0.29.1"

# Types that the generator does not know by itself.
PICTURES = ("image/*", "image/jpeg", "image/png", "image/svg+xml")
CONFIG = {
    "project_name_override": "lfa-client",
    "package_name_override": "lfa_client",
    "post_hooks": [],
    "content_type_overrides": dict.fromkeys(PICTURES, "application/octet-stream"),
}

# What a user of the client would write.
USE = """
import json
import sys
from io import BytesIO
from pathlib import Path
from uuid import UUID

from lfa_client import Client
from lfa_client.api.answers import get_result
from lfa_client.api.pictures import get_overlay
from lfa_client.api.readings import get_reading, list_readings, post_reading, put_reading
from lfa_client.models import BodyPostReading
from lfa_client.types import File

url, picture, name = sys.argv[1], Path(sys.argv[2]).read_bytes(), UUID(sys.argv[3])
with Client(base_url=url, raise_on_unexpected_status=True, timeout=60) as client:
    sent = put_reading.sync_detailed(name, client=client, body=File(BytesIO(picture)), subject="P-17")
    again = put_reading.sync_detailed(name, client=client, body=File(BytesIO(picture)), subject="P-17")
    nothing = put_reading.sync(UUID(int=1), client=client, body=File(BytesIO(b"no picture")))
    form = BodyPostReading(image=File(BytesIO(picture), "test.jpg", "image/jpeg"), subject="P-18")
    posted = post_reading.sync_detailed(client=client, body=form)
    told = {
        "statuses": [int(answer.status_code) for answer in (sent, again, posted)],
        "problem": nothing.code,
        "outcome": get_reading.sync(name, client=client).outcome,
        "result": get_result.sync(name, client=client).to_dict(),
        "overlay": get_overlay.sync(name, client=client).payload.read(8).hex(),
        "listed": [item.id for item in list_readings.sync(client=client, subject="P-17").items],
        }
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment with the generator in it."""
    place = tmp_path_factory.mktemp("generator")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    pip = [sys.executable, "-m", "pip", "--python", place / "bin/python"]
    installed = subprocess.run([*pip, "install", "--quiet", GENERATOR], capture_output=True, check=False)
    if installed.returncode != 0:
        pytest.skip(f"{GENERATOR} cannot be installed here: no package index can be reached")
    return place / "bin"


@pytest.fixture
def client(generator: Path, server: Server, tmp_path: Path) -> Path:
    """A folder with a generated client in it; a part of the document that is not understood is an error."""
    document, config = tmp_path / "openapi.json", tmp_path / "config.json"
    with urllib.request.urlopen(f"{server.url}/v1/openapi.json") as answer:
        document.write_bytes(answer.read())
    config.write_text(json.dumps(CONFIG))
    said = [f"--path={document}", f"--config={config}", "--meta=none", f"--output-path={tmp_path}/lfa_client"]
    made = subprocess.run(
        [generator / "openapi-python-client", "generate", "--fail-on-warning", *said],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    return tmp_path


def test_a_generated_client_sends_reads_back_and_lists(
    generator: Path, client: Path, server: Server, photo: bytes
) -> None:
    picture, name = client / "photo.jpg", str(uuid4())
    picture.write_bytes(photo)
    ran = subprocess.run(
        [generator / "python", "-c", USE, server.url, picture, name],
        env={"PYTHONPATH": str(client)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told["statuses"] == [201, 200, 201]
    assert told["problem"] == "unsupported-format"
    assert told["outcome"] == told["result"]["outcome"] == "positive"
    assert told["result"]["result_t"] == "positive"
    assert told["listed"] == [name]
    assert bytes.fromhex(told["overlay"]) == b"\x89PNG\r\n\x1a\n"
