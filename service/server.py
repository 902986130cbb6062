"""Serving the application to this machine."""

import datetime as dt
import json
import logging
import os
import socket
import ssl
from collections.abc import Callable

import uvicorn

from reader import errors
from service import console, keeping
from service.app import create_app
from service.protocol import PatientProtocol
from service.settings import Settings, is_loopback

__all__ = ["JsonFormatter", "run"]


# All addresses of this machine, and none that a browser can open.
_ANY = frozenset({"0.0.0.0", "::"})  # noqa: S104  (compared with, not bound to)


class JsonFormatter(logging.Formatter):
    """One JSON object for each line of the log."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as JSON."""
        line = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        extra = {key: getattr(record, key) for key in ("request_id", "milliseconds") if hasattr(record, key)}
        return json.dumps(line | extra)


def run(settings: Settings, *, ready: Callable[[str], None] | None = None) -> None:
    """Serve until interrupted.

    Parameters
    ----------
    settings : Settings
        How the service runs.
    ready : callable, optional
        Called with the service's address once that is known, just before serving begins; connections
        made from then on are answered.

    Raises
    ------
    KeysMissing
        If the address can be reached from other machines and there are no keys to keep them out.
    OptionError
        If the address cannot be listened on.
    LfaError
        If something that the service needs is not as it should be; see `service.keeping.prepare`.
    """
    if not is_loopback(settings.host) and not console.keys_exist(settings):
        raise errors.KeysMissing
    os.umask(0o077)  # whatever is written is for the service's own account
    keeping.prepare(settings)
    log = logging.StreamHandler()
    log.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[log])
    config = uvicorn.Config(
        create_app(settings),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=list(settings.proxies),
        ssl_certfile=settings.certificate or None,
        ssl_keyfile=settings.certificate_key or None,
        http=PatientProtocol,
        ws="none",
        timeout_graceful_shutdown=10,
        lifespan="on",
    )
    _load(config)
    listener = _listen(settings.host, settings.port)
    if ready is not None:
        ready(_address(settings, listener))
    uvicorn.Server(config).run(sockets=[listener])


def _load(config: uvicorn.Config) -> None:
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise errors.OptionError("The certificate and its key cannot be read, or do not fit.") from error


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise errors.OptionError(f"Port {port} cannot be listened on: {error.strerror or error}.") from error


def _names(settings: Settings) -> list[str]:
    """Return the names by which other machines know this one, where there are any."""
    return [name for name in settings.allowed_hosts if not is_loopback(name)]


def _address(settings: Settings, listener: socket.socket) -> str:
    host = next(iter(_names(settings)), settings.host) if settings.host in _ANY else settings.host
    shown = f"[{host}]" if ":" in host else host
    scheme = "https" if settings.certificate else "http"
    return f"{scheme}://{shown}:{listener.getsockname()[1]}/"
