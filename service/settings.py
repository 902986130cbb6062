"""What the service may be told: one frozen object, checked when it is made."""

import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path

from reader import errors

__all__ = ["Settings", "is_loopback"]


def _default_workers() -> int:
    return min(os.cpu_count() or 1, 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the service runs.

    Parameters
    ----------
    data : Path, default ``lfa-data``
        Folder of the database and the pictures; made with mode 0700 when it is missing.
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
    allowed_hosts : tuple of str
        Names by which the service may be addressed. Others are refused, so that a foreign web page
        cannot reach a local service by pointing its own name here.

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
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = field(default_factory=_default_workers)
    queue: int = 64
    max_body_bytes: int = 20_000_000
    body_idle_s: float = 30.0
    body_total_s: float = 600.0
    read_timeout_s: float = 20.0
    min_free_bytes: int = 500_000_000
    allowed_hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "::1")

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
