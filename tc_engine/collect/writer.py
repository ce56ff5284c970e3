"""Write the rows as parts of the dataset, from one thread of its own.

Rows are taken from the recorder's queue several times a second, in slices small enough not to hold
up the program, and become Arrow columns at once. A part is written when enough rows have come
together or enough time has passed: at first every few seconds, later after one per cent of the run,
so that a long run does not fall into thousands of files.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tc_engine.collect.recorder import Recorder

if TYPE_CHECKING:
    from tc_engine.collect.parts import Parts

POLL_SECONDS = 0.25
PART_SECONDS = 5.0
PART_SHARE = 0.01
PART_ROWS = 250_000
SLICE_ROWS = 1024
JOIN_SECONDS = 60.0


class Writer:
    """The writer of one process.

    `written` is called after each part with the parts so far and the processor time of the writer
    in ns.
    """

    def __init__(
        self, recorder: Recorder, run: Path, written: Callable[[Parts, int], None]
    ) -> None:
        self._recorder = recorder
        self._run = run
        self._written = written
        self._process = os.getpid()
        self._parts: Parts | None = None
        self._spent = 0
        self._begun = self._last = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="tc-engine-writer", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Write what is left, the calls that are still open included, and end the thread."""
        self._stop.set()
        self._thread.join(JOIN_SECONDS)
        if not self._thread.is_alive():
            self._recorder.rows.extend(self._recorder.open_calls())
            self._guarded(lambda: self._tick(last=True))

    def _loop(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            self._guarded(self._tick)

    def _tick(self, last: bool = False) -> None:
        began = time.thread_time_ns()
        parts = self._opened()
        rows = self._recorder.rows
        while rows and (last or parts.waiting < PART_ROWS):
            parts.add([rows.popleft() for _ in range(min(len(rows), SLICE_ROWS))])
            if not last:
                time.sleep(0)  # let the program have the interpreter between two slices
        now = time.monotonic()
        due = max(PART_SECONDS, PART_SHARE * (now - self._begun))
        full = parts.waiting >= PART_ROWS
        written = last or full or (parts.waiting > 0 and now - self._last >= due)
        if written:
            parts.write()
            self._last = now
        self._spent += time.thread_time_ns() - began
        if written:
            self._written(parts, self._spent)

    def _opened(self) -> Parts:
        if self._parts is None:
            from tc_engine.collect.parts import Parts  # noqa: PLC0415 - slow, and not in torch's way

            self._parts = Parts(self._run, self._process)
        return self._parts

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:
            # A disk that is full ends the trace, not the training.
            self._recorder.on = False
            self._recorder.note_error("writer", error)
            self._recorder.dropped["unwritten"] += len(self._recorder.rows)
            self._recorder.rows.clear()
