"""The service speaks https itself, and believes the proxies that it was told of and no other."""

import datetime as dt
import ipaddress
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest

import service
from reader import errors
from service import Settings

from .service_helpers import Server

_SERVE = """
import sys
from pathlib import Path
from service import Settings, console, run
data, certificate, key, *proxies = sys.argv[1:]
settings = Settings(
    data=Path(data), port=0, workers=1, certificate=certificate, certificate_key=key, proxies=tuple(proxies)
)
_, secret = console.add_key(settings, label="x", site="*", scopes=("admin",), reads_per_minute=60)
print(secret, flush=True)
run(settings, ready=lambda url: print(url, flush=True))
"""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Files of a certificate for 127.0.0.1, and of its key."""
    x509 = pytest.importorskip("cryptography.x509", reason="needs `pip install cryptography`")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "clinic")])
    now = dt.datetime.now(dt.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("certificate")
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "key.pem").write_bytes(pem)
    return folder / "cert.pem", folder / "key.pem"


def started(data: Path, *options: object) -> Iterator[tuple[str, str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVE, str(data), *map(str, options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=Server.environment(),
    )
    assert process.stdout is not None
    secret, url = (process.stdout.readline().strip() for _ in range(2))
    yield secret, url
    process.terminate()
    process.communicate()


@pytest.fixture
def secure(tmp_path: Path, certificate: tuple[Path, Path]) -> Iterator[tuple[str, str]]:
    yield from started(tmp_path / "data", *certificate)


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[tuple[str, str]]:
    yield from started(tmp_path / "data", "", "", "127.0.0.1")


def test_the_service_speaks_https_with_a_certificate(
    secure: tuple[str, str], certificate: tuple[Path, Path]
) -> None:
    secret, url = secure
    assert url.startswith("https://127.0.0.1:")
    trusted = ssl.create_default_context(cafile=str(certificate[0]))
    with httpx.Client(base_url=url, verify=trusted, timeout=60) as client:
        answer = client.post("/sign-in", data={"key": secret})
        assert answer.status_code == 303
        assert "secure" in answer.headers["set-cookie"].lower()


def test_a_proxy_that_is_named_tells_who_asks_and_how(proxied: tuple[str, str]) -> None:
    secret, url = proxied
    told = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"}
    with httpx.Client(base_url=url, headers=told, timeout=60) as client:
        assert "secure" in client.post("/sign-in", data={"key": secret}).headers["set-cookie"].lower()
        assert [
            client.get("/v1/audit", headers={"Authorization": "Bearer x"}).status_code for _ in range(11)
        ][-2:] == [401, 429]
    with httpx.Client(base_url=url, headers=told | {"X-Forwarded-For": "192.0.2.8"}, timeout=60) as other:
        assert other.get("/v1/audit", headers={"Authorization": "Bearer x"}).status_code == 401


@pytest.mark.parametrize("names", [("no-such.pem", ""), ("cert.pem", "no-such.pem"), ("key.pem", "cert.pem")])
def test_a_certificate_that_does_not_fit_is_told(
    certificate: tuple[Path, Path], tmp_path: Path, names: tuple[str, str]
) -> None:
    cert, key = (str(certificate[0].parent / name) for name in names)
    with pytest.raises(errors.OptionError, match="certificate"):
        service.run(Settings(data=tmp_path / "data", port=0, certificate=cert, certificate_key=key))
