"""Runs on object stores: named by a URL (s3://, gs://, ...), fetched before they are looked at.

Queries read a part many times, so each is copied once into the session's scratch folder.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from tc_engine.errors import DataError, TcEngineError, UsageError

_MARK = "://"


def place(text: str | os.PathLike[str]) -> Path:
    """Return the path that a text names: of this machine's files, or of a store.

    Raises UsageError where what a store needs is not installed.
    """
    if _MARK not in str(text):
        return Path(text)
    try:
        from upath import UPath  # noqa: PLC0415 - an extra

        found = UPath(str(text))
        found.fs  # noqa: B018 - looks for the library of the store
    except (ImportError, ValueError) as error:
        raise UsageError(
            f"{text} cannot be read: {error}",
            "pip install 'tc-engine[remote]', and the library of the store: s3fs, gcsfs, adlfs",
        ) from error
    # It has the methods of Path that reading needs.
    return cast(Path, found)


def is_remote(path: Path) -> bool:
    """Tell whether a path names something on a store."""
    return _MARK in str(path)


def told_of(path: Path) -> str:
    """Return what a store tells of an object, such as its size, time and ETag."""
    store: Any = path
    return str(sorted(map(str, store.fs.info(store.path).items())))


@contextmanager
def asking(path: Path) -> Iterator[None]:
    """Raise DataError for whatever the library of a store raises, each in its own way."""
    try:
        yield
    except TcEngineError:
        raise
    except Exception as error:
        said = " ".join(f"{type(error).__name__}: {error}".split())
        raise DataError(
            f"cannot read {path}: {said}", "Check the address, and the rights of this machine"
        ) from error


def fetch(run: Path, files: Iterable[Path], folder: Path) -> None:
    """Copy some files of a run into a folder. Raises DataError where that fails."""
    for source in files:
        target = folder / str(source.relative_to(run))
        with asking(source):
            target.parent.mkdir(parents=True, exist_ok=True)
            with source.open("rb") as content, target.open("wb") as copy:
                shutil.copyfileobj(content, copy)
