"""What has become of every job, kept in `status.json` while the batch runs."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from tc_engine.batch.jobs import Job
from tc_engine.files import cannot_write, write_whole

STATUS = "status.json"


class State(StrEnum):
    """What has become of a job."""

    WAITING = "waiting"  # for a job that it needs, for room in the budget, or for a lock
    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"  # its output was there, made of the same input
    FAILED = "failed"
    BLOCKED = "blocked"  # a job that it needs failed
    STOPPED = "stopped"  # the batch was ended before


ENDED_WELL = (State.DONE, State.SKIPPED)


@dataclass(frozen=True)
class Entry:
    """A job on the board.

    `exit_code` is that of its process, `memory` its highest resident memory in bytes, `log` the
    file with what it printed; `note` says why it waits, failed or was not run. `violated`: a check
    that found violations.
    """

    name: str
    kind: str
    state: State
    output: str
    log: str
    exit_code: int | None = None
    violated: bool = False
    seconds: float | None = None
    memory: int | None = None
    note: str = ""


class Board:
    """The entries of a batch.

    Every change is written to `status.json` in its folder, and `changed` is told. Raises DataError
    where the folder cannot be written.
    """

    def __init__(
        self, jobs: Sequence[Job], folder: Path, changed: Callable[[Entry], None] = lambda _: None
    ) -> None:
        self.folder = folder
        self._changed = changed
        self._entries = {
            job.name: Entry(
                job.name, job.kind, State.WAITING, str(job.output), str(self.log_of(job))
            )
            for job in jobs
        }
        self._started = datetime.now(UTC).isoformat(timespec="seconds")
        self._lock = threading.Lock()
        try:
            (folder / "logs").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(folder, error) from error
        self._write()

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def entries(self) -> list[Entry]:
        """Return all entries, in the order of the jobs."""
        return list(self._entries.values())

    def log_of(self, job: Job) -> Path:
        """Return the file for what a job prints."""
        return self.folder / "logs" / f"{job.kind}-{job.name.replace('/', '-')}.log"

    def put(self, job: Job, **changes: Any) -> None:
        """Change the entry of a job."""
        with self._lock:
            self._entries[job.name] = replace(self._entries[job.name], **changes)
            self._write()
            self._changed(self._entries[job.name])

    def _write(self) -> None:
        content = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "started": self._started,
            "changed": datetime.now(UTC).isoformat(timespec="seconds"),
            "jobs": [asdict(entry) for entry in self._entries.values()],
        }
        write_whole(self.folder / STATUS, json.dumps(content, indent=1) + "\n")
