"""The kits that can be asked for: those of the catalogue, and the clinic's own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeAlias

import reader
from reader import errors

__all__ = ["UNNAMED", "Kits", "known_kits", "profile_of"]

UNNAMED: Final = "generic"
"""The kit that stands for all, where none was named."""

Kits: TypeAlias = Mapping[str, reader.Assay]
"""Profiles by id, as they are shown: the catalogue's first."""


def known_kits(folder: str = "") -> Kits:
    """Return the profiles of all kits that can be asked for.

    Parameters
    ----------
    folder : str, default ``""``
        Folder with the clinic's own profiles, files that end in ``.toml``; by default there are none.

    Raises
    ------
    AssayError
        If a profile is wrong, or its id is taken.
    OptionError
        If there is no such folder.

    Examples
    --------
    >>> next(iter(known_kits()))
    'generic'
    """
    kits = {assay.id: assay for assay in reader.list_assays()}
    for file in _files(folder):
        own = reader.load_assay(file)
        if own.id in kits:
            raise errors.AssayError(f"{file}: there is already an assay {own.id!r}. Give it another id.")
        kits[own.id] = own
    return kits


def profile_of(kits: Kits, assay: str) -> reader.Assay:
    """Return the profile of a kit.

    The reader also takes the path of a profile; nothing that comes over the network may.

    Raises
    ------
    AssayError
        If there is no such kit, or no more.
    """
    if assay not in kits:
        raise errors.AssayError(f"There is no assay {assay!r}.")
    return kits[assay]


def _files(folder: str) -> list[Path]:
    if not folder:
        return []
    if not Path(folder).is_dir():
        raise errors.OptionError(f"There is no folder {folder!r} with profiles of kits.")
    return sorted(Path(folder).glob("*.toml"))
