"""Standard output that breaks, and Ctrl-C, in real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

needs_unix = pytest.mark.skipif(sys.platform == "win32", reason="signals and pipes of Unix")


@needs_unix
def test_a_reader_that_has_had_enough_ends_the_command_quietly(lfa_process, photos):
    reading_end, writing_end = os.pipe()
    process = lfa_process("read", "--json", "--quiet", photos, stdout=writing_end)
    os.close(reading_end)
    os.close(writing_end)
    assert process.wait(timeout=60) == 5
    assert process.stderr.read() == b""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")  # noqa: PTH110
def test_a_full_disk_behind_standard_output_gives_exit_code_five(lfa_process, photos):
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        process = lfa_process("read", "--json", photos, stdout=full)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 5
    assert b"Standard output cannot be written: No space left on device." in err
    assert b"Traceback" not in err


@needs_unix
def test_ctrl_c_gives_exit_code_130_without_a_traceback(lfa_process, photos):
    # Standard input that nobody writes to keeps the command waiting after the first picture.
    process = lfa_process("read", "--json", photos / "b.jpg", "-", stdin=subprocess.PIPE)
    assert process.stdout.readline().startswith(b"{")
    # An interrupt that falls into a destructor is lost, in any Python program; a user presses again.
    for _ in range(20):
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=3)
            break
        except subprocess.TimeoutExpired:
            continue
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in err


def test_the_command_needs_neither_the_service_nor_the_web_to_start():
    code = "import reader.cli, sys; print(sorted({'service', 'fastapi', 'sqlalchemy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"
