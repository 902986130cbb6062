"""Whenever the power goes, the run can be read, holds all that was kept, and goes on to the same bytes."""

from __future__ import annotations

import os
import sys

import pytest

from reader.batch.plan import load_plan
from reader.batch.run import faults, run_plan
from reader.batch.watch import Ears, watch
from tests.batch.made import contents, folder_of, planned, serial_engine
from tests.reliability.power_cut import Recorder, after_cut, laid_out

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds names of open files in /proc")


class Enough(BaseException):
    """The watching has gone on for long enough."""


def batch(pictures, run):
    plan = planned(pictures, run, chunk=1)
    run_plan(plan, serial_engine(plan))


def watching(pictures, run):
    plan = planned(pictures, run, chunk=1, watched=True)
    looks = iter(range(2))

    def pause():
        if next(looks, None) is None:
            raise Enough

    with pytest.raises(Enough):
        watch(plan, serial_engine(plan), Ears(), pause=pause)


@pytest.mark.parametrize("names_first", [False, True])
@pytest.mark.parametrize(("work", "count"), [(batch, 40), (watching, 21)])
def test_at_whatever_moment_the_power_goes(tmp_path, monkeypatch, work, count, names_first):
    pictures, disk = folder_of(tmp_path / "pictures", count), tmp_path / "disk"
    disk.mkdir()
    recorder = Recorder()
    with recorder.plugged(monkeypatch):
        work(pictures, disk / "run")
    expected = contents(disk / "run")
    monkeypatch.setattr(os, "fsync", lambda _: None)  # the power stays on from here
    for number in range(len(recorder.done) + 1):
        done = recorder.done[:number]
        place = laid_out(after_cut(done, disk, names_first=names_first), disk, tmp_path / f"cut-{number}")
        if (place / "run" / "run.json").exists():
            broken = {part.number: fault for part, fault in faults(load_plan(place / "run"))}
            assert set(broken.values()) <= {"missing"}
        kept = contents(place / "run") if (place / "run" / "parts").exists() else {}
        assert {name for name in kept if name.startswith("part-")} >= finished(done)
        work(pictures, place / "run")
        assert contents(place / "run") == expected
    assert number >= 200


def finished(done):
    """The parts that were kept when the run went on with the next one."""
    renamed = [at for at, step in enumerate(done) if step[0] == "rename" and step[2].parent.name == "parts"]
    return {done[at][2].name for at in renamed if ("sync", done[at][2].parent) in done[at:]}
