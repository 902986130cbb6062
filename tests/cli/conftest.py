"""The command as a user runs it, in this process or in one of its own, and pictures to give it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from reader.cli import main
from reader.simulate import cassette, render, scene

COMMAND = [sys.executable, "-c", "import reader.cli; reader.cli.main()"]


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def lfa(monkeypatch, capsys):
    """Run `lfa` in this process."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["lfa", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        captured = capsys.readouterr()
        return Ran(int(left.value.code or 0), captured.out, captured.err)

    return run


@pytest.fixture
def lfa_process():
    """Start `lfa` in a process of its own."""
    started = []

    def start(*arguments, **options):
        root = Path(__file__).resolve().parents[2]
        path = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
        environment = {**os.environ, "NO_COLOR": "1", "PYTHONPATH": path}
        process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            env=environment,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def taken(lines):
    """A simulated photo of a cassette, as the bytes of a JPEG file."""
    made = scene([cassette(lines, brand="COVID-19 Ag", code="test")], size_px=(600, 800))
    return render(made, np.random.default_rng(3)).encode("JPEG")


@pytest.fixture(scope="session")
def positive():
    return taken({"C": 0.5, "T": 0.3})


@pytest.fixture(scope="session")
def negative():
    return taken({"C": 0.5, "T": 0.0})


@pytest.fixture
def photos(tmp_path, positive, negative):
    """A folder as people have them: pictures, a folder of pictures, notes, hidden files, a link."""
    folder = tmp_path / "photos"
    (folder / "clinic b").mkdir(parents=True)
    (folder / "b.jpg").write_bytes(positive)
    (folder / "A.JPG").write_bytes(negative)
    (folder / "clinic b" / "b.jpg").write_bytes(negative)
    (folder / "notes.txt").write_text("Not a picture.")
    (folder / ".hidden.jpg").write_bytes(positive)
    (folder / "link.jpg").symlink_to(folder / "b.jpg")
    return folder
