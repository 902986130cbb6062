"""``lfa doctor``: whether everything that a reading needs is here and works."""

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from io import BytesIO
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pillow_heif
import typer
from PIL import Image
from rich.table import Table
from rich.text import Text

import reader
from reader.cli.exits import ExitCode
from reader.cli.streams import print_data
from reader.errors import LfaError
from reader.reading import Line, Reading
from reader.report.words import height_text, outcome_word
from reader.simulate import cassette, render, scene

__all__ = ["doctor"]

_PACKAGES = ("numpy", "opencv-python", "scikit-image", "scipy", "pillow", "pillow-heif", "typer", "rich")
_LEAST_FREE = 500_000_000  # bytes; the service refuses uploads below it
_LINES = MappingProxyType({"positive": {"C": 0.45, "T": 0.15}, "negative": {"C": 0.45, "T": 0.0}})


@dataclass(frozen=True, slots=True)
class _Check:
    """One finding; ``well`` is None where there is nothing to judge."""

    name: str
    said: str
    well: bool | None = None


def doctor() -> None:
    """Show versions, try every picture format and read two simulated tests."""
    checks = [*_versions(), *_formats(), *_self_tests(), _free_disk(Path.cwd())]
    table = Table.grid(padding=(0, 2))
    table.add_column(width=4)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", ratio=1)
    for check in checks:
        table.add_row(_mark(check.well), check.name, check.said)
    print_data(table)
    if any(check.well is False for check in checks):
        raise typer.Exit(ExitCode.BUG)


def _mark(well: bool | None) -> Text:  # noqa: FBT001 - a mark is for a yes, a no or neither
    if well is None:
        return Text("")
    return Text("ok", "green") if well else Text("FAIL", "bold red")


def _versions() -> Iterator[_Check]:
    yield _Check("lfa-reader", reader.__version__)
    yield _Check("Python", f"{platform.python_version()} on {platform.platform()}, {os.cpu_count()} cores")
    for package in _PACKAGES:
        try:
            yield _Check(package, version(package))
        except PackageNotFoundError:
            yield _Check(package, "not installed under this name")
    yield _Check("terminal", f"encoding {sys.stdout.encoding}")


def _formats() -> Iterator[_Check]:
    picture = Image.fromarray(np.full((256, 256, 3), (180, 120, 60), np.uint8))

    def pillow(name: str) -> Callable[[BytesIO], None]:
        return lambda stream: picture.save(stream, name)

    writers: Mapping[str, Callable[[BytesIO], None]] = {
        **{name: pillow(name) for name in ("JPEG", "PNG", "WEBP", "TIFF")},
        "HEIC": lambda stream: pillow_heif.from_pillow(picture).save(stream, quality=90),
    }
    for name, write in writers.items():
        yield _format(name, write)


def _format(name: str, write: Callable[[BytesIO], None]) -> _Check:
    stream = BytesIO()
    try:
        write(stream)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        return _Check(name, f"cannot be tried: {error}", well=False)
    try:
        photo = reader.open_bytes(stream.getvalue())
    except LfaError as error:
        return _Check(name, str(error), well=False)
    right = bool(np.abs(photo.pixels[128, 128].astype(int) - (180, 120, 60)).max() <= 6)
    return _Check(name, "read" if right else "read with wrong colours", well=right)


def _self_tests() -> Iterator[_Check]:
    for outcome, lines in _LINES.items():
        picture = render(
            scene([cassette(lines, brand="COVID-19 Ag", code="doctor")], size_px=(900, 1200)),
            np.random.default_rng(1),
        )
        reading = reader.read_bytes(picture.encode("JPEG"), assay="generic")
        yield _Check(f"simulated {outcome}", _said(reading), well=reading.outcome == outcome)


def _said(reading: Reading) -> str:
    lines = [line for strip in reading.strips for line in strip.lines]
    return f"read as {outcome_word(reading.outcome)}" + "".join(f", {_line(line)}" for line in lines)


def _line(line: Line) -> str:
    return f"{line.name} {height_text(line)}"


def _free_disk(folder: Path) -> _Check:
    free = shutil.disk_usage(folder).free
    return _Check("free disk here", f"{free / 1e9:.1f} GB", well=free >= _LEAST_FREE)
