"""Write the events as parts of the dataset, from one thread of its own.

Events are taken from the recorder's queue in small slices and become Arrow columns at once. That
is Python's work, which holds up a program that is at such work, too: so it is done while the
program is in a backward pass, which leaves the interpreter alone, and three times a second in any
case. Every 0.7 seconds what has come together is written as a small part, so that a killed program
loses less than a second. Small parts are joined to a large one when they hold enough, or after a
while: at first every half minute, later after one per cent of the run, so that a long run does not
fall into thousands of files.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tc_engine.collect.recorder import Recorder
from tc_engine.collect.sources import Places
from tc_engine.dataset import EVENTS

if TYPE_CHECKING:
    from tc_engine.collect.parts import Parts

POLL_SECONDS = 0.35
PART_SECONDS = 0.6  # so at every second look at the queue
JOIN_SECONDS = 30.0
JOIN_SHARE = 0.01
JOIN_BYTES = 64 * 2**20
SLICE_EVENTS = 128
PAUSE_SECONDS = 0.0005  # for the program, between two slices
DISK_SECONDS = 10.0
NEARLY_FULL = 0.8
EXIT_SECONDS = 60.0


class Writer:
    """The writer of one process.

    `written` is called after each part with the parts so far and the processor time of the writer
    in ns. `most` is how many bytes all processes of the run may write, None for no limit.
    """

    def __init__(
        self,
        recorder: Recorder,
        run: Path,
        most: int | None,
        written: Callable[[Parts, int], None],
    ) -> None:
        self._recorder = recorder
        self._run = run
        self._most = most
        self._written = written
        self._parts: Parts | None = None
        self._spent = 0
        self._begun = self._last = self._joined = self._emptied = time.monotonic()
        self._disk = _Disk(run)
        self.idle = threading.Lock()  # held while there is work; a fork waits for it
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="tc-engine-writer", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Write what is left, the calls that are still open included, and end the thread."""
        self._stop.set()
        self._recorder.wake.set()
        self._thread.join(EXIT_SECONDS)
        if not self._thread.is_alive():
            self._recorder.events.extend(self._recorder.open_calls())
            self._guarded(lambda: self._tick(last=True))

    def _loop(self) -> None:
        wake = self._recorder.wake
        while not self._stop.is_set():
            wake.wait(POLL_SECONDS)
            wake.clear()
            self._guarded(self._tick)

    def _tick(self, last: bool = False) -> None:
        began = time.thread_time_ns()
        parts = self._opened()
        self._take(parts, last)
        now = time.monotonic()
        full = parts.held >= JOIN_BYTES
        written = (last or full or now - self._last >= PART_SECONDS) and parts.write()
        if written:
            self._last = now
        every = max(JOIN_SECONDS, JOIN_SHARE * (now - self._begun))
        if last or full or now - self._joined >= every:
            parts.join()
            self._joined = now
        self._spent += time.thread_time_ns() - began
        if written or last:
            self._watch_disk(parts, now)
            self._written(parts, self._spent)

    def _take(self, parts: Parts, last: bool) -> None:
        """Take up what is in the queue, or as much as the program leaves time for."""
        recorder = self._recorder
        is_late = last or time.monotonic() - self._emptied >= POLL_SECONDS
        while recorder.events and (last or parts.held < JOIN_BYTES):
            parts.add(recorder.take(SLICE_EVENTS))
            if not (is_late or recorder.is_left):
                return
            self._pause()
        self._emptied = time.monotonic()

    def _pause(self) -> None:
        """Let the program have the interpreter, if it may want it."""
        if not (self._recorder.is_left or self._stop.is_set()):
            time.sleep(PAUSE_SECONDS)

    def _opened(self) -> Parts:
        if self._parts is None:
            from tc_engine.collect.parts import Parts  # noqa: PLC0415 - slow, and not in torch's way

            self._parts = Parts(self._run, Places(self._recorder.sources.start), self._pause)
        return self._parts

    def _watch_disk(self, parts: Parts, now: float) -> None:
        """Have fewer events recorded when the run nears its limit, and none beyond it."""
        if self._most is not None:
            used = parts.bytes + self._disk.others(parts.process, now)
            self._recorder.disk_full = (used > self._most * NEARLY_FULL) + (used > self._most)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            with self.idle:
                work()
        except Exception as error:
            # A disk that is full ends the trace, not the training.
            self._recorder.on = False
            self._recorder.note_error("writer", error)
            self._recorder.dropped["unwritten"] += len(self._recorder.events)
            self._recorder.events.clear()
            with suppress(Exception):
                self._written(self._opened(), self._spent)


class _Disk:
    """How much the other processes of a run have written, looked up now and then."""

    def __init__(self, run: Path) -> None:
        self._run = run
        self._bytes = 0
        self._due = 0.0

    def others(self, process: int, now: float) -> int:
        """Return the bytes in the folders of all processes but this one."""
        if now >= self._due:
            self._due = now + DISK_SECONDS
            own = f"process={process}"
            folders = (folder for folder in (self._run / EVENTS).iterdir() if folder.name != own)
            self._bytes = sum(_size(file) for folder in folders for file in folder.iterdir())
        return self._bytes


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:  # a small part that was joined meanwhile
        return 0
