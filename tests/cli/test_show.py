"""Counting results in a sentence."""

from __future__ import annotations

from reader.cli.show import counts_text
from reader.reading import Outcome


def test_nothing_read_is_said_plainly():
    assert counts_text({}, 0) == "0 pictures read."
    assert counts_text({}, 2) == "0 pictures read. 2 inputs could not be read."


def test_one_picture_is_singular():
    assert counts_text({Outcome.NOT_READ: 1}, 0) == "1 picture read: 1 not read."
