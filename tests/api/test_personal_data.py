"""Planted personal data: in the picture, its name and every field, and found nowhere that others look."""

import io
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from service import Settings, console
from service.access import SCOPES
from service.routes import ROUTERS

from .service_helpers import ROOT, Server, draw_test

CANARY = "CANARY-7319-MARIA"
TIMEOUT = 120.0
_SERVE = """
import sys
from pathlib import Path
from service import Settings, run
run(Settings(data=Path(sys.argv[1]), port=0, workers=1), ready=lambda url: print(url, flush=True))
"""
HTML = {"Accept": "text/html"}


def planted_jpeg() -> bytes:
    """A test whose file tells whose it is, where it was and with which camera."""
    exif = Image.Exif()
    exif[0x010E] = exif[0x013B] = exif[0x8298] = CANARY  # description, artist, copyright
    exif.get_ifd(0x8769)[0xA431] = exif.get_ifd(0x8769)[0xA430] = CANARY  # serial number, owner
    exif.get_ifd(0x8825)[0x001D] = CANARY  # of the place
    buffer = io.BytesIO()
    xmp = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{CANARY}</x:xmpmeta>".encode()
    draw_test().save(buffer, "JPEG", quality=95, exif=exif, comment=CANARY.encode(), xmp=xmp)
    assert buffer.getvalue().count(CANARY.encode()) >= 7
    return buffer.getvalue()


def planted_png() -> bytes:
    told = PngInfo()
    told.add_text("Author", CANARY)
    told.add_itxt("Description", CANARY)
    buffer = io.BytesIO()
    draw_test(seed=2).save(buffer, "PNG", pnginfo=told)
    return buffer.getvalue()


class Watched:
    """A server of its own with a key, whose log is kept."""

    def __init__(self, folder: Path) -> None:
        settings = Settings(data=folder / "data")
        _, secret = console.add_key(settings, label="x", site="main", scopes=SCOPES, reads_per_minute=10_000)
        self.log = folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _SERVE, str(settings.data)],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=Server.environment(),
                cwd=ROOT,
            )
        assert self.process.stdout is not None
        url = self.process.stdout.readline().strip()
        headers = {"Authorization": f"Bearer {secret}"}
        self.client = httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT)
        self.stranger = httpx.Client(base_url=url, timeout=TIMEOUT)
        self.failures: list[httpx.Response] = []

    def fail(self, method: str, path: str, *, stranger: bool = False, **options: object) -> None:
        client = self.stranger if stranger else self.client
        answer = client.request(method, path, **options)  # type: ignore[arg-type]
        assert answer.status_code < 500
        if answer.status_code >= 400:
            self.failures.append(answer)

    def end(self) -> None:
        self.client.close()
        self.stranger.close()
        self.process.terminate()
        self.process.communicate()


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    started = Watched(tmp_path_factory.mktemp("watched"))
    yield started
    started.end()


@pytest.fixture(scope="module", params=["jpeg", "png"])
def reading(watched: Watched, request: pytest.FixtureRequest) -> str:
    """A reading of a picture that holds personal data, sent with pseudonyms."""
    picture = planted_jpeg() if request.param == "jpeg" else planted_png()
    path = f"/v1/readings/{uuid.uuid4()}"
    pseudonyms = dict.fromkeys(("subject", "operator", "lot"), CANARY)
    assert watched.client.put(path, params=pseudonyms, content=picture).status_code == 201
    named = {"image": (f"{CANARY}.jpg", picture)}
    assert watched.client.post("/v1/readings", files=named).status_code == 201
    return path


@pytest.mark.parametrize("drawing", ["image", "overlay.png", "profile.svg"])
def test_a_served_picture_holds_nothing_but_its_pixels(watched: Watched, reading: str, drawing: str) -> None:
    answer = watched.client.get(f"{reading}/{drawing}")
    assert answer.status_code == 200
    assert CANARY.encode() not in answer.content
    if drawing != "profile.svg":
        shown = Image.open(io.BytesIO(answer.content))
        assert not shown.getexif()
        assert not {"exif", "xmp", "comment", "icc_profile", "photoshop"} & set(shown.info)


def test_a_page_tells_nothing_that_was_in_the_picture(watched: Watched) -> None:
    sent = {"image": (f"{CANARY}.jpg", planted_jpeg())}
    answer = watched.client.post("/", files=sent, data={"form_id": str(uuid.uuid4())}, headers=HTML)
    assert answer.status_code == 303
    page = watched.client.get(answer.headers["location"], headers=HTML)
    assert page.status_code == 200
    assert CANARY not in page.text
    assert CANARY not in answer.headers["location"]


@pytest.mark.parametrize(
    "name", ["Maria Silva", "maria@clinic.example", "+254 700 123456", "Müller", "a/b", "../x", " ", "x" * 65]
)
@pytest.mark.parametrize("field", ["subject", "operator", "lot"])
def test_a_name_or_address_is_not_taken_for_a_pseudonym(watched: Watched, field: str, name: str) -> None:
    answer = watched.client.put(f"/v1/readings/{uuid.uuid4()}", params={field: name}, content=planted_jpeg())
    assert answer.status_code == 422
    assert name.strip() == "" or name not in answer.text.replace("\\/", "/").partition("instance")[0]


def _try_everything(watched: Watched) -> None:
    """Put personal data into every part of every request, most of which fail."""
    for router in ROUTERS:
        for route in router.routes:
            path = re.sub(r"\{(\w+)(?::\w+)?\}", CANARY, route.path)
            for method in sorted(route.methods):
                for stranger in (False, True):
                    watched.fail(method, path, stranger=stranger)
                    watched.fail(
                        method, path, stranger=stranger, params={CANARY: CANARY, "site": f"{CANARY} !"}
                    )
                    for body in ({"json": {CANARY: CANARY}}, {"data": {"key": CANARY, "form_id": CANARY}}):
                        watched.fail(method, path, stranger=stranger, **body)  # type: ignore[arg-type]
                    watched.fail(method, path, stranger=stranger, headers=HTML)
    for headers in (
        {"Authorization": f"Bearer lfa_{CANARY}"},
        {"Cookie": f"lfa_key={CANARY}; {CANARY}={CANARY}"},
        {"Host": f"{CANARY}.example"},
        {"Origin": f"https://{CANARY}.example"},
        {"X-Request-ID": f"{CANARY} <Maria>"},
        {"Idempotency-Key": CANARY * 50},
        {"Content-Type": f"multipart/form-data; boundary={CANARY}"},
        {"User-Agent": CANARY, "Referer": f"http://{CANARY}/"},
    ):
        for path in ("/v1/readings", "/", f"/{CANARY}"):
            watched.fail("POST", path, headers=headers, content=CANARY.encode())
    for picture in (CANARY.encode(), planted_jpeg()[:900], planted_png()[:2000] + CANARY.encode()):
        for assay in ("generic", CANARY.lower()):
            path = f"/v1/readings/{uuid.uuid4()}"
            watched.fail("PUT", path, params={"assay": assay}, content=picture)
            watched.fail("POST", "/v1/readings", files={"image": (CANARY, picture)}, data={"assay": assay})


def test_what_fails_tells_nothing_of_what_was_sent(watched: Watched, reading: str) -> None:
    assert reading
    _try_everything(watched)
    assert len(watched.failures) > 100
    for answer in watched.failures:
        # The form to sign in leads back to the page that was asked for.
        told = re.sub('name="next" value="[^"]*"', "", answer.text)
        assert CANARY.lower() not in told.lower(), (answer.request.method, answer.request.url)
        assert CANARY.lower() not in str(answer.headers).lower()


def test_neither_log_nor_metrics_nor_audit_holds_anything_of_a_person(watched: Watched, reading: str) -> None:
    assert watched.client.request("DELETE", reading).status_code < 300
    metrics = watched.stranger.get("/metrics").text
    audit = watched.client.get("/v1/audit?limit=200").text
    log = watched.log.read_text(encoding="utf-8")
    assert "lfa_requests_total" in metrics
    assert "reading-added" in audit
    assert "/v1/readings/{reading_id} 201" in log
    for told in (metrics, audit, log):
        assert CANARY.lower() not in told.lower()
