"""Everything the commands say on stderr: notes, phases, progress. stdout is for data."""

from __future__ import annotations

import logging
import os
import re
import sys
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.status import Status

PROGRAM = "tc-engine"

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def printable(text: str) -> str:
    """Replace control characters: text from a trace must not steer a person's terminal."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def say(text: str) -> None:
    """Write one line on stderr, after what stdout already holds."""
    sys.stdout.flush()
    sys.stderr.write(f"{PROGRAM}: {printable(text)}\n")
    sys.stderr.flush()


class Console:
    """What a command tells while it works.

    On a terminal the current phase is one live line; elsewhere phases are silent. With `verbose`,
    each phase is a line that stays, and the engine's log is shown.
    """

    def __init__(self, *, verbose: bool = False) -> None:
        self.verbose = verbose
        self._live = sys.stderr.isatty() and not verbose and "CI" not in os.environ
        self._status: Status | None = None
        if verbose:
            logging.basicConfig(stream=sys.stderr, format="%(name)s: %(message)s")
            logging.getLogger("tc_engine").setLevel(logging.DEBUG)

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
            say(text)
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
