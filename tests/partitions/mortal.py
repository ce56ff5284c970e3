"""A call whose process is killed in the middle of it, once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tc_engine.partitions.executors import Call, Executor, Told


def mortal(executor: Executor, marks: Path, after: float) -> Executor:
    """Wrap an executor: the process of its first call dies some seconds into its first attempt."""

    def run(calls: Sequence[Call], told: Told) -> None:
        mark = marks / f"killed-{len(list(marks.iterdir()))}"
        executor([partial(dying, mark, after, calls[0]), *calls[1:]], told)

    return run


def dying(mark: Path, after: float, call: Call) -> None:
    if not mark.exists():
        mark.touch()
        threading.Timer(after, os.kill, (os.getpid(), signal.SIGKILL)).start()
        threading.Event().wait(after / 2)
        call()
        threading.Event().wait()
    call()
