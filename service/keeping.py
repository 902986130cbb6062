"""What is done with the data beside serving them: prepare, back up, restore."""

import os
from pathlib import Path

from reader import errors
from service.kits import known_kits
from service.services import make_folder, open_blobs, open_engine, require_data
from service.settings import Settings
from service.store import backup as backups
from service.store import database
from service.store.backup import Backup
from service.store.restore import restore as restore_rows

__all__ = ["back_up", "prepare", "restore"]


def prepare(settings: Settings) -> None:
    """See that all is there that the service works with; make tables, or bring them up to date.

    Parameters
    ----------
    settings : Settings
        How the service runs.

    Raises
    ------
    LfaError
        If a folder, a store, the database or the profile of a kit is not as it should be.
    """
    known_kits(settings.assays)
    open_engine(settings).dispose()
    open_blobs(settings)


def back_up(settings: Settings, folder: Path) -> Backup:
    """Write a backup of all data, also while the service runs; see `service.store.backup.back_up`.

    Parameters
    ----------
    settings : Settings
        How the service runs.
    folder : Path
        Where to; outside of the data folder.

    Raises
    ------
    OptionError
        If there are no data, or the folder is not fit.
    """
    _refuse_inside(folder, settings.data)
    require_data(settings)
    os.umask(0o077)
    make_folder(settings.data)
    blobs = open_blobs(settings)
    engine = database.open_engine(settings.database_place)
    try:
        return backups.back_up(engine, blobs, folder)
    finally:
        engine.dispose()


def restore(settings: Settings, folder: Path) -> Backup:
    """Restore a backup where there are no data yet; see `service.store.restore.restore`.

    Parameters
    ----------
    settings : Settings
        How the service is to run.
    folder : Path
        The backup's.

    Raises
    ------
    OptionError
        If there is no whole backup, or there are data already.
    """
    _refuse_inside(folder, settings.data)
    backups.read_manifest(folder)
    os.umask(0o077)
    make_folder(settings.data)
    blobs = open_blobs(settings)
    return restore_rows(folder, settings.database_place, blobs)


def _refuse_inside(folder: Path, data: Path) -> None:
    backup, here = folder.resolve(), data.resolve()
    if backup.is_relative_to(here) or here.is_relative_to(backup):
        raise errors.OptionError("A backup and the service's data must not lie in each other's folder.")
