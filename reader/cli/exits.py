"""Exit codes: the one table from what went wrong to what the shell is told.

An exit code never carries a result: a poor photo is a reading like any other, and exits with 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType

from reader import errors

__all__ = ["EXIT_CODES", "ExitCode", "exit_code"]


class ExitCode(IntEnum):
    """What the shell is told."""

    DONE = 0
    BUG = 1
    USAGE = 2
    SOME_UNREADABLE = 3
    NONE_READABLE = 4
    OUTPUT = 5
    CONFIGURATION = 6
    RESUMABLE = 7
    CTRL_C = 130


EXIT_CODES: Mapping[type[errors.LfaError], ExitCode] = MappingProxyType(
    {
        errors.LfaError: ExitCode.BUG,
        errors.InputError: ExitCode.NONE_READABLE,
        errors.EmptyInput: ExitCode.NONE_READABLE,
        errors.UnsupportedFormat: ExitCode.NONE_READABLE,
        errors.CorruptImage: ExitCode.NONE_READABLE,
        errors.ImageTooSmall: ExitCode.NONE_READABLE,
        errors.ImageTooLarge: ExitCode.NONE_READABLE,
        errors.SourceUnreadable: ExitCode.NONE_READABLE,
        errors.WorkerCrashed: ExitCode.NONE_READABLE,
        errors.WorkerTimeout: ExitCode.NONE_READABLE,
        errors.WorkerOutOfMemory: ExitCode.NONE_READABLE,
        errors.AssayError: ExitCode.CONFIGURATION,
        errors.LabelsError: ExitCode.CONFIGURATION,
        errors.RunError: ExitCode.CONFIGURATION,
        errors.ExtraMissing: ExitCode.CONFIGURATION,
        errors.KeysMissing: ExitCode.CONFIGURATION,
        errors.OptionError: ExitCode.USAGE,
        errors.OutputError: ExitCode.OUTPUT,
        errors.StoreError: ExitCode.RESUMABLE,
        errors.CapacityError: ExitCode.RESUMABLE,
        errors.ClusterError: ExitCode.RESUMABLE,
    }
)


def exit_code(error: errors.LfaError) -> ExitCode:
    """Return the exit code of an error that ended the command.

    Examples
    --------
    >>> exit_code(errors.OutputError("The disk is full.")).value
    5
    """
    return EXIT_CODES[type(error)]
