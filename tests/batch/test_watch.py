"""A folder that is watched: each picture is read once and when it is whole, whatever happens to the run."""

from __future__ import annotations

import csv
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reader.batch.lists import lists
from reader.batch.parts import items
from reader.batch.places import alone
from reader.batch.plan import load_plan
from reader.batch.run import faults
from reader.batch.watch import Ears, watch
from reader.errors import CapacityError, OutputError, RunError
from reader.export import write_all
from tests.batch.made import contents, folder_of, planned, process_engine, serial_engine

ROOT = Path(__file__).resolve().parents[2]


class Enough(BaseException):
    """The watching has gone on for as long as a test wants."""


@pytest.fixture
def drop(tmp_path):
    folder = tmp_path / "drop"
    folder.mkdir()
    return folder


@pytest.fixture
def run(tmp_path):
    return tmp_path / "run"


def watching(drop, run, *between, engine=serial_engine, **wishes):
    """Watch, do each of these between two looks, and look twice more; return the names that came again."""
    plan = planned(drop, run, watched=True, **wishes)
    steps, again = iter([*between, lambda: None, lambda: None]), []

    def pause():
        step = next(steps, None)
        if step is None:
            raise Enough
        step()

    with pytest.raises(Enough):
        watch(plan, engine(plan), Ears(again=again.append), pause=pause)
    return again


def found(run):
    """What is known of each picture, in the order in which it was read."""
    return [(item.path, item.error["code"] if item.error else "read") for item in items(run)]


def dropping(folder, **content):
    return lambda: folder_of(folder, **content)


@pytest.mark.parametrize("engine", [serial_engine, process_engine])
def test_what_is_there_and_what_is_dropped_is_read_once(drop, run, engine):
    folder_of(drop, 3)
    watching(drop, run, dropping(drop, b=b"picture b"), dropping(drop / "sub", a=b"picture a"), engine=engine)
    assert found(run) == [
        *((f"000{k}.jpg", "read") for k in range(3)),
        ("b.jpg", "read"),
        ("sub/a.jpg", "read"),
    ]
    before = contents(run)
    assert watching(drop, run, dropping(drop, c=b"picture c"), engine=engine) == []
    assert [path for path, _ in found(run)][5:] == ["c.jpg"]
    assert contents(run).items() >= before.items()


def test_a_file_that_grows_is_not_read_until_it_rests(drop, run):
    grown = drop / "a.jpg"
    sizes = []

    def grow():
        sizes.append(len(list(items(run))))
        with grown.open("ab") as stream:
            stream.write(b"more ")

    watching(drop, run, grow, grow, grow)
    assert sizes == [0, 0, 0]
    assert found(run) == [("a.jpg", "read")]


def test_a_file_whose_time_changes_is_not_whole(drop, run):
    times = iter(range(10, 100))

    def touch():
        (drop / "a.jpg").touch()
        os.utime(drop / "a.jpg", (0, next(times)))
        assert not (run / "parts").exists() or not found(run)

    watching(drop, run, touch, touch, touch)
    assert len(found(run)) == 1


def test_a_torn_picture_is_read_again_when_it_changes_and_then_is_no_failure(drop, run):
    folder_of(drop, torn=b"corrupt half")
    rest = lambda: None  # noqa: E731
    assert watching(drop, run, rest, rest) == []
    assert found(run) == [("torn.jpg", "corrupt-image")]
    assert watching(drop, run, dropping(drop, torn=b"whole"), rest, rest) == ["torn.jpg"]
    assert found(run) == [("torn.jpg", "read")]
    assert len(list(lists(run))) == 2


def test_a_name_that_is_used_again_for_another_picture_is_told_and_both_are_kept(drop, run):
    rest = lambda: None  # noqa: E731
    folder_of(drop, a=b"one test")
    again = watching(drop, run, rest, dropping(drop, a=b"another test"), rest)
    assert again == ["a.jpg"]
    one, other = items(run)
    assert one.path == other.path == "a.jpg"
    assert one.sha256 != other.sha256


def test_the_same_bytes_again_are_not_read_again(drop, run):
    rest = lambda: None  # noqa: E731
    folder_of(drop, a=b"one test")

    def copy_again():
        (drop / "a.jpg").unlink()
        (drop / "a.jpg").write_bytes(b"one test")

    assert watching(drop, run, rest, copy_again, rest, rest) == []
    assert watching(drop, run, rest, (drop / "a.jpg").unlink, copy_again_later(drop), rest) == []
    assert found(run) == [("a.jpg", "read")]


def copy_again_later(drop):
    return dropping(drop, a=b"one test")


def test_a_file_that_goes_before_it_is_read_is_an_error_and_read_when_it_is_back(drop, run, monkeypatch):
    rest = lambda: None  # noqa: E731
    folder_of(drop, a=b"one test")
    real = watch.__globals__["write_list"]

    def listed(*arguments):
        real(*arguments)
        (drop / "a.jpg").unlink()

    monkeypatch.setattr("reader.batch.watch.write_list", listed)
    watching(drop, run, rest)
    assert found(run) == [("a.jpg", "source-unreadable")]
    monkeypatch.undo()
    watching(drop, run, dropping(drop, a=b"one test"), rest)
    assert found(run) == [("a.jpg", "read")]


def test_links_pipes_and_hidden_files_are_passed_over(drop, run, tmp_path):
    folder_of(tmp_path / "elsewhere", 1)
    (drop / "link.jpg").symlink_to(tmp_path / "elsewhere" / "0000.jpg")
    (drop / "folder").symlink_to(tmp_path / "elsewhere")
    (drop / ".a.jpg").write_bytes(b"hidden")
    if hasattr(os, "mkfifo"):
        os.mkfifo(drop / "pipe.jpg")
    watching(drop, run)
    assert found(run) == []


def test_many_pictures_at_once_are_cut_into_parts_and_one_is_a_part_of_its_own(drop, run):
    folder_of(drop, 300)
    watching(drop, run, lambda: None, dropping(drop, z=b"one more"))
    assert {len(entries) for entries in lists(run)} == {3, 1}
    assert len(found(run)) == 301


def test_two_cannot_watch_for_one_run(drop, run):
    plan = planned(drop, run, watched=True)
    with alone(run), pytest.raises(CapacityError, match="Another process"):
        watch(plan, serial_engine(plan), Ears())


def test_a_folder_that_goes_ends_the_watching(drop, run, tmp_path):
    plan = planned(drop, run, watched=True)
    with pytest.raises(CapacityError, match="no longer be looked into"):
        watch(plan, serial_engine(plan), Ears(), pause=lambda: drop.rename(tmp_path / "elsewhere"))


def test_a_watched_run_is_gone_on_with_by_watching_only_and_another_one_without(drop, run, tmp_path):
    folder_of(drop, 1)
    watching(drop, run)
    with pytest.raises(RunError, match="watched is True"):
        planned(drop, run)
    planned(drop, tmp_path / "other")
    with pytest.raises(RunError, match="watched is None, not True"):
        planned(drop, tmp_path / "other", watched=True)


def test_at_whatever_list_or_part_it_ends_nothing_is_lost_or_read_twice(drop, run, monkeypatch):
    folder_of(drop, 6)
    real = {name: watch.__globals__[name] for name in ("write_list", "read_parts")}
    for name in ("write_list", "read_parts"):
        for nth in range(3):
            calls = iter(range(100))

            def stop(*arguments, _name=name, _nth=nth, _calls=calls, **options):
                if next(_calls) == _nth:
                    raise OutputError("The disk is full.")
                return real[_name](*arguments, **options)

            with monkeypatch.context() as patched:
                patched.setattr(f"reader.batch.watch.{name}", stop)
                folder_of(drop, **{f"{name}{nth}{k}": b"%d %d" % (nth, k) for k in range(4)})
                plan = planned(drop, run, watched=True)
                with pytest.raises((OutputError, Enough)):
                    watch(plan, serial_engine(plan), Ears(), pause=iter_pause(3))
    watching(drop, run, lambda: None)
    paths = [path for path, _ in found(run)]
    assert sorted(paths) == sorted(path.name for path in drop.iterdir())
    assert not list(faults(load_plan(run)))


def iter_pause(times):
    left = iter(range(times))

    def pause():
        if next(left, None) is None:
            raise Enough

    return pause


def test_what_is_derived_of_a_watched_run_is_that_of_its_pictures(drop, run):
    folder_of(drop, 3, torn=b"corrupt half")
    watching(drop, run, lambda: None, dropping(drop, torn=b"whole"))
    write_all(run)
    with (run / "results.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["path"] for row in rows] == ["0000.jpg", "0001.jpg", "0002.jpg", "torn.jpg"]
    assert len((run / "failures.csv").read_text().splitlines()) == 1


def started(*arguments):
    """Start `lfa` with made-up reading, looking five times a second."""
    words = [sys.executable, "-m", "tests.reliability.planted_lfa", *map(str, arguments)]
    return subprocess.Popen(
        words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def drop_slowly(drop, name, content):
    """Copy a file as a phone does: piece by piece."""
    with (drop / f"{name}.jpg").open("wb") as stream:
        for k in range(0, len(content), 4):
            stream.write(content[k : k + 4])
            stream.flush()
            time.sleep(0.02)


def rows_of(run):
    if not (run / "results.csv").exists():
        return []
    with (run / "results.csv").open(encoding="utf-8-sig", newline="") as stream:
        return [row["path"] for row in csv.DictReader(stream)]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
def test_a_run_that_is_killed_while_pictures_are_dropped_reads_each_once(drop, run):
    chance = random.Random(1)
    process, kills = started("batch", drop, "-o", run, "--watch"), 0
    for k in range(40):
        drop_slowly(drop, f"{k:02}", b"picture %d" % k)
        if chance.random() < 0.2:
            kills += 1
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            process = started("batch", drop, "-o", run, "--watch")
    end = time.monotonic() + 120
    while len(rows_of(run)) < 40:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end
        time.sleep(0.1)
    for command in (["verify", run], ["export", run]):
        other = started(*command)
        _, said = other.communicate()
        assert other.returncode == 0, said
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert kills > 3
    assert sorted(path for path, _ in found(run)) == [f"{k:02}.jpg" for k in range(40)]
    assert {outcome for _, outcome in found(run)} == {"read"}


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
def test_asked_to_end_it_says_how_to_go_on(drop, run):
    folder_of(drop, 1)
    process = started("batch", drop, "-o", run, "--watch")
    end = time.monotonic() + 60
    while not rows_of(run):
        assert time.monotonic() < end
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 7
    assert "is looked at every 5 s" in said
    assert "the same command goes on" in said.replace("\n", " ")


@pytest.mark.parametrize(
    "arguments",
    [["s3://bucket/drop", "-o", "run"], ["drop", "-o", "s3://bucket/run"], ["drop", "-o", "drop/run"]],
)
def test_what_cannot_be_watched_is_refused(tmp_path, arguments):
    words = [sys.executable, "-c", "import reader.cli; reader.cli.main()", "batch", *arguments, "--watch"]
    (tmp_path / "drop").mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 2, ran.stderr
