"""The command line: `detente ...`."""

from __future__ import annotations

import gc
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

from detente.errors import ConvergenceError, DetenteError, MissingExtraError, WorkersLostError

EXIT_FAILURE = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
FAILURES = (ConvergenceError, MissingExtraError, WorkersLostError, OSError)
"""Errors that are no fault of what was asked."""
COLLECTIONS = 100_000, 50, 50
"""Objects made, and collections of each generation, after which Python looks for garbage."""
INTERRUPTED = "interrupted; draws that are finished are kept"


class Interrupted(KeyboardInterrupt):
    """Ctrl+C.

    Python ends by the signal, whatever is caught later, once a `KeyboardInterrupt` has passed
    through `exec`, as when it falls into the making of a named tuple; not so with this one.
    """


def main() -> None:
    """Run the command line.

    Exit codes: 0 done, 1 not solved or not written, 2 wrong input, 130 interrupted.
    """
    # Matrices are small and draws are what is spread: more threads for one product only wait.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Imports and cases make objects that stay: to look through them time and again takes 6 percent
    # of a short command.
    gc.set_threshold(*COLLECTIONS)
    signal.signal(signal.SIGINT, _interrupt)
    try:
        from detente.cli.commands import app

        app()
    except KeyboardInterrupt:
        _end(INTERRUPTED, EXIT_INTERRUPTED)
    except (DetenteError, OSError) as error:
        failed = isinstance(error, FAILURES)
        _end(_words(error), EXIT_FAILURE if failed else EXIT_USAGE)
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "start new thread" not in str(error):
            raise
        _end("not enough memory: close other programs, or ask for less at once", EXIT_FAILURE)
    except SystemExit as leaving:
        if leaving.code == EXIT_INTERRUPTED:
            _end(INTERRUPTED, EXIT_INTERRUPTED)
        raise
    finally:
        # All is said and written: Python would still end by the signal while it takes itself down.
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise Interrupted


def _end(words: str, code: int) -> NoReturn:
    print(f"detente: {words}", file=sys.stderr)
    raise SystemExit(code) from None


def _words(error: DetenteError | OSError) -> str:
    """What an error says; of the system's, which file it is about."""
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error)
