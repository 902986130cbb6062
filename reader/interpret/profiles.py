"""Where assay profiles come from: the catalogue that ships with the reader, or a user's file."""

from __future__ import annotations

import difflib
import os
import re
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from reader.errors import AssayError
from reader.interpret.assay import Assay
from reader.interpret.schema import ID_PATTERN, parse_assay

__all__ = ["list_assays", "load_assay", "new", "own_profile"]

# A profile with all its rules takes a few kB; the limit only keeps a wrong path from filling memory.
_LARGEST_BYTES = 64 * 1024


def load_assay(assay: str | os.PathLike[str] | Assay) -> Assay:
    """Return an assay profile.

    Parameters
    ----------
    assay : str, path or Assay
        Id in the catalogue, else a TOML file (a string is taken for a file when it ends in ``.toml`` or
        has a folder in it). A profile that is already loaded is returned as it is.

    Returns
    -------
    Assay
        Checked.

    Raises
    ------
    AssayError
        If there is no such id or file, or the profile is wrong; then with a line ``file:line: what`` for
        each problem.

    Examples
    --------
    >>> [line.name for line in load_assay("malaria-pf-pan").lines]
    ['C', 'Pan', 'Pf']
    """
    if isinstance(assay, Assay):
        return assay
    if isinstance(assay, str) and assay in _catalogue():
        return _load_from_catalogue(assay)
    name = os.fspath(assay)
    if isinstance(assay, str) and not _looks_like_a_file(name):
        close = difflib.get_close_matches(name, _catalogue(), n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise AssayError(f"There is no assay {name!r}.{hint}")
    return parse_assay(_read_file(name), name)


def own_profile(assay: str) -> str | None:
    """Return the text of a profile that is a user's file; None for one of the catalogue.

    Parameters
    ----------
    assay : str
        As for `load_assay`.

    Raises
    ------
    AssayError
        If the file cannot be read.

    Examples
    --------
    >>> own_profile("malaria-pf-pan") is None
    True
    """
    return None if assay in _catalogue() or not _looks_like_a_file(assay) else _read_file(assay)


def list_assays() -> tuple[Assay, ...]:
    """Return every profile of the catalogue, ``generic`` first and then by id.

    Examples
    --------
    >>> list_assays()[0].id
    'generic'
    """
    ids = sorted(_catalogue(), key=lambda name: (name != "generic", name))
    return tuple(_load_from_catalogue(name) for name in ids)


def new(assay_id: str) -> str:
    """Write a commented profile to start from.

    Parameters
    ----------
    assay_id : str
        Id of the new assay: small letters, digits and hyphens.

    Returns
    -------
    str
        TOML text, valid as it is.

    Raises
    ------
    AssayError
        If the id is not well-formed or taken by the catalogue.

    Examples
    --------
    >>> new("my-kit").splitlines()[0]
    '# Assay profile of lfa-reader. Check it with: lfa assays validate FILE'
    """
    if not re.fullmatch(ID_PATTERN, assay_id):
        raise AssayError(
            f"{assay_id!r} cannot be an id: use small letters, digits and hyphens, such as 'my-kit'."
        )
    if assay_id in _catalogue():
        raise AssayError(f"There is already an assay {assay_id!r} in the catalogue.")
    skeleton = _package() / "skeleton.toml"
    return skeleton.read_text(encoding="utf-8").replace('"my-kit"', f'"{assay_id}"')


def _package() -> Traversable:
    return files("reader.interpret")


@cache
def _catalogue() -> frozenset[str]:
    folder = _package() / "catalogue"
    return frozenset(
        entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")
    )


@cache
def _load_from_catalogue(assay_id: str) -> Assay:
    file = _package() / "catalogue" / f"{assay_id}.toml"
    return parse_assay(file.read_text(encoding="utf-8"), f"{assay_id}.toml")


def _looks_like_a_file(name: str) -> bool:
    return name.endswith(".toml") or "/" in name or os.sep in name


def _read_file(name: str) -> str:
    try:
        with Path(name).open("rb") as file:
            data = file.read(_LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise AssayError(f"The assay profile {name!r} cannot be opened: {reason}.") from None
    if len(data) > _LARGEST_BYTES:
        raise AssayError(f"The assay profile {name!r} is larger than {_LARGEST_BYTES // 1024} kB.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise AssayError(f"{name}:{line}: the file is not UTF-8 text.") from None
