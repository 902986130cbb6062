"""What the service may be told: one frozen object, checked when it is made.

Each setting can be given by the environment, under its name in capitals with ``LFA_`` before it.
"""

import difflib
import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Final, get_type_hints
from urllib.parse import urlsplit

from pydantic import BeforeValidator, ValidationError, create_model
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from reader import errors

__all__ = ["Settings", "is_loopback", "settings_from_environment"]


_MISSPELT: Final = 0.85  # of the letters are the same: one is missing, doubled or wrong


def _default_workers() -> int:
    return min(os.cpu_count() or 1, 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the service runs.

    Parameters
    ----------
    data : Path, default ``lfa-data``
        Folder of the database and the pictures; made with mode 0700 when it is missing.
    database : str, default ``""``
        Address of a PostgreSQL database, ``postgresql://user@host/name``; by default an SQLite database
        in the data folder. A password is better left to ``PGPASSWORD`` or ``PGPASSFILE``.
    blobs : str, default ``""``
        Address of a folder in a store for the pictures, such as ``s3://bucket/folder``; by default the
        data folder.
    assays : str, default ``""``
        Folder with profiles of the clinic's own kits, beside those of the catalogue.
    host : str, default ``"127.0.0.1"``
        Address to listen on.
    port : int, default 8000
        0 takes any free port.
    workers : int
        Processes that read pictures, 1..64; as many as processors (at most 8) by default.
    queue : int, default 64
        Readings that may wait or run at once; more are refused with 503 and ``Retry-After``.
    max_body_bytes : int, default 20 000 000
        Largest request body; a phone's largest JPEG has about 12 MB.
    body_idle_s : float, default 30
        Longest pause of a sender before its request is given up.
    body_total_s : float, default 600
        Longest time a whole body may take: 20 MB on a 300 kbit/s line.
    read_timeout_s : float, default 20
        Longest time for one picture in a worker; ordinary photos take well under a second.
    min_free_bytes : int, default 500 000 000
        Free disk space below which nothing more is accepted.
    keep_images_days : int, default 90
        How long pictures are kept, in days, 1..36500; readings stay.
    webhook_url : str, default ``""``
        Where to tell of new readings, reviews and erasures: an ``https`` address. By default nowhere.
    webhook_hosts : tuple of str
        The only hosts that may be told; that of `webhook_url` must be among them.
    webhook_secret : str
        Signs what is told; at least 32 characters.
    allowed_hosts : tuple of str
        Names by which the service may be addressed. Others are refused, so that a foreign web page
        cannot reach a local service by pointing its own name here.
    proxies : tuple of str
        Addresses of proxies before the service, whose word on the client's address and on https counts.
    certificate, certificate_key : str, default ``""``
        Files in PEM form with which the service speaks https itself. Phones keep pictures while the
        connection is gone only over https.

    Raises
    ------
    OptionError
        If a value has no meaning.

    Examples
    --------
    >>> Settings(port=8080).port
    8080
    """

    data: Path = Path("lfa-data")
    database: str = field(default="", repr=False)
    blobs: str = ""
    assays: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = field(default_factory=_default_workers)
    queue: int = 64
    max_body_bytes: int = 20_000_000
    body_idle_s: float = 30.0
    body_total_s: float = 600.0
    read_timeout_s: float = 20.0
    min_free_bytes: int = 500_000_000
    keep_images_days: int = 90
    webhook_url: str = ""
    webhook_hosts: tuple[str, ...] = ()
    webhook_secret: str = field(default="", repr=False)
    allowed_hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "::1")
    proxies: tuple[str, ...] = ()
    certificate: str = ""
    certificate_key: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise errors.OptionError(f"The port must be between 0 and 65535, not {self.port}.")
        if not 1 <= self.workers <= 64:
            raise errors.OptionError(f"The number of workers must be between 1 and 64, not {self.workers}.")
        if self.queue < self.workers:
            raise errors.OptionError(f"The queue ({self.queue}) must hold at least one reading per worker.")
        for name in ("max_body_bytes", "body_idle_s", "body_total_s", "read_timeout_s"):
            if not getattr(self, name) > 0:
                raise errors.OptionError(f"{name} must be greater than zero, not {getattr(self, name)}.")
        if self.min_free_bytes < 0:
            raise errors.OptionError(f"min_free_bytes must not be negative, not {self.min_free_bytes}.")
        if not 1 <= self.keep_images_days <= 36_500:
            raise errors.OptionError(
                f"keep_images_days must be between 1 and 36500, not {self.keep_images_days}."
            )
        if self.webhook_url:
            _check_webhook(self)

    @property
    def place(self) -> str:
        """Where the data are, to be told to whoever looks after them."""
        return "its PostgreSQL database" if self.database else str(self.data.absolute())

    @property
    def database_place(self) -> Path | str:
        """Where the database is: an SQLite file, or the address of a PostgreSQL database."""
        return self.database or self.data / "lfa.sqlite3"


def _check_webhook(settings: Settings) -> None:
    parts = urlsplit(settings.webhook_url)
    if parts.scheme != "https" or not parts.hostname or parts.username is not None:
        raise errors.OptionError("webhook_url must be an https address without a user.")
    if parts.hostname not in settings.webhook_hosts:
        raise errors.OptionError("The host of webhook_url must be named in webhook_hosts.")
    if len(settings.webhook_secret) < 32:
        raise errors.OptionError("webhook_secret must have at least 32 characters.")


def settings_from_environment(**given: Any) -> Settings:
    """Return the settings that the environment holds, those that are given before them.

    Parameters
    ----------
    **given : Any
        Settings that the environment has no say in.

    Returns
    -------
    Settings
        With the default for what neither names. An empty variable counts as none; several values, such
        as names of hosts, have commas between them.

    Raises
    ------
    OptionError
        If a value has no meaning.
    """
    _refuse_misspelt(os.environ)
    hints = get_type_hints(Settings)
    asked: dict[str, Any] = {
        f.name: (_plain(hints[f.name]) | None, None) for f in fields(Settings) if f.name not in given
    }
    try:
        found = create_model("Environment", __base__=_Environment, **asked)()
    except ValidationError as error:
        names = ", ".join(f"LFA_{str(e['loc'][0]).upper()}" for e in error.errors())
        raise errors.OptionError(f"The environment holds a value without meaning: {names}.") from None
    said = found.model_dump(exclude_none=True)
    return Settings(**{**said, **given})


def _refuse_misspelt(environment: Mapping[str, str]) -> None:
    """Fail for a variable that is nearly a setting; others may belong to other programs."""
    known = {f"LFA_{field.name.upper()}" for field in fields(Settings)}
    for name in sorted(set(environment) - known):
        near = (
            difflib.get_close_matches(name, known, n=1, cutoff=_MISSPELT) if name.startswith("LFA_") else []
        )
        if near:
            raise errors.OptionError(f"There is no setting {name}. Did you mean {near[0]}?")


class _Environment(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="LFA_", env_ignore_empty=True)


def _plain(hint: Any) -> Any:
    """Return the type by which a variable of the environment is read."""
    return Annotated[hint, NoDecode, BeforeValidator(_parted)] if hint == tuple[str, ...] else hint


def _parted(value: object) -> object:
    return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value


def is_loopback(host: str) -> bool:
    """Tell whether an address can be reached from this machine only.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
