"""Short forms of `tests.reliability.batch_storm`, and what a run does on a disk that is full."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from reader.batch.plan import load_plan
from reader.batch.run import faults
from tests.batch.made import contents, folder_of
from tests.reliability import batch_storm as storm

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return folder_of(tmp_path_factory.mktemp("reliability") / "pictures", 120)


@pytest.fixture(scope="module")
def expected(folder, tmp_path_factory):
    return storm.undisturbed(folder, tmp_path_factory.mktemp("undisturbed") / "run")


@pytest.mark.parametrize("seed", [1, 2])
def test_a_run_that_is_killed_at_random_moments_ends_with_the_same_bytes(folder, expected, tmp_path, seed):
    chance = random.Random(seed)
    assert storm.kill_runs(folder, tmp_path / "run", expected, chance, longest_s=2.5) >= 0


def test_a_run_whose_workers_are_killed_ends_with_the_same_bytes(folder, expected, tmp_path):
    assert storm.kill_workers(folder, tmp_path / "run", expected, random.Random(1)) > 0


def test_two_killers_and_an_endless_loop_are_all_that_is_put_aside(tmp_path, monkeypatch):
    folder = folder_of(tmp_path / "pictures", 40)
    monkeypatch.setenv("NO_COLOR", "1")
    storm.find_planted(folder, tmp_path / "run", random.Random(1), "--workers", "2")


@pytest.mark.parametrize("seconds", [0.3, 1.5, 2.2])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_run(folder, tmp_path, number, seconds):
    storm.leave_no_orphans(folder, tmp_path / "run", number, seconds)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 7), (signal.SIGHUP, 7), (signal.SIGINT, 130)])
def test_a_run_that_is_asked_to_stop_says_how_to_go_on_and_does(tmp_path, number, code):
    folder = folder_of(tmp_path / "pictures", 40, zz=b"sleep 8")
    process = storm.started(folder, tmp_path / "run")
    storm.wait_for(lambda: len(list((tmp_path / "run" / "parts").glob("part-*"))) > 30)
    process.send_signal(number)
    left, said = storm.ended(process)
    assert left == code
    assert "the same command goes on from there" in said
    assert "Traceback" not in said
    (folder / "zz.jpg").write_bytes(b"awake")
    assert storm.ended(storm.started(folder, tmp_path / "run"))[0] == 0


@pytest.mark.parametrize("seconds", [0.0, 0.5, 1.0, 1.5, 2.2])
def test_ctrl_c_reaches_all_processes_at_once_and_none_complains(folder, tmp_path, seconds):
    process = storm.started(folder, tmp_path / "run", session=True)
    storm.wait_for((tmp_path / "run" / "run.json").exists)
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGINT)
    code, said = storm.ended(process)
    assert code in {0, 130}
    assert "Traceback" not in said


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 2 MB, where we may make one."""
    place = tmp_path / "disk"
    place.mkdir()
    if (
        os.geteuid()
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("a disk of 2 MB cannot be mounted here")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_full_disk_ends_the_run_cleanly_and_with_space_it_goes_on(folder, expected, small_disk):
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(2 * 2**20 - 40 * 4096))
    code, said = storm.ended(storm.started(folder, small_disk / "run"))
    assert code == 5
    assert "No space left on device" in said
    assert "then run the same command again" in said
    assert {fault for _, fault in faults(load_plan(small_disk / "run"))} == {"missing"}
    ballast.unlink()
    assert storm.ended(storm.started(folder, small_disk / "run"))[0] == 0
    assert contents(small_disk / "run") == expected
