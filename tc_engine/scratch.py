"""Folders for files that nobody needs once a command has ended, whichever way it ended.

A folder is locked while its process lives. What a killed process left behind is removed by the next
command that looks for room in the same place.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tc_engine.errors import UsageError

PREFIX = "tc-engine-"
_SETTLED = 60  # seconds: a younger folder may not have its lock yet


@contextmanager
def scratch_folder(place: Path | None = None) -> Iterator[Path]:
    """Make a folder in `place`, by default that of the system, and remove it at the end.

    Raises UsageError where none can be made.
    """
    base = place or Path(tempfile.gettempdir())
    try:
        base.mkdir(parents=True, exist_ok=True)
        remove_abandoned(base, f"{PREFIX}*")
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
    except OSError as error:
        raise UsageError(
            f"no folder can be made in {base}: {error.strerror or error}",
            "Give --temp-dir one that can be written",
        ) from error
    with held(folder):
        yield folder


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder that is there, and remove the folder at the end."""
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def remove_abandoned(base: Path, pattern: str) -> None:
    """Remove the folders below `base` whose process is gone."""
    for folder in base.glob(pattern):
        # Another user's, or one that goes away this moment, is none of ours.
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > _SETTLED:
                _remove_unless_held(folder)


def _remove_unless_held(folder: Path) -> None:
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)
