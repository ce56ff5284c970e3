"""Everything the commands say on stderr: notes, phases, progress. stdout is for data."""

from __future__ import annotations

import os
import re
import sys
import time
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING

from tc_engine.errors import DataError, TcEngineError

if TYPE_CHECKING:
    from rich.status import Status

PROGRAM = "tc-engine"

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def printable(text: str) -> str:
    """Replace control characters: text from a trace must not steer a person's terminal."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def flush() -> None:
    """Hand on what stdout holds. Raises DataError where it cannot be written."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"cannot write to standard output: {reason}", "Free some space") from error


def say(text: str) -> None:
    """Write one line on stderr, after what stdout already holds."""
    with suppress(OSError):
        sys.stdout.flush()
    sys.stderr.write(f"{PROGRAM}: {printable(text)}\n")
    sys.stderr.flush()


def fail(error: TcEngineError) -> None:
    """Tell an error on stderr, in one line.

    A message with a statement, or a mark below one, keeps its lines; the hint then has its own.
    """
    lines = "\n" in error.message
    say(f"error: {error.message.rstrip()}\n{error.hint}".rstrip() if lines else f"error: {error}")


class Console:
    """What a command tells while it works.

    On a terminal the current phase is one live line; elsewhere phases are silent. With `verbose`,
    each phase is a line that stays, with the seconds since the start.
    """

    def __init__(self, *, verbose: bool = False) -> None:
        self.verbose = verbose
        self._live = sys.stderr.isatty() and not verbose and "CI" not in os.environ
        self._status: Status | None = None
        self._start = time.monotonic()

    def __enter__(self) -> Console:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.done()

    def phase(self, text: str) -> None:
        """Tell what is being done now."""
        if self.verbose:
            say(f"{time.monotonic() - self._start:.1f} s: {text}")
        elif self._live:
            self._show(printable(text))

    def note(self, text: str) -> None:
        """Tell something that a person should know whether they watch or not."""
        self.done()
        say(text)

    def done(self) -> None:
        """Take the live line away."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def _show(self, text: str) -> None:
        from rich.markup import escape

        if self._status is None:
            from rich.console import Console as RichConsole

            self._status = RichConsole(stderr=True).status(escape(text))
            self._status.start()
        else:
            self._status.update(escape(text))
