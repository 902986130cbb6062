"""Chunks on a Dask cluster within this process: the same bytes, and what keeps a cluster from being used."""

from __future__ import annotations

import sys
import threading
import time

import dask
import distributed
import psutil
import pytest

from reader.batch import cluster
from reader.batch.hosted import Job, Readers
from reader.batch.parts import Part, items
from reader.batch.plan import Limits
from reader.batch.run import faults, run_plan
from reader.errors import CapacityError, ClusterError, ExtraMissing, OptionError
from reader.interpret import load_assay
from tests.batch.made import cluster_engine, contents, folder_of, planned, process_engine, serial_engine
from tests.batch.planted import QUICK

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits of Unix")
ODD = {"bad": b"corrupt 1", "worse": b"bug", "copy": b"picture 3", "other": b"picture 3"}


@pytest.fixture
def plan(tmp_path):
    return planned(folder_of(tmp_path / "pictures", 20, **ODD), tmp_path / "run", chunk=3)


@pytest.mark.parametrize("workers", [1, 3])
def test_a_cluster_writes_the_same_bytes_as_processes_and_as_this_one(plan, tmp_path, workers):
    run_plan(plan, cluster_engine(plan, workers))
    for engine in (serial_engine, process_engine):
        other = planned(tmp_path / "pictures", tmp_path / engine.__name__, chunk=3)
        run_plan(other, engine(other))
        assert contents(other.run) == contents(plan.run)


def test_two_killers_and_an_endless_loop_among_others_are_exactly_what_is_put_aside(tmp_path):
    planted = {"0002k": b"kill", "0007k": b"kill", "0009s": b"spin", "0010g": b"greedy"}
    plan = planned(folder_of(tmp_path / "pictures", 12, **planted), tmp_path / "run", chunk=4)
    assert run_plan(plan, cluster_engine(plan)).pictures == 16
    assert {item.path: item.error["code"] for item in items(plan.run) if item.error} == {
        "0002k.jpg": "worker-crashed",
        "0007k.jpg": "worker-crashed",
        "0009s.jpg": "worker-timeout",
        "0010g.jpg": "worker-out-of-memory",
    }


def listening_ports():
    """The ports at which this process, or one below it, listens."""
    this = psutil.Process()
    open_ones = [c for one in (this, *this.children(recursive=True)) for c in one.net_connections("inet")]
    return {c.laddr.port for c in open_ones if c.status == psutil.CONN_LISTEN}


def test_a_cluster_on_this_machine_listens_on_no_port_and_says_nothing(plan, capfd):
    listening = set()
    before = listening_ports()  # of what other tests may have left running below this process
    run_plan(plan, cluster_engine(plan), told=lambda _tally: listening.update(listening_ports()))
    assert listening <= before
    assert capfd.readouterr() == ("", "")


def test_no_more_chunks_are_handed_out_than_there_are_threads(plan):
    handed_out, most = [], 0

    def parts():
        for part in plan.chunks():
            handed_out.append(part)
            yield part

    engine = cluster_engine(plan)
    for k, _ in enumerate(engine.run(parts(), lambda _line: None)):
        most = max(most, len(handed_out) - k)
    assert most == 3  # two, and the one that was begun when the first had been read


def test_workers_may_leave_and_come_while_a_run_goes_on(plan, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "_LOOK_S", 0.0)
    crowd = distributed.LocalCluster(
        n_workers=3,
        threads_per_worker=1,
        processes=False,
        protocol="tcp://",
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
    )
    sizes = iter([1, 3, 1])

    def told(tally):
        if tally.pictures % 5 == 1:
            crowd.scale(next(sizes, 2))

    with crowd:
        run_plan(plan, cluster_engine(plan, crowd.scheduler_address), told=told)
    other = planned(tmp_path / "pictures", tmp_path / "serial", chunk=3)
    run_plan(other, serial_engine(other))
    assert contents(other.run) == contents(plan.run)


def test_a_run_that_is_left_in_the_middle_ends_its_processes_at_once(tmp_path):
    before = set(readers())
    plan = planned(folder_of(tmp_path / "pictures", 4, zz=b"sleep 1000"), tmp_path / "run", chunk=1)
    chunks = cluster_engine(plan).run(plan.chunks(), lambda _line: None)
    next(chunks)
    assert set(readers()) - before
    start = time.monotonic()
    chunks.close()
    assert time.monotonic() - start < 4
    assert set(readers()) <= before


def readers():
    """Return the processes that read: not the server that forks them, which is left running."""
    this = psutil.Process()
    return [child for child in this.children(recursive=True) if child.ppid() != this.pid]


def test_a_picture_that_only_the_worker_cannot_read_is_not_called_unreadable(tmp_path):
    plan = planned(folder_of(tmp_path / "pictures", 2, elsewhere=b"unseen"), tmp_path / "run")
    with pytest.raises(ClusterError, match="can be read here"):
        run_plan(plan, cluster_engine(plan))
    assert "elsewhere.jpg" in [name for part, _ in faults(plan) for name in part.names]


def test_a_scheduler_that_cannot_be_reached_is_said_and_costs_nothing(plan):
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        pytest.raises(ClusterError, match="no Dask"),
    ):
        run_plan(plan, cluster_engine(plan, "tcp://127.0.0.1:9"))
    assert run_plan(plan, serial_engine(plan)).pictures == 24


@pytest.mark.parametrize("where", ["nowhere://10.0.0.1:8786", "tcp://127.0.0.1:port"])
def test_an_address_that_is_none_is_refused(plan, where):
    with pytest.raises(OptionError, match="no address of a Dask scheduler"):
        run_plan(plan, cluster_engine(plan, where))


@pytest.mark.parametrize("workers", [0, -1, 1000])
def test_a_number_of_workers_without_meaning_is_refused(plan, workers):
    with pytest.raises(OptionError):
        cluster_engine(plan, workers)


def test_a_cluster_without_workers_is_waited_for_only_so_long(plan, monkeypatch):
    monkeypatch.setattr(cluster, "_PATIENCE_S", 1.0)
    nobody = distributed.LocalCluster(
        n_workers=0, processes=False, protocol="tcp://", host="127.0.0.1", dashboard_address="127.0.0.1:0"
    )
    with nobody, pytest.raises(ClusterError, match="no worker for 1 s"):
        run_plan(plan, cluster_engine(plan, nobody.scheduler_address))


def test_without_dask_the_command_that_installs_it_is_said(plan, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ExtraMissing, match=r"pip install 'lfa-reader\[cluster\]'"):
        cluster_engine(plan)


@pytest.fixture
def job(tmp_path):
    """What a Dask worker is given to read two pictures, and a chunk of these."""
    folder_of(tmp_path, 2, asleep=b"sleep 1000")
    limits = Limits(cpu_s=1, wall_s=60, memory_mb=2048)
    return Job(str(tmp_path), load_assay("generic"), limits, QUICK, "mine")


CHUNK = Part(0, ("0000.jpg", "0001.jpg"), "run")


def read_by(readers):
    return [*readers._busy, *readers._idle]


def test_a_process_is_kept_for_the_next_chunk_and_ends_when_none_comes(job):
    readers = Readers(kept_s=0.5)
    readers.read(job, CHUNK)
    (first,) = read_by(readers)
    assert readers.read(job, CHUNK) == readers.read(job, CHUNK)
    assert read_by(readers) == [first]
    deadline = time.monotonic() + 10
    while first.pipe is not None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (first.pipe, read_by(readers)) == (None, [])


def test_what_is_read_for_a_run_that_has_ended_is_left_and_nothing_begun_any_more(job):
    readers, ended = Readers(), []

    def reading():
        with pytest.raises(CapacityError, match="ended"):
            readers.read(job, Part(0, ("asleep.jpg",), "run"))
        ended.append(True)

    thread = threading.Thread(target=reading)
    thread.start()
    while not any(seat._ready for seat in read_by(readers)):
        time.sleep(0.05)
    readers.end("another")
    assert len(read_by(readers)) == 1
    readers.end("mine")
    thread.join(10)
    assert ended
    assert read_by(readers) == []
    with pytest.raises(CapacityError, match="has ended"):
        readers.read(job, CHUNK)
