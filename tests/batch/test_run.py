"""A run reads every picture once, whatever is in the files, and goes on where it stopped."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
from collections import Counter

import pytest

from reader.batch.parts import items, part_path
from reader.batch.run import faults, run_plan
from reader.errors import CapacityError, OutputError
from tests.batch.disk import FailingDisk
from tests.batch.made import contents, documents, folder_of, planned, process_engine, serial_engine
from tests.batch.planted import QUICK


@pytest.fixture
def pictures(tmp_path):
    return folder_of(
        tmp_path / "pictures", 20, bad=b"corrupt 1", worse=b"bug", copy=b"picture 3", other=b"picture 3"
    )


@pytest.fixture
def plan(pictures, tmp_path):
    return planned(pictures, tmp_path / "run", chunk=3)


def test_every_picture_has_one_line_in_the_order_of_the_list(plan):
    run_plan(plan, serial_engine(plan))
    listed = [name for part in plan.chunks() for name in part.names]
    assert [document["path"] for document in documents(plan.run)] == listed
    assert not list(faults(plan))


def test_what_cannot_be_read_is_an_error_with_a_code_and_advice_and_stops_nothing(plan):
    tally = run_plan(plan, serial_engine(plan))
    assert tally.outcomes == {"negative": 22}
    assert tally.errors == {"corrupt-image": 1, "bug": 1}
    errors = {item.path: item.error for item in items(plan.run) if item.error}
    assert errors["bad.jpg"]["message"] == "The picture is damaged."
    assert errors["bad.jpg"]["advice"].startswith("Copy or send")
    assert "ZeroDivisionError at quick" in errors["worse.jpg"]["message"]


def test_the_same_bytes_are_read_once_and_each_copy_names_the_first(plan, monkeypatch):
    read = []
    quick = __import__("tests.batch.planted", fromlist=["quick"]).quick
    monkeypatch.setattr(
        "tests.batch.planted.quick", lambda data, *rest: read.append(data) or quick(data, *rest)
    )
    run_plan(plan, serial_engine(plan))
    assert Counter(read).most_common(1)[0][1] == 1
    copies = {item.path: (item.same_as, item.reading["source"]) for item in items(plan.run) if item.same_as}
    assert copies == {"copy.jpg": ("0003.jpg", "copy.jpg"), "other.jpg": ("0003.jpg", "other.jpg")}


def test_a_picture_that_has_gone_since_the_listing_is_an_error(plan, pictures):
    (pictures / "0005.jpg").unlink()
    assert run_plan(plan, serial_engine(plan)).errors["source-unreadable"] == 1
    (gone,) = [item for item in items(plan.run) if item.path == "0005.jpg"]
    assert (gone.sha256, gone.error["message"]) == (None, "No such file or directory.")


def test_what_is_whole_is_not_read_again(plan):
    run_plan(plan, serial_engine(plan))
    before = contents(plan.run)
    part_path(plan.run, 2).unlink()
    part_path(plan.run, 4).write_bytes(before["part-000004.jsonl"][:-1])
    part_path(plan.run, 5).write_bytes(before["part-000001.jsonl"])
    (plan.run / "parts" / ".part-000002.jsonl.77.tmp").touch()
    read = []
    told = []
    engine = serial_engine(plan)
    whole_run = engine.run
    engine.run = lambda parts, *rest: whole_run((read.append(part.number) or part for part in parts), *rest)
    tally = run_plan(plan, engine, told=lambda tally: told.append(tally.pictures))
    assert read == [2, 4, 5]
    assert told == list(range(15, 25))
    assert tally.pictures == 24
    assert contents(plan.run) == before


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_any_number_of_workers_gives_the_same_bytes_as_none(pictures, tmp_path, workers):
    serial = planned(pictures, tmp_path / "serial", chunk=3)
    run_plan(serial, serial_engine(serial))
    parallel = planned(pictures, tmp_path / "parallel", chunk=3)
    run_plan(parallel, process_engine(parallel, workers))
    assert contents(parallel.run).keys() == contents(serial.run).keys()
    for name, content in contents(parallel.run).items():
        # A bug's line names the function that called, which is all that may differ: here it does not.
        assert content == contents(serial.run)[name]


def test_a_picture_that_takes_too_much_memory_gets_the_same_line_from_this_process_as_from_others(
    tmp_path, monkeypatch
):
    planted = {"big": b"greedy", "fine": b"picture"}
    parallel = planned(folder_of(tmp_path / "pictures", **planted), tmp_path / "parallel")
    run_plan(parallel, process_engine(parallel))
    monkeypatch.setattr("tests.batch.planted.np.ones", lambda *_: (_ for _ in ()).throw(MemoryError))
    serial = planned(tmp_path / "pictures", tmp_path / "serial")
    assert run_plan(serial, serial_engine(serial)).errors == {"worker-out-of-memory": 1}
    assert contents(serial.run) == contents(parallel.run)


def test_two_runs_in_one_folder_at_the_same_time_are_refused(plan):
    def again(_tally):
        with pytest.raises(CapacityError, match="Another process"):
            run_plan(plan, serial_engine(plan))

    run_plan(plan, serial_engine(plan), told=again)


def test_too_little_disk_space_is_said_before_anything_is_read(plan):
    with pytest.raises(OutputError, match="MB free"):
        run_plan(plan, serial_engine(plan), reserve_bytes=2**60)
    assert not (plan.run / "parts").exists()


def test_disk_space_that_others_take_meanwhile_ends_the_run_with_whole_parts(plan, monkeypatch):
    usage = shutil.disk_usage(plan.run)
    left = iter([usage.free, usage.free, usage.free])
    monkeypatch.setattr("reader.batch.places.shutil.disk_usage", lambda _: usage._replace(free=next(left, 0)))
    with pytest.raises(OutputError):
        run_plan(plan, serial_engine(plan))
    assert [part.number for part, _ in faults(plan)] == [2, 3, 4, 5, 6, 7]
    monkeypatch.undo()
    assert run_plan(plan, serial_engine(plan)).pictures == 24


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_at_whatever_write_the_disk_fails_nothing_is_torn_and_the_run_goes_on(tmp_path, monkeypatch, number):
    folder = folder_of(tmp_path / "pictures", 9)
    reading(folder, tmp_path / "undisturbed")
    for fails_at in itertools.count():
        run = tmp_path / f"run-{fails_at}"
        with FailingDisk(number, fails_at).plugged(monkeypatch):
            said = said_by(lambda run=run: reading(folder, run))
        if said is None:
            break
        assert os.strerror(number) in said
        assert not [path for path in run.rglob("*") if path.suffix == ".tmp"]
        assert {fault for _, fault in faults(planned(folder, run, chunk=3))} <= {"missing"}
        reading(folder, run)
        assert contents(run) == contents(tmp_path / "undisturbed")
    assert fails_at > 25


def reading(folder, run):
    plan = planned(folder, run, chunk=3)
    run_plan(plan, serial_engine(plan))


def said_by(work):
    """What an output error says, if there is one."""
    try:
        work()
    except OutputError as error:
        return str(error)
    return None


@pytest.mark.parametrize("emptied", [True, False])
def test_a_share_that_goes_away_ends_the_run_and_makes_no_picture_unreadable(
    pictures, plan, tmp_path, emptied
):
    def go_away(tally):
        if tally.pictures == 7:
            pictures.rename(tmp_path / "elsewhere")
            if emptied:
                pictures.mkdir()

    with pytest.raises(CapacityError, match="can no longer be looked into"):
        run_plan(plan, serial_engine(plan), told=go_away)
    assert [part.number for part, _ in faults(plan)] == [2, 3, 4, 5, 6, 7]
    if emptied:
        pictures.rmdir()
    (tmp_path / "elsewhere").rename(pictures)
    assert run_plan(plan, serial_engine(plan)).errors["source-unreadable"] == 0


def test_an_interrupt_leaves_whole_parts_and_no_others(plan):
    def interrupt(tally):
        if tally.pictures == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_plan(plan, serial_engine(plan, QUICK), told=interrupt)
    assert [part.number for part, _ in faults(plan)] == [3, 4, 5, 6, 7]
    assert max(path.name for path in (plan.run / "parts").iterdir()) == "part-000002.jsonl"
