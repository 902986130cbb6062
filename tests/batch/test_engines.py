"""A picture that kills its process, hangs or takes all memory is named, and no other one is."""

from __future__ import annotations

import multiprocessing
import sys
import time

import pytest

from reader.batch.parts import items
from reader.batch.run import faults, run_plan
from reader.errors import CapacityError, OptionError
from tests.batch.made import folder_of, planned, process_engine

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits of Unix")


def errors_of(tmp_path, count=12, chunk=4, workers=2, **planted):
    """Read a folder with planted pictures; return the errors' codes by address."""
    plan = planned(folder_of(tmp_path / "pictures", count, **planted), tmp_path / "run", chunk=chunk)
    tally = run_plan(plan, process_engine(plan, workers))
    assert tally.pictures == plan.count == count + len(planted)
    return {item.path: item.error["code"] for item in items(plan.run) if item.error}


def test_two_killers_and_an_endless_loop_among_others_are_exactly_what_is_put_aside(tmp_path):
    planted = {"0002k": b"kill", "0007k": b"kill", "0009s": b"spin"}
    assert errors_of(tmp_path, **planted) == {
        "0002k.jpg": "worker-crashed",
        "0007k.jpg": "worker-crashed",
        "0009s.jpg": "worker-timeout",
    }


def test_killers_side_by_side_and_at_both_ends_of_a_chunk_are_each_put_aside(tmp_path):
    planted = {name: b"kill " + name.encode() for name in ("0000a", "0000b", "0000c", "zz")}
    assert errors_of(tmp_path, count=1, chunk=2, **planted).keys() == {f"{name}.jpg" for name in planted}


def test_a_picture_whose_worker_was_killed_by_chance_is_read(tmp_path):
    mark = tmp_path / "mark"
    assert errors_of(tmp_path, unlucky=b"once " + str(mark).encode()) == {}
    assert mark.exists()


def test_a_picture_that_waits_for_ever_is_ended_by_the_clock(tmp_path):
    assert errors_of(tmp_path, count=2, asleep=b"sleep 1000") == {"asleep.jpg": "worker-timeout"}


def test_a_picture_that_takes_all_memory_is_told_from_one_that_crashes(tmp_path):
    assert errors_of(tmp_path, count=2, big=b"greedy") == {"big.jpg": "worker-out-of-memory"}


def test_many_pictures_may_take_more_time_together_than_one_may(tmp_path):
    slow = {f"slow{k}": b"sleep 1.%d" % k for k in range(6)}
    assert errors_of(tmp_path, count=0, chunk=6, workers=1, **slow) == {}


def test_a_process_that_is_killed_before_it_looks_into_a_picture_says_nothing_against_that(tmp_path):
    plan = planned(folder_of(tmp_path / "pictures", 1), tmp_path / "run")
    deaths = []
    of_others = set(multiprocessing.active_children())

    def find(_digest):
        if len(deaths) < 6:
            (worker,) = set(multiprocessing.active_children()) - of_others
            worker.kill()
            worker.join()
            deaths.append(worker)

    ((_, lines),) = process_engine(plan, 1).run(plan.chunks(), lambda _line: None, find)
    assert (len(deaths), [line.failed for line in lines]) == (6, [False])


def test_what_a_picture_that_was_put_aside_consists_of_is_known(tmp_path):
    plan = planned(folder_of(tmp_path / "pictures", killer=b"kill"), tmp_path / "run")
    run_plan(plan, process_engine(plan))
    (item,) = items(plan.run)
    assert len(item.sha256) == 64
    assert item.error["message"].startswith("The process that read the picture died")


def test_processes_that_die_before_they_have_begun_end_the_run_and_convict_no_picture(tmp_path):
    plan = planned(folder_of(tmp_path / "pictures", 3), tmp_path / "run")
    with pytest.raises(CapacityError, match="before they have begun"):
        run_plan(plan, process_engine(plan, 1, "no.such.module:name"))
    assert list(items(plan.run)) == []


def test_when_every_picture_ends_its_process_the_run_stops_and_goes_on_when_the_machine_is_well(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("reader.batch.run._MOST_IN_A_ROW", 4)
    trouble = {f"k{k}": b"kill %d" % k for k in range(6)}
    plan = planned(folder_of(tmp_path / "pictures", 2, **trouble), tmp_path / "run", chunk=2)
    with pytest.raises(CapacityError, match="4 pictures in a row"):
        run_plan(plan, process_engine(plan, 1))
    assert {fault for _, fault in faults(plan)} == {"missing"}
    assert [item.path for item in items(plan.run)] == ["0000.jpg", "0001.jpg", "k0.jpg", "k1.jpg"]
    folder_of(tmp_path / "pictures", **{name: b"well " + name.encode() for name in trouble})
    assert run_plan(plan, process_engine(plan, 1)).errors == {"worker-crashed": 2}


def test_pictures_that_end_their_process_now_and_then_stop_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("reader.batch.run._MOST_IN_A_ROW", 2)
    planted = {f"000{k}k": b"kill %d" % k for k in range(3)}
    assert len(errors_of(tmp_path, count=4, chunk=9, workers=1, **planted)) == 3


@pytest.mark.parametrize("workers", [0, -1, 1000])
def test_a_number_of_workers_without_meaning_is_refused(tmp_path, workers):
    plan = planned(folder_of(tmp_path / "pictures", 1), tmp_path / "run")
    with pytest.raises(OptionError):
        process_engine(plan, workers)


def test_an_engine_that_is_left_in_the_middle_ends_its_processes_at_once(tmp_path):
    plan = planned(folder_of(tmp_path / "pictures", 4, zz=b"sleep 1000"), tmp_path / "run", chunk=1)
    chunks = process_engine(plan).run(plan.chunks(), lambda _line: None)
    next(chunks)
    start = time.monotonic()
    chunks.close()
    assert time.monotonic() - start < 3
