"""The file in which a worker of a DataLoader notes its fetches, until the launcher gathers it.

A worker lives for an epoch or less, starts when training waits for it and is often forked while
another thread of its parent is at work. So it runs no writer: it appends a line to a file of its
own, which costs no thread and no import, and of which nothing is lost when it is killed.

The first line tells of the process, all others are rows of the event table: what they have in
common is in the first line too.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tc_engine.collect.stamp import now

FOLDER = ".workers"
ERROR = "internal_error"


@dataclass(frozen=True)
class WorkerProcess:
    """A worker: who it is, and the columns that have one value in all of its rows."""

    pid: int
    host: str
    ranks: Mapping[str, int]
    versions: Mapping[str, str]
    started_at: str
    columns: Mapping[str, Any]

    @property
    def is_gone(self) -> bool:
        """Whether it ran on this host and has ended."""
        if self.host != socket.gethostname():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False


class FetchLog:
    """The file of this process; raises OSError where it cannot be written."""

    def __init__(
        self,
        run: Path,
        ranks: Mapping[str, int],
        versions: Mapping[str, str],
        columns: Mapping[str, Any],
    ) -> None:
        host = socket.gethostname()
        process = WorkerProcess(
            pid=os.getpid(),
            host=host,
            ranks=ranks,
            versions=versions,
            started_at=now(),
            columns=columns,
        )
        folder = run / FOLDER
        folder.mkdir(exist_ok=True)
        name = f"{host}-{process.pid}-{time.time_ns()}.jsonl"
        self._file = (folder / name).open("xb", buffering=0)
        self._write(asdict(process))

    def add(self, row: Mapping[str, Any]) -> None:
        """Append a row."""
        self._write(row)

    def fail(self, error: str) -> None:
        """Append the traceback of an internal error, after which nothing follows."""
        self._write({ERROR: error})

    def _write(self, line: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(line).encode() + b"\n")


def logs(run: Path) -> list[Path]:
    """Return the files that have not been gathered."""
    return sorted((run / FOLDER).glob("*.jsonl"))


def read_process(log: Path) -> WorkerProcess | None:
    """Read the first line of a file; None if the worker was killed in the middle of it."""
    with log.open("rb") as file:
        found = _parsed(file.readline())
    return None if found is None else WorkerProcess(**found)


def read_rows(log: Path) -> Iterator[dict[str, Any]]:
    """Read the rows of a file without what they have in common, and internal errors.

    A line that is not whole is left out.
    """
    with log.open("rb") as file:
        file.readline()
        for line in file:
            row = _parsed(line)
            if row is not None:
                yield row


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
