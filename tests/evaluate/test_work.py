"""The same task for many pictures, in one process or in several."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from reader.errors import CapacityError, OptionError
from reader.evaluate.work import in_order

PATHS = [f"{k}.jpg" for k in range(7)]


def test_results_come_in_order_from_one_process():
    assert list(in_order(str.upper, PATHS)) == [p.upper() for p in PATHS]


def test_results_come_in_order_from_several_processes():
    assert list(in_order(str.upper, PATHS, 2)) == [p.upper() for p in PATHS]


def test_one_picture_needs_no_other_process():
    seen = []
    assert list(in_order(seen.append, ["a"], 8)) == [None]
    assert seen == ["a"]


def test_an_error_in_another_process_arrives_here():
    with pytest.raises(FileNotFoundError):
        list(in_order(os.stat, ["no such file 1", "no such file 2"], 2))


def test_a_killed_process_is_no_silent_end():
    with pytest.raises(CapacityError, match="killed"):
        list(in_order(partial(_exit, 9), ["a", "b"], 2))


def _exit(code, _path):
    os._exit(code)


@pytest.mark.parametrize("count", [0, -1, 65])
def test_numbers_of_processes_without_meaning_are_refused(count):
    with pytest.raises(OptionError, match="1 to 64 processes"):
        list(in_order(str.upper, PATHS, count))


def test_several_processes_serve_a_thread_as_well():
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(lambda: list(in_order(str.upper, ["a", "b"], 2))).result() == ["A", "B"]


def test_ctrl_c_is_heard_again_once_the_processes_are_started():
    before = signal.getsignal(signal.SIGINT)
    results = in_order(str.upper, PATHS, 2)
    next(results)
    assert signal.getsignal(signal.SIGINT) is before
    results.close()
