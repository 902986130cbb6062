"""The plan of a run: what is read, in which order and how, written down once and never changed."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import PIL
import scipy

from reader._version import __version__
from reader.batch.lists import list_count, lists
from reader.batch.parts import Part
from reader.batch.places import Place, pictures, root_of, whole_file, write_whole
from reader.errors import LabelsError, OutputError, RunError, SourceUnreadable
from reader.interpret import Assay

__all__ = [
    "PROFILE",
    "SCHEMA",
    "Limits",
    "Plan",
    "Wishes",
    "chunk_size",
    "load_plan",
    "make_plan",
    "versions",
]

SCHEMA: Final = "lfa-run/1"
_INPUTS: Final = "inputs.txt"
_METADATA: Final = "metadata.csv"
_PLAN: Final = "run.json"
PROFILE: Final = "assay.toml"
"""In a run folder: the profile of a kit that is not in the catalogue."""
_MOST_IN_A_CHUNK: Final = 100  # pictures; half a minute of work, which is what a power cut costs
_CHUNKS: Final = 128  # of a small folder, so that several processes end at about the same time


@dataclass(frozen=True, slots=True)
class Limits:
    """What one picture may take in a process of its own.

    Attributes
    ----------
    cpu_s : int
        Time of computing, s. The largest pictures that are read take 3 s on an ordinary core.
    wall_s : int
        Time on the clock, s, for a process that waits and does not compute.
    memory_mb : int
        Address space of the process, MB. The largest pictures take 1200.
    """

    cpu_s: int = 20
    wall_s: int = 60
    memory_mb: int = 2048


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a user asks of a run.

    Attributes
    ----------
    assay : Assay
        The kit.
    chunk : int or None
        Pictures to a part; None leaves it to the plan.
    metadata : Path or None
        CSV file that goes along with the run.
    limits : Limits
        Of one picture.
    watched : bool
        Whether what is added to the folder later is read, too.
    profile : str or None
        The kit's profile as TOML, if it is not in the catalogue: it stays with the run.
    """

    assay: Assay
    chunk: int | None = None
    metadata: Path | None = None
    limits: Limits = Limits()
    watched: bool = False
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A run that is planned.

    Attributes
    ----------
    run : Place
        Its folder.
    root : str
        Folder of the pictures, or its address in a store.
    count : int
        Pictures; of a run that watches its folder, those that were listed when the plan was taken up.
    chunk : int or None
        Pictures to a part; None if each list of a run that watches is cut anew.
    limits : Limits
        Of one picture.
    digest : str
        Of all that decides what the run finds.
    lists : int or None
        How many lists there were of a run that watches its folder; None of any other.
    """

    run: Place
    root: str
    count: int
    chunk: int | None
    limits: Limits
    digest: str
    lists: int | None = None

    @property
    def parts(self) -> int:
        """Number of parts."""
        return -(-self.count // (self.chunk or 1)) if self.lists is None else self.lists

    def chunks(self) -> Iterator[Part]:
        """Return which pictures go into which part, one part at a time."""
        if self.lists is not None:
            for number, entries in enumerate(itertools.islice(lists(self.run), self.lists)):
                yield Part(number, tuple(entry.path for entry in entries), self.digest)
            return
        with (
            (self.run / _INPUTS).open("rb") as stream,
            io.TextIOWrapper(stream, encoding="utf-8", newline="\n") as lines,
        ):
            for number in range(self.parts):
                names = tuple(line[:-1] for line in itertools.islice(lines, self.chunk))
                yield Part(number, names, self.digest)


def make_plan(folder: str, run: Place, wishes: Wishes) -> Plan:
    """Plan a run, or take up the one that is planned in a run folder.

    Parameters
    ----------
    folder : str
        Pictures are looked for here and below. Once planned, what is added there is not read.
    run : Place
        Run folder; made if it is not there.
    wishes : Wishes
        The options.

    Returns
    -------
    Plan

    Raises
    ------
    RunError
        If the run was begun with other options, which are named, or if the folder holds other things.
    SourceUnreadable
        If there is no such folder, or no picture in it.
    LabelsError
        If the metadata cannot be read.
    OutputError
        If the run folder cannot be written to.
    """
    metadata = _metadata(wishes.metadata)
    wanted = _described(folder, wishes, metadata)
    if (run / _PLAN).exists():
        found = _loaded(run)
        _refuse_other(run, found, wanted)
        return _plan(run, found)
    _refuse_occupied(run)
    inputs = {} if wishes.watched else _freeze(folder, run)
    if metadata is not None:
        write_whole(run / _METADATA, metadata)
    if wishes.profile is not None:
        write_whole(run / PROFILE, wishes.profile.encode())
    if wanted["options"]["chunk"] is None and inputs:
        wanted["options"]["chunk"] = chunk_size(inputs["count"])
    document = wanted | {"inputs": wanted["inputs"] | inputs}
    write_whole(run / _PLAN, _text(document))
    found = _loaded(run)  # which another process may have written at the same moment
    _refuse_other(run, found, wanted)
    return _plan(run, found)


def load_plan(run: Place) -> Plan:
    """Take up the plan in a run folder as it is, to look at what was read.

    Raises
    ------
    RunError
        If the folder holds no run, or its list was changed.
    """
    return _plan(run, _loaded(run))


def versions() -> dict[str, Any]:
    """Return the versions of all that a result may depend on, as they are here."""
    libraries = {library.__name__: library.__version__ for library in (cv2, np, PIL, scipy)}
    return {"software_version": __version__, "libraries": libraries}


def chunk_size(count: int) -> int:
    """Return how many of so many pictures go into a part.

    Examples
    --------
    >>> chunk_size(3), chunk_size(1000), chunk_size(1_000_000)
    (1, 8, 100)
    """
    return max(1, min(_MOST_IN_A_CHUNK, -(-count // _CHUNKS)))


def _described(folder: str, wishes: Wishes, metadata: bytes | None) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        **versions(),
        "options": {
            "assay": wishes.assay.id,
            "assay_sha256": hashlib.sha256(repr(wishes.assay).encode()).hexdigest(),
            "chunk": wishes.chunk,
            "metadata_sha256": None if metadata is None else hashlib.sha256(metadata).hexdigest(),
            "limits": asdict(wishes.limits),
        },
        "inputs": {"root": root_of(folder)} | ({"watched": True} if wishes.watched else {}),
    }


def _text(document: dict[str, Any]) -> bytes:
    # A folder whose name is no Unicode is written with JSON's own escapes.
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return f"{text}\n".encode("utf-8", "backslashreplace")


def _metadata(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        content = path.read_bytes()
        content.decode("utf-8-sig")
    except OSError as error:
        raise LabelsError(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise LabelsError(f"{path} is not in UTF-8.") from error
    return content


def _refuse_occupied(run: Place) -> None:
    ours = {_INPUTS, _METADATA, PROFILE}
    try:
        others = [path.name for path in run.iterdir() if path.name not in ours and path.suffix != ".tmp"]
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputError(f"{run} cannot be used for a run: {error.strerror or error}.") from error
    if others:
        raise RunError(f"{run} holds no run, but other things, such as {min(others)}.")


def _freeze(folder: str, run: Place) -> dict[str, Any]:
    """Write the list of the pictures, and return how many there are and the list's digest."""
    names = pictures(folder)
    try:
        first = next(names, None)
    except OSError as error:
        raise SourceUnreadable(f"{folder}: {error.strerror or error}.") from error
    if first is None:
        raise SourceUnreadable(f"{folder}: The folder holds no pictures.")
    digest, count = hashlib.sha256(), 0
    with whole_file(run / _INPUTS) as stream:
        for name in itertools.chain([first], names):
            line = f"{name}\n".encode()
            stream.write(line)
            digest.update(line)
            count += 1
        if (run / _PLAN).exists():
            raise RunError(f"Another process has begun the run in {run} meanwhile.")
    return {"count": count, "sha256": digest.hexdigest()}


def _loaded(run: Place) -> dict[str, Any]:
    try:
        document = json.loads((run / _PLAN).read_bytes())
        if document["schema"] != SCHEMA:
            raise RunError(f"{run} holds a run of another kind: {document['schema']}.")
        if not document["inputs"].get("watched"):
            with (run / _INPUTS).open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            if document["inputs"]["sha256"] != digest:
                raise RunError(f"The list {run / _INPUTS} was changed after the run began.")
    except OSError as error:
        raise RunError(f"{run} holds no run: {error.strerror or error}.") from error
    except (ValueError, LookupError, TypeError) as error:
        raise RunError(f"{run / _PLAN} is damaged.") from error
    return dict(document)


def _plan(run: Place, document: dict[str, Any]) -> Plan:
    inputs, options = document["inputs"], document["options"]
    limits, watched = Limits(**options["limits"]), inputs.get("watched", False)
    listed, count = list_count(run) if watched else (None, inputs["count"])
    return Plan(run, inputs["root"], count, options["chunk"], limits, _identity(document), listed)


def _identity(document: dict[str, Any]) -> str:
    """Return the digest of all that decides what a run finds; where its pictures lie is not of it."""
    deciding = {key: document[key] for key in ("schema", "software_version", "libraries", "options")}
    deciding["inputs"] = document["inputs"].get("sha256")  # each part says for itself what it is of
    return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()


def _refuse_other(run: Place, found: dict[str, Any], wanted: dict[str, Any]) -> None:
    old, new = _flat(found), {"watched": None} | _flat(wanted)
    if new["chunk"] is None:
        del new["chunk"]
    other = [f"{key} is {old.get(key)}, not {value}" for key, value in new.items() if old.get(key) != value]
    if other:
        raise RunError(f"{run} was begun with other options: {'; '.join(other)}.")


def _flat(document: dict[str, Any]) -> dict[str, Any]:
    """Return the innermost entries of nested tables; no two have one name."""
    flat: dict[str, Any] = {}
    for key, value in document.items():
        flat |= _flat(value) if isinstance(value, dict) else {key: value}
    return flat
