"""Readers in processes: what one picture does to its worker touches no other picture."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from reader import errors
from service.workers import ProcessReaders, ReaderFailed, ThreadReaders, WorkerLost, _Worker


def answer(value: int) -> tuple[int, int]:
    return value, os.getpid()


def refuse(message: str) -> None:
    raise errors.CorruptImage(message)


def blunder(secret: str) -> None:
    raise KeyError(secret)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(marker: str) -> str:
    try:
        Path(marker).touch(exist_ok=False)
    except FileExistsError:
        return "second try"
    os.kill(os.getpid(), signal.SIGKILL)
    return "never"


def hoard() -> None:
    bytearray(3 << 30)


def wait_for(marker: str) -> None:
    while not Path(marker).exists():
        time.sleep(0.01)


def touch_and_wait(started: str, marker: str) -> None:
    Path(started).touch()
    wait_for(marker)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def with_readers(work: Callable[[ProcessReaders], Awaitable[Any]], **options: Any) -> Any:
    async def run() -> Any:
        readers = ProcessReaders(**{"workers": 1, "queue": 8, "timeout_s": 30.0, **options})
        await readers.start()
        try:
            return await work(readers)
        finally:
            await readers.close()

    return asyncio.run(run())


def test_a_task_runs_in_another_process_which_is_gone_in_the_end() -> None:
    value, pid = with_readers(lambda readers: readers.run(answer, 7))
    assert value == 7
    assert pid != os.getpid()
    assert not alive(pid)


def test_an_error_of_the_reader_comes_back_as_itself_and_the_worker_goes_on() -> None:
    async def work(readers: ProcessReaders) -> tuple[int, int]:
        _, before = await readers.run(answer, 1)
        with pytest.raises(errors.CorruptImage, match=r"^half a file\. Copy or send"):
            await readers.run(refuse, "half a file.")
        _, after = await readers.run(answer, 2)
        return before, after

    before, after = with_readers(work)
    assert before == after


def test_a_fault_of_the_program_comes_back_without_what_it_quotes() -> None:
    async def work(readers: ProcessReaders) -> None:
        with pytest.raises(ReaderFailed, match=r"^KeyError at blunder:") as caught:
            await readers.run(blunder, "CANARY")
        assert "CANARY" not in str(caught.value)

    with_readers(work)


def test_a_worker_that_dies_by_accident_is_replaced_and_its_picture_is_read(tmp_path: Path) -> None:
    assert with_readers(lambda readers: readers.run(die_once, str(tmp_path / "marker"))) == "second try"


def test_a_picture_that_kills_every_worker_is_given_up_and_the_next_one_is_read() -> None:
    async def work(readers: ProcessReaders) -> int:
        with pytest.raises(WorkerLost):
            await readers.run(die)
        return (await readers.run(answer, 3))[0]

    assert with_readers(work) == 3


def test_a_picture_that_takes_too_long_is_given_up_and_the_next_one_is_read(tmp_path: Path) -> None:
    async def work(readers: ProcessReaders) -> int:
        with pytest.raises(WorkerLost):
            await readers.run(wait_for, str(tmp_path / "never"))
        return (await readers.run(answer, 4))[0]

    assert with_readers(work, timeout_s=3.0) == 4


def test_what_a_worker_loads_is_the_reader_and_nothing_of_the_web_or_the_database() -> None:
    from .service_helpers import Server  # here, for workers load this file for the tasks in it

    said = "import sys, service.tasks; print({'fastapi', 'sqlalchemy'} & set(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", said], env=Server.environment(), capture_output=True, text=True, check=True
    )
    assert loaded.stdout == "set()\n"


def test_a_worker_that_cannot_be_started_is_told_and_tried_again_for_the_next_picture(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    calls = iter([WorkerLost(), WorkerLost()])
    call = _Worker.call

    def failing(worker: Any, task: Any, timeout_s: float) -> Any:
        if (error := next(calls, None)) is not None:
            raise error
        return call(worker, task, timeout_s)

    monkeypatch.setattr(_Worker, "call", failing)
    assert with_readers(lambda readers: readers.run(answer, 8), workers=2)[0] == 8
    assert "a worker cannot be started: WorkerLost" in caplog.text


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are the system's")
def test_a_picture_that_needs_too_much_memory_is_refused_and_the_next_one_is_read() -> None:
    async def work(readers: ProcessReaders) -> int:
        with pytest.raises(ReaderFailed, match="MemoryError"):
            await readers.run(hoard)
        return (await readers.run(answer, 6))[0]

    assert with_readers(work) == 6


def test_a_request_that_is_cancelled_leaves_no_answer_for_the_next_one(tmp_path: Path) -> None:
    async def work(readers: ProcessReaders) -> int:
        started = tmp_path / "started"
        waiting = asyncio.create_task(readers.run(touch_and_wait, str(started), str(tmp_path / "never")))
        await asyncio.to_thread(wait_for, str(started))
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return (await readers.run(answer, 5))[0]

    assert with_readers(work) == 5


def test_the_death_of_one_picture_touches_no_other(tmp_path: Path) -> None:
    async def work(readers: ProcessReaders) -> list[Any]:
        marker = tmp_path / "go"
        other = asyncio.create_task(readers.run(wait_for, str(marker)))
        killer = asyncio.create_task(readers.run(die))
        await asyncio.wait([killer])
        marker.touch()
        return await asyncio.gather(other, killer, return_exceptions=True)

    survivor, killed = with_readers(work, workers=2)
    assert survivor is None
    assert isinstance(killed, WorkerLost)


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_more_than_the_queue_holds_is_turned_away_at_once(tmp_path: Path, kind: str) -> None:
    async def work(readers: Any) -> list[Any]:
        marker = tmp_path / "go"
        held = [asyncio.create_task(readers.run(wait_for, str(marker))) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(errors.CapacityError):
            await readers.run(answer, 6)
        marker.touch()
        await asyncio.gather(*held)
        return await readers.run(answer, 6)

    if kind == "threads":
        value, _ = asyncio.run(work(ThreadReaders(workers=1, queue=2)))
    else:
        value, _ = with_readers(work, queue=2)
    assert value == 6


def test_a_key_is_held_by_one_at_a_time_and_forgotten_afterwards() -> None:
    from service.services import KeyedLocks  # here, as above

    async def work() -> tuple[int, dict[str, Any]]:
        locks, inside, most = KeyedLocks(), 0, 0

        async def enter() -> None:
            nonlocal inside, most
            async with locks.hold("a"):
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0)
                inside -= 1

        async with locks.hold("b"):
            await asyncio.gather(*(enter() for _ in range(20)))
        return most, locks._locks

    assert asyncio.run(work()) == (1, {})
