"""From a run's folder to the files that are derived from it: all of them, or one."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from types import MappingProxyType
from typing import Any

from reader.batch.parts import items
from reader.batch.places import Place, lies_in
from reader.batch.plan import PROFILE
from reader.errors import OptionError, RunError
from reader.export.csv import csv_file, failures_file, unused_file
from reader.export.fhir import fhir_file
from reader.export.jsonl import jsonl_file
from reader.export.metadata import join_metadata
from reader.export.page import page_file
from reader.export.parquet import has_parquet, parquet_file
from reader.export.rows import Put, Table, known_kits
from reader.interpret import Assay, parse_assay

__all__ = ["FORMATS", "write_all", "write_one", "write_tables"]

File = Callable[[Place, Table], AbstractContextManager[Put]]
FORMATS: Mapping[str, tuple[str, File]] = MappingProxyType(
    {
        "csv": ("results.csv", csv_file),
        "parquet": ("results.parquet", parquet_file),
        "jsonl": ("results.jsonl", jsonl_file),
        "fhir": ("results.fhir.json", fhir_file),
    }
)
_LOG = logging.getLogger(__name__)
FAILURES, PAGE, METADATA, UNUSED = "failures.csv", "report.html", "metadata.csv", "metadata-unused.csv"
_OWN = ("run.json", "inputs.txt", METADATA, PROFILE, "parts", "lists")  # what the run itself stands upon


def write_all(run: Place, *, kit: Assay | None = None) -> list[Place]:
    """Write everything that is derived from a run, in one pass over it.

    Parameters
    ----------
    run : Place
        The run's folder.
    kit : Assay, optional
        The profile it was read with, where that is neither in the catalogue nor in the run's folder.

    Returns
    -------
    list of Place
        What was written: results as JSON lines and CSV, as Parquet if its extra is installed, the failures,
        the page, and the rows of the metadata that stand beside no picture, if there are any.

    Raises
    ------
    RunError
        If the folder is no run, or damaged.
    LabelsError
        If its metadata are no such table.
    OutputError
        If a file cannot be written; each is then the older one or the new one, and whole.

    Notes
    -----
    A run that is not complete yet is written as far as it is; the page says so, and the log.
    """
    about, table = _about(run), _table(run, kit)
    formats = ["jsonl", "csv", *(["parquet"] if has_parquet() else [])]
    page = partial(page_file, root=about["root"], planned=about["count"])
    files: dict[Place, File] = {
        **{run / FORMATS[name][0]: FORMATS[name][1] for name in formats},
        run / FAILURES: failures_file,
        run / PAGE: page,
    }
    _write(run, files, table, about["count"])
    return [*files, *_unused(run, table)]


def write_tables(run: Place, *, kit: Assay | None = None) -> list[Place]:
    """Write only the table as CSV and the failures, which is quick: the rest is as with `write_all`."""
    files: dict[Place, File] = {run / FORMATS["csv"][0]: csv_file, run / FAILURES: failures_file}
    _write(run, files, _table(run, kit), None)
    return list(files)


def write_one(run: Place, to: str, path: Place | None = None, *, kit: Assay | None = None) -> Place:
    """Write one format.

    Parameters
    ----------
    run : Place
        The run's folder.
    to : {"csv", "parquet", "jsonl", "fhir"}
        The format.
    path : Place, optional
        Where to; by default into the run's folder.
    kit : Assay, optional
        As for `write_all`.

    Returns
    -------
    Place
        What was written.

    Raises
    ------
    OptionError
        If the format is unknown, or the file is one of the run's own.
    ExtraMissing
        If the format needs a package that is not installed.
    RunError, LabelsError, OutputError
        As for `write_all`.

    Notes
    -----
    A run that is not complete yet is written as far as it is; the log says so.
    """
    if to not in FORMATS:
        raise OptionError(f"There is no format {to!r}; there are {', '.join(FORMATS)}.")
    name, file = FORMATS[to]
    target = path or run / name
    about = _about(run)
    if any(lies_in(target, run / own) for own in _OWN):
        raise OptionError(f"{target} belongs to the run itself; choose another file.")
    _write(run, {target: file}, _table(run, kit), about["count"])
    return target


def _write(run: Place, files: Mapping[Place, File], table: Table, planned: int | None) -> None:
    done = 0
    with ExitStack() as stack:
        puts: Sequence[Put] = [stack.enter_context(file(path, table)) for path, file in files.items()]
        for item in items(run):
            done += 1
            rows = table.rows(item)
            for put in puts:
                put(item, rows)
    if planned is not None and done != planned:
        _LOG.warning("%s is not complete: %d of its %d pictures are done.", run, done, planned)


def _table(run: Place, kit: Assay | None) -> Table:
    kits = known_kits(kit or _kept_kit(run))
    file = run / METADATA
    if not file.exists():
        return Table(kits=kits)
    return Table(join_metadata(file, (item.path for item in items(run))), kits)


def _kept_kit(run: Place) -> Assay | None:
    path = run / PROFILE
    return parse_assay(path.read_bytes().decode(), str(path)) if path.exists() else None


def _unused(run: Place, table: Table) -> list[Place]:
    """Write the metadata's rows that stand beside no picture; without any, there is no such file."""
    path, unused = run / UNUSED, table.metadata.unused
    if unused:
        unused_file(path, unused)
        return [path]
    path.unlink(missing_ok=True)
    return []


def _about(run: Place) -> dict[str, Any]:
    """Return the root of a run's pictures, and how many there are: None where a folder is watched."""
    path = run / "run.json"
    try:
        inputs = json.loads(path.read_bytes())["inputs"]
        count = None if inputs.get("watched") else int(inputs["count"])
        return {"root": str(inputs["root"]), "count": count}
    except OSError as error:
        raise RunError(
            f"{run} is not the folder of a run: {path.name} cannot be opened: {error.strerror or error}."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(f"{path} is damaged: {error}.") from error
