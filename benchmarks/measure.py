"""Run a command and measure it as a whole process: wall, CPU, memory, bytes read and spilled."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

EVERY = 0.02  # seconds between two looks at a process


@dataclass(frozen=True)
class Figures:
    """One run of a command.

    `wall` and `cpu` in seconds; in bytes `memory` the highest resident memory, `read` what it read
    from files, cached or not, and `spilled` the most that lay in its folder for temporary files.
    """

    wall: float
    cpu: float
    memory: int
    read: int
    spilled: int


def measured(
    command: Sequence[object], allowed: Sequence[int] = (0,), cwd: Path | None = None
) -> Figures:
    """Run a command; exits where it ends with a code that is not allowed."""
    with tempfile.TemporaryDirectory(prefix="tc-bench-") as scratch:
        words = [str(word) for word in command]
        start = time.perf_counter()
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                words,
                cwd=cwd,
                env={**os.environ, "TC_ENGINE_TEMP_DIR": scratch},
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
            watch = _Watch(process.pid, Path(scratch))
            watch.start()
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - start
            watch.stop()
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode not in allowed:
                errors.seek(0)
                tail = errors.read().decode(errors="replace")[-500:]
                sys.exit(f"{' '.join(words)} ended with {process.returncode}: {tail}")
    cpu = usage.ru_utime + usage.ru_stime
    return Figures(wall, cpu, usage.ru_maxrss * 1024, watch.read, watch.spilled)


def middle(runs: Sequence[Figures]) -> Figures:
    """Return the median of the times and the highest of the bytes."""
    return Figures(
        wall=median(run.wall for run in runs),
        cpu=median(run.cpu for run in runs),
        memory=max(run.memory for run in runs),
        read=max(run.read for run in runs),
        spilled=max(run.spilled for run in runs),
    )


class _Watch(threading.Thread):
    """Looks at a process, and at the folder that it spills into, until it ends."""

    def __init__(self, pid: int, scratch: Path) -> None:
        super().__init__(daemon=True)
        self.read = 0
        self.spilled = 0
        self._counters = Path(f"/proc/{pid}/io")
        self._scratch = scratch
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(EVERY):
            with suppress(OSError, ValueError, IndexError):  # the process may end any moment
                self.read = int(self._counters.read_text(encoding="utf-8").split()[1])
            self.spilled = max(self.spilled, _size(self._scratch))

    def stop(self) -> None:
        self._ended.set()
        self.join()


def _size(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):  # folders may go away while it looks
        for name in names:
            with suppress(OSError):
                total += Path(place, name).stat().st_size
    return total
