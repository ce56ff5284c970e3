"""Text files that are there whole or not at all, and short digests that tell content apart."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tc_engine.errors import DataError, UsageError


def write_whole(path: Path, text: str) -> None:
    """Write a text file so that a reader sees all of it or nothing.

    Raises DataError where the folder cannot be written or the disk is full.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        remove(temporary)
        raise cannot_write(path, error) from error


def check_output(output: Path) -> None:
    """Raise UsageError, before hours of work, for an output that could not be written."""
    if output.is_dir():
        raise UsageError(f"{output} is a folder", "Give -o a file")
    if not output.absolute().parent.is_dir():
        raise UsageError(f"there is no folder {output.parent}", "Make it, or give -o another file")


def remove(temporary: Path) -> None:
    """Remove what was begun, if it was."""
    with suppress(OSError):  # the folder may be gone, or no folder any more
        temporary.unlink()


def cannot_write(path: Path, error: OSError) -> DataError:
    """Describe an output that could not be written, in the operating system's words."""
    return DataError(
        f"cannot write {path}: {error.strerror or error}",
        "Free some space or choose another place with -o",
    )


def filled_lines(path: Path, hint: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text file that are not blank, with their numbers from 1.

    Raises DataError with the hint where it cannot be read.
    """
    lines = read_text(path, hint).splitlines()
    yield from ((number, line) for number, line in enumerate(lines, start=1) if line.strip())


def read_text(path: Path, hint: str) -> str:
    """Read a text file. Raises DataError with the hint where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise DataError(f"{path} cannot be read: {reason}", hint) from error


def digest(text: str) -> str:
    """Return a short digest of a text."""
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
