"""Source files of programs, their content and its digest; and places in them."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

MOST_BYTES = 4 * 2**20  # a larger one was not written by a person
MOST_DIGITS = 10


def content_of(file: Path) -> bytes | None:
    """Return the content of a file; None where there is none to read, or too much."""
    try:
        # A name may come from a stranger's trace: a pipe or a device is not waited for.
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError):
        return None
    with os.fdopen(descriptor, "rb") as opened:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > MOST_BYTES:
            return None
        try:
            return opened.read()
        except OSError:
            return None


def digest_of(content: bytes) -> str:
    """Return the digest of a content."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def split_place(place: str) -> tuple[str, int | None]:
    """Take a place such as `train.py:42` apart: its file and its line, None where it has none."""
    file, _, number = place.rpartition(":")
    if file and number.isdecimal() and len(number) < MOST_DIGITS:
        return file, int(number)
    return place, None
