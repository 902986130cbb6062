"""Kill, fill and interrupt runs, and see that nothing is lost, torn, doubled or left running.

    python -m tests.reliability.batch_storm [--rounds 20] [--pictures 600]

Reading is made up (`tests.batch.planted`), 10 ms for each picture; everything else is what users run.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from reader.batch.parts import items
from reader.batch.plan import load_plan
from reader.batch.run import faults
from tests.batch.made import contents, folder_of

ROOT = Path(__file__).resolve().parents[2]
GONE_S = 5.0  # within which no process may be left


def started(folder, run, *options, session=False):
    """Start `lfa batch` in a process of its own, which heeds SIGHUP even if the tests run under nohup."""
    command = [sys.executable, "-m", "tests.reliability.planted_lfa", "batch", folder, "-o", run, *options]
    words = list(map(str, command))
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        return subprocess.Popen(
            words,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=session,
        )
    finally:
        signal.signal(signal.SIGHUP, before)


def ended(process, timeout=300):
    """Wait for a command's own end; return its exit code and what it said."""
    _, said = process.communicate(timeout=timeout)
    return process.returncode, said


def family(pid):
    """Every process that a process has started, at whatever remove, with its own parent."""
    parents = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found, front = {}, {pid}
    while front:
        front = {child for child, parent in parents.items() if parent in front} - found.keys()
        found |= {child: parents[child] for child in front}
    return found


def workers_of(pid):
    """The processes that read: their parent is the server that forks them."""
    return sorted(child for child, parent in family(pid).items() if parent != pid)


def left_after(pids, seconds=GONE_S):
    """Those of some processes that are still there after a while; a zombie is none."""
    end = time.monotonic() + seconds
    while (alive := {pid for pid in pids if is_alive(pid)}) and time.monotonic() < end:
        time.sleep(0.05)
    return alive


def wait_for(condition, seconds=60.0):
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to hold"
        time.sleep(0.02)


def is_alive(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def undisturbed(folder, run, *options):
    """The parts of a run that nobody disturbs."""
    code, said = ended(started(folder, run, *options))
    assert code == 0, said
    return contents(run)


def kill_runs(folder, run, expected, chance, *, longest_s=5.0):
    """Kill a run at random moments and go on with it until it is done; return how often it was killed."""
    kills = 0
    while True:
        process = started(folder, run)
        try:
            code, said = ended(process, chance.uniform(0.2, longest_s))
        except subprocess.TimeoutExpired:
            kills += 1
            longest_s *= 1.1  # on a busy machine, too, it must come to its end
            workers = family(process.pid)
            process.kill()
            process.communicate()
            assert not left_after(workers), "processes are left running"
            if (run / "run.json").exists():
                assert {fault for _, fault in faults(load_plan(run))} <= {"missing"}
            continue
        assert code == 0, said
        assert contents(run) == expected
        return kills


def kill_workers(folder, run, expected, chance):
    """Kill workers at random moments; the run goes on by itself. Return how many were killed."""
    process, kills = started(folder, run), 0
    while process.poll() is None:
        time.sleep(chance.uniform(0.1, 0.6))
        workers = workers_of(process.pid)
        if workers:
            kills += 1
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(workers), signal.SIGKILL)
    code, said = ended(process)
    assert code == 0, said
    assert contents(run) == expected
    return kills


def plant(folder, chance):
    """Put two killers and an endless loop among the pictures; return what must become of them."""
    names = chance.sample(range(10_000), 3)
    planted = {f"{name:04}x": word for name, word in zip(names, (b"kill 1", b"kill 2", b"spin"), strict=True)}
    folder_of(folder, **planted)
    codes = ("worker-crashed", "worker-crashed", "worker-timeout")
    return dict(zip((f"{name}.jpg" for name in planted), codes, strict=True))


def find_planted(folder, run, chance, *options):
    """See that exactly the planted pictures are put aside."""
    expected = plant(folder, chance)
    code, said = ended(started(folder, run, *options))
    assert code == 3, said
    assert {item.path: item.error["code"] for item in items(run) if item.error} == expected


def leave_no_orphans(folder, run, number, seconds, *options):
    """Send a signal to a run; see that its processes are gone soon, and return its exit code."""
    process = started(folder, run, *options)
    time.sleep(seconds)
    workers = family(process.pid)
    process.send_signal(number)
    code, _ = ended(process, 30)
    assert not left_after(workers), f"processes are left running after {number.name}"
    return code


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--pictures", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as place:
        storm(Path(place), options.rounds, options.pictures, chance)


def storm(place, rounds, pictures, chance):
    """Do everything that a run must survive, so many times each, and say what was seen."""
    folder = folder_of(place / "pictures", pictures)
    expected = undisturbed(folder, place / "undisturbed")
    for workers in (["--workers", "1"], ["--workers", "4"]):
        assert undisturbed(folder, place / "-".join(workers), *workers) == expected
    print("1, 2 and 4 workers: the same bytes")
    kills = [kill_runs(folder, place / f"killed-{k}", expected, chance) for k in range(rounds)]
    print(f"{rounds} runs killed {sum(kills)} times in all: each ended with the undisturbed run's bytes")
    kills = [kill_workers(folder, place / f"workers-{k}", expected, chance) for k in range(rounds)]
    print(f"{rounds} runs lost {sum(kills)} workers in all: each ended with the undisturbed run's bytes")
    for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGINT):
        codes = Counter(
            leave_no_orphans(folder, place / f"{number.name}-{k}", number, chance.uniform(0.2, 3.0))
            for k in range(rounds)
        )
        print(
            f"{number.name}, {rounds} times: no process left after {GONE_S:.0f} s; exit codes {dict(codes)}"
        )
    find_planted(folder, place / "planted", chance)
    print("two killers and an endless loop: exactly these were put aside")


if __name__ == "__main__":
    main()
