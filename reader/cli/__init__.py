"""The ``lfa`` command: thin; it owns exit codes, progress bars and what people see on a terminal."""

import atexit
import signal
import sys

from reader.cli.app import app
from reader.cli.exits import EXIT_CODES, ExitCode, exit_code
from reader.cli.streams import say
from reader.errors import LfaError

__all__ = ["EXIT_CODES", "ExitCode", "app", "exit_code", "main"]


def main() -> None:
    """Run the command and leave with its exit code."""
    # Ctrl-C that comes while the process ends would change the exit code of what is done.
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
    try:
        app()
    except LfaError as error:
        say(f"lfa: {error.code}: {error}")
        sys.exit(exit_code(error))
