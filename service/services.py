"""What the routes work with, made when the application starts and handed to each of them."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine
from starlette.requests import Request

from reader import errors
from service.kits import Kits, known_kits
from service.metrics import Metrics
from service.rates import MovingWindow
from service.retention import Retention
from service.settings import Settings
from service.store import AnswerStore, BatchStore, BlobFolder, Blobs, ErasureStore, JobStore, ReadingStore
from service.store.audit import AuditLog
from service.store.database import open_database
from service.store.deliveries import DeliveryStore
from service.store.keys import KeyStore
from service.store.monitoring import MonitoringStore
from service.store.objects import open_objects
from service.store.sweep import sweep
from service.upkeep import Chore, keeping_up
from service.webhooks import Courier, Post, delivering
from service.workers import Readers

__all__ = [
    "KeyedLocks",
    "Services",
    "get_services",
    "make_folder",
    "open_blobs",
    "open_engine",
    "open_services",
    "require_data",
]


class KeyedLocks:
    """One lock for each key that is in use, and none for those that are not."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    @contextlib.asynccontextmanager
    async def hold(self, key: str) -> AsyncIterator[None]:
        """Be the only one at work on a key."""
        lock, users = self._locks.get(key, (asyncio.Lock(), 0))
        self._locks[key] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks.pop(key)
            if users > 1:
                self._locks[key] = (lock, users - 1)


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of a running service.

    Attributes
    ----------
    settings : Settings
        How it runs.
    blobs : Blobs
        The pictures.
    readings : ReadingStore
        What they say.
    answers : AnswerStore
        All that was said of them, by the machine and by people.
    erasure : ErasureStore
        Lets go of them.
    monitoring : MonitoringStore
        Counts and heights of many of them.
    readers : Readers
        Who reads them.
    kits : Kits
        Which kits can be asked for.
    jobs : JobStore
        What is to be read later.
    batches : BatchStore
        Pictures that belong together.
    keys : KeyStore
        Who may come in.
    audit : AuditLog
        Who did what.
    locks : KeyedLocks
        For one reading id at a time.
    jobs_wake : asyncio.Event
        Set when a job was queued.
    rates : MovingWindow
        How often each caller asked.
    metrics : Metrics
        Numbers about the running service.
    """

    settings: Settings
    blobs: Blobs
    readings: ReadingStore
    answers: AnswerStore
    erasure: ErasureStore
    monitoring: MonitoringStore
    readers: Readers
    kits: Kits
    jobs: JobStore
    batches: BatchStore
    keys: KeyStore
    audit: AuditLog
    locks: KeyedLocks = field(default_factory=KeyedLocks)
    jobs_wake: asyncio.Event = field(default_factory=asyncio.Event)
    rates: MovingWindow = field(default_factory=MovingWindow)
    metrics: Metrics = field(default_factory=Metrics)


def get_services(request: Request) -> Services:
    """Return the running application's parts."""
    services: Services = request.app.state.services
    return services


@contextlib.asynccontextmanager
async def open_services(settings: Settings, readers: Readers) -> AsyncIterator[Services]:
    """Open the data folder and start the readers; close both in the end."""
    kits = known_kits(settings.assays)
    engine = open_engine(settings)
    try:
        blobs = open_blobs(settings)
    except BaseException:
        engine.dispose()
        raise
    announces = bool(settings.webhook_url)
    readings = ReadingStore(engine, announces=announces)
    erasure = ErasureStore(engine, blobs, announces=announces)
    chores: list[Chore] = [
        Retention(erasure, settings.keep_images_days),
        functools.partial(sweep, engine, blobs),
    ]
    services = Services(
        settings=settings,
        blobs=blobs,
        readings=readings,
        answers=AnswerStore(engine, announces=announces),
        erasure=erasure,
        monitoring=MonitoringStore(engine),
        readers=readers,
        kits=kits,
        jobs=JobStore(engine),
        batches=BatchStore(engine),
        keys=KeyStore(engine),
        audit=AuditLog(engine),
    )
    try:
        await readers.start()
        async with keeping_up(chores), delivering(_courier(settings, engine)):
            yield services
    finally:
        await readers.close()
        readings.close()


def open_engine(settings: Settings) -> Engine:
    """Open the database, making data folder and database where they are missing."""
    make_folder(settings.data)
    return open_database(settings.database_place)


def require_data(settings: Settings) -> None:
    """Fail where a service has never kept data: a wrong folder must not pass for an empty service.

    Raises
    ------
    OptionError
        If there are none.
    """
    place = settings.database_place
    if isinstance(place, Path) and not place.is_file():
        raise errors.OptionError(
            f"There are no data of the service in {settings.data}: name its folder with --data or LFA_DATA."
        )


def make_folder(folder: Path) -> None:
    """Make a folder for the service's own account, where it is missing."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise errors.OutputError(f"{folder} cannot be made: {error.strerror or error}.") from error


def _courier(settings: Settings, engine: Engine) -> Courier | None:
    if not settings.webhook_url:
        return None
    return Courier(DeliveryStore(engine), Post(settings.webhook_url, settings.webhook_secret))


def open_blobs(settings: Settings) -> Blobs:
    """Return where the pictures are kept, ready to be used: a folder, or a store."""
    blobs: Blobs
    if settings.blobs:
        blobs = open_objects(settings.blobs, settings.data, min_free_bytes=settings.min_free_bytes)
    else:
        blobs = BlobFolder(settings.data, min_free_bytes=settings.min_free_bytes)
    try:
        blobs.prepare()
    except OSError as error:
        raise errors.OutputError(f"{settings.data} cannot be written: {error.strerror or error}.") from error
    return blobs
