"""One job at a time makes an output, whichever batch it is in: lock files that name their owner."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tc_engine.batch.jobs import Job
from tc_engine.files import cannot_write

_EVERY = 0.2  # seconds between two tries


class StoppedError(Exception):
    """The batch ends while a job waits for a lock."""


@contextmanager
def locked(
    job: Job, waiting: Callable[[str], None], stopping: threading.Event
) -> Iterator[list[int]]:
    """Hold the output of a job alone, and what it reads of other jobs together with others.

    Gives the descriptors of the locks, for the process that does the work: a lock lasts as long as
    any process has it open, so that of a killed one is free. `waiting` is told who has one. Locks
    are taken in order of their paths, so no two batches wait for each other. Raises StoppedError
    where `stopping` is set first, DataError where a lock file cannot be made.
    """
    wanted = {lock_of(path): fcntl.LOCK_SH for path in job.inputs if lock_of(path).exists()}
    wanted[lock_of(job.output)] = fcntl.LOCK_EX
    held: list[int] = []
    try:
        for path, mode in sorted(wanted.items()):
            held.append(_open(path))
            if not _taken(held[-1], mode):
                waiting(_owner(path))
                while not _taken(held[-1], mode):
                    if stopping.wait(_EVERY):
                        raise StoppedError
            if mode == fcntl.LOCK_EX:
                owner = {"job": job.name, "host": socket.gethostname(), "pid": os.getpid()}
                os.ftruncate(held[-1], 0)
                os.pwrite(held[-1], json.dumps(owner).encode(), 0)
        yield held
    finally:
        for lock in held:
            os.close(lock)


def lock_of(output: Path) -> Path:
    """Return the lock file of an output."""
    return output.with_name(f".{output.name}.lock")


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise cannot_write(path, error) from error


def _taken(lock: int, mode: int) -> bool:
    try:
        fcntl.flock(lock, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _owner(path: Path) -> str:
    try:
        owner = json.loads(path.read_text(encoding="utf-8"))
        return f"{owner['job']} (process {owner['pid']} on {owner['host']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another batch"
