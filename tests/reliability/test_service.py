"""Short forms of `tests.reliability.service_storm`."""

from __future__ import annotations

import random
import signal
import sys

import pytest

from tests.reliability import service_storm as storm

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")


def test_what_was_acknowledged_is_there_after_the_server_was_killed_in_the_middle(tmp_path):
    pictures = storm.copies(30)
    crowd, restarts = storm.storm(tmp_path, pictures, 4, 2, random.Random(1), longest_s=1.5)
    assert len(crowd.acknowledged) == len(pictures)
    assert restarts
    assert set(crowd.statuses) <= {None, 200, 201, 202}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_a_server_that_is_ended_in_the_middle_of_work(tmp_path, how):
    port = storm.free_port()
    process, _ = storm.started(tmp_path, port)
    crowd = storm.Clients(port, storm.copies(8), 4)
    while not crowd.acknowledged:
        assert crowd.busy()
    storm.killed(process, how)
    crowd.stop()


def test_a_crowd_that_is_too_large_is_told_to_come_again_and_the_service_lives_on(tmp_path):
    port = storm.free_port()
    process, _ = storm.started(tmp_path, port, queue=2)
    crowd = storm.Clients(port, storm.copies(24), 12)
    health = set()
    while crowd.busy():
        health.add(storm.asked(port, "GET", "/healthz"))
    storm.killed(process, signal.SIGTERM)
    assert health == {(200, b'{"status":"ok"}')}
    assert crowd.statuses[503] > 0
    assert set(crowd.statuses) <= {200, 201, 202, 503}
    assert len(crowd.acknowledged) == 24
