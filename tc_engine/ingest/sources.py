"""Which files hold a TrainCheck trace, and what is recorded about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tc_engine.errors import DataError

PREFIXES = ("trace_", "proxy_log.json")


@dataclass(frozen=True)
class Source:
    """A trace file: its path, and the name it goes by (with its folder's where names repeat)."""

    path: Path
    name: str


def find_sources(paths: Sequence[Path], *, trace_files: bool) -> list[Source]:
    """Return the files of one trace, sorted by name; `paths` are folders, or the files themselves.

    Raises DataError for a path that is missing or of the wrong kind, and for a folder without
    trace files.
    """
    files = [file for path in paths for file in ([_file(path)] if trace_files else _files(path))]
    files.sort(key=lambda file: (file.name, file))
    names = [file.name for file in files]
    return [
        Source(
            file, file.name if names.count(file.name) == 1 else f"{file.parent.name}/{file.name}"
        )
        for file in files
    ]


def is_traincheck(folder: Path) -> bool:
    """Tell whether a folder holds files that TrainCheck names its traces with."""
    try:
        return any(_is_trace(path) for path in folder.iterdir())
    except OSError:
        return False


def _file(path: Path) -> Path:
    if not path.is_file():
        raise DataError(f"there is no trace file at {path}", "Check the path given to -t")
    return path


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise DataError(f"there is no folder of traces at {folder}", "Check the path")
    try:
        found = [path for path in folder.iterdir() if _is_trace(path)]
    except OSError as error:
        raise DataError(
            f"cannot read {folder}: {error.strerror or error}", "Check its permissions"
        ) from error
    if not found:
        raise DataError(
            f"{folder} holds no TrainCheck trace: no file named trace_* or proxy_log.json*",
            "Give the folder that traincheck-collect wrote, or the files themselves with -t",
        )
    return found


def _is_trace(path: Path) -> bool:
    return path.name.startswith(PREFIXES) and path.is_file()
