"""Exit codes: one table, complete, and never a result."""

from __future__ import annotations

import pytest

from reader import errors
from reader.cli import EXIT_CODES, ExitCode, exit_code


def all_classes(base=errors.LfaError):
    return {base, *(c for sub in base.__subclasses__() for c in all_classes(sub))}


def test_every_error_class_has_an_exit_code():
    own = {c for c in all_classes() if c.__module__ == "reader.errors"}
    assert own == set(EXIT_CODES)


@pytest.mark.parametrize("error", sorted(EXIT_CODES, key=lambda c: c.__name__))
def test_no_error_is_told_as_success(error):
    assert exit_code(error("What is wrong.")) is not ExitCode.DONE


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.CorruptImage, 4),
        (errors.OptionError, 2),
        (errors.OutputError, 5),
        (errors.AssayError, 6),
        (errors.CapacityError, 7),
        (errors.LfaError, 1),
    ],
)
def test_the_codes_are_those_of_the_contract(error, code):
    assert exit_code(error()) == code
