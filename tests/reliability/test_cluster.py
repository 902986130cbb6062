"""A run on a Dask cluster that is there, of which parts are lost, are missing, or do not fit."""

from __future__ import annotations

import os
import random
import signal
import sys

import psutil
import pytest

from tests.batch.made import contents, folder_of
from tests.reliability import batch_storm as storm
from tests.reliability.clusters import HandMade, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return folder_of(tmp_path_factory.mktemp("cluster") / "pictures", 120)


@pytest.fixture(scope="module")
def expected(folder, tmp_path_factory):
    return storm.undisturbed(folder, tmp_path_factory.mktemp("undisturbed") / "run")


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """Two workers, which every test leaves as they were."""
    with HandMade(tmp_path_factory.mktemp("shared")) as made:
        made.add_worker()
        made.add_worker()
        yield made


@pytest.fixture
def own(tmp_path):
    (tmp_path / "cluster").mkdir()
    with HandMade(tmp_path / "cluster") as made:
        yield made


def on(cluster):
    return "--engine", "dask", "--scheduler", cluster.address


def parts(run):
    return len(list((run / "parts").glob("part-*.jsonl")))


def test_a_cluster_started_by_hand_writes_the_same_bytes_and_keeps_no_process(
    folder, expected, shared, tmp_path
):
    code, said = storm.ended(storm.started(folder, tmp_path / "run", *on(shared)))
    assert (code, "Traceback" in said, "distributed" in said) == (0, False, False)
    assert contents(tmp_path / "run") == expected
    wait_until(lambda: not shared.readers(), 5)


def test_killers_and_an_endless_loop_harm_neither_the_cluster_nor_other_pictures(shared, tmp_path):
    folder = folder_of(tmp_path / "pictures", 40)
    hosts = shared.hosts()
    storm.find_planted(folder, tmp_path / "run", random.Random(1), *on(shared))
    assert shared.hosts() == hosts


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 7), (signal.SIGINT, 130), (signal.SIGKILL, -9)]
)
def test_a_run_that_ends_leaves_the_cluster_to_others_and_the_same_command_goes_on(
    folder, expected, shared, tmp_path, number, code
):
    run = tmp_path / "run"
    process = storm.started(folder, run, *on(shared))
    storm.wait_for(lambda: parts(run) > 30)
    process.send_signal(number)
    left, said = storm.ended(process)
    assert (left, "Traceback" in said) == (code, False)
    if number is not signal.SIGKILL:
        wait_until(lambda: not shared.readers(), 5)
    assert storm.ended(storm.started(folder, run, *on(shared)))[0] == 0
    assert contents(run) == expected


def test_the_chunk_of_a_dask_worker_that_is_killed_is_read_by_another(folder, expected, own, tmp_path):
    own.add_worker()
    own.add_worker()
    run = tmp_path / "run"
    process = storm.started(folder, run, *on(own))
    for count in (10, 50):
        storm.wait_for(lambda count=count: parts(run) > count)
        host = own.hosts()[0]
        readers = [reader for server in host.children() for reader in server.children()]
        os.kill(host.pid, signal.SIGKILL)
        assert psutil.wait_procs(readers, 5)[1] == []
    code, said = storm.ended(process)
    assert code == 0, said
    assert contents(run) == expected


def test_when_the_scheduler_goes_the_run_says_so_and_goes_on_when_it_is_back(folder, expected, own, tmp_path):
    own.add_worker()
    run = tmp_path / "run"
    process = storm.started(folder, run, *on(own))
    storm.wait_for(lambda: parts(run) > 10)
    own.scheduler.kill()
    own.scheduler.wait()
    code, said = storm.ended(process, 60)
    assert code == 7
    assert "scheduler has gone" in said
    assert "Traceback" not in said
    own.begin()
    own.add_worker()
    assert storm.ended(storm.started(folder, run, *on(own)))[0] == 0
    assert contents(run) == expected


OTHER_VERSION = "import reader.batch.plan\nreader.batch.plan.__version__ = '9.9.9'\n"
NONE_THERE = "import sys\nsys.modules['reader'] = None\n"


@pytest.mark.parametrize(
    ("preload", "why"),
    [(OTHER_VERSION, "lfa-reader is 9.9.9, not"), (NONE_THERE, "has no lfa-reader of this version")],
)
def test_a_worker_that_would_read_otherwise_ends_the_run_but_not_itself(
    folder, expected, tmp_path, preload, why
):
    run = tmp_path / "run"
    (tmp_path / "none.py").write_text(NONE_THERE)
    (tmp_path / "odd.py").write_text(preload)
    with HandMade(tmp_path, "--preload", "none.py") as cluster:
        cluster.add_worker("--preload", "odd.py")
        wait_until(cluster.hosts)
        before = cluster.hosts()
        code, said = storm.ended(storm.started(folder, run, *on(cluster)))
        assert cluster.hosts() == before
    assert code == 7
    assert why in said
    assert "run the same command again" in said
    assert parts(run) == 0
    assert storm.ended(storm.started(folder, run))[0] == 0
    assert contents(run) == expected
