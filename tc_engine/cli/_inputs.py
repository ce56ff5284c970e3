"""Turn the values of `-f` and `-t` into opened trace datasets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tc_engine.cli._console import Console
from tc_engine.errors import DataError, UsageError
from tc_engine.remote import asking, is_remote
from tc_engine.scratch import scratch_folder

if TYPE_CHECKING:
    from tc_engine.dataset import Dataset
    from tc_engine.engine.session import Limits


@contextmanager
def open_runs(
    folders: Sequence[Path], traces: Sequence[Path], limits: Limits, console: Console
) -> Iterator[list[Dataset]]:
    """Open each folder as a run, and all TrainCheck files of `traces` together as one more.

    The datasets can be read inside the `with` block. Raises UsageError where there is nothing to
    open, and DataError for a folder that holds no trace.
    """
    if not folders and not traces:
        raise UsageError("there is no run to look at", "Name one with -f RUN")
    runs = open_folders(folders, limits, console)
    if not traces:
        yield runs
        return
    with scratch_folder(limits.temp_dir) as scratch:
        yield [*runs, _open_files(traces, scratch / "traces", limits, console)]


def open_folders(folders: Sequence[Path], limits: Limits, console: Console) -> list[Dataset]:
    """Open each folder once: a trace dataset, or TrainCheck traces, which are ingested first.

    Raises DataError where a folder is neither.
    """
    distinct: dict[Path, Path] = {}
    for folder in folders:
        distinct.setdefault(folder.resolve(), folder)
    return [_open(folder, limits, console) for folder in distinct.values()]


def _open(folder: Path, limits: Limits, console: Console) -> Dataset:
    from tc_engine import dataset

    if is_remote(folder):
        console.phase(f"open {folder}")
        with asking(folder):
            return dataset.open_dataset(folder)
    if dataset.is_dataset(folder):
        console.phase(f"open {folder}")
        return dataset.open_dataset(folder)
    from tc_engine import ingest

    if not folder.exists():
        raise DataError(f"there is no trace at {folder}", "Check the path")
    if folder.is_dir() and ingest.is_traincheck(folder):
        console.phase(f"ingest {folder}")
        return dataset.open_dataset(
            ingest.ingest_cached(folder, limits=limits, progress=console.phase)
        )
    raise DataError(
        f"{folder} is neither a trace dataset nor a folder of TrainCheck traces",
        "Make a trace with `tc-engine collect`, or name the files themselves with -t",
    )


def _open_files(files: Sequence[Path], run: Path, limits: Limits, console: Console) -> Dataset:
    from tc_engine import dataset, ingest

    ingest.ingest(files, run, limits=limits, trace_files=True, progress=console.phase)
    return dataset.open_dataset(run)
