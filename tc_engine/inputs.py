"""Open what a person names as a run: a trace dataset, a store's address, TrainCheck's traces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tc_engine.dataset import Dataset, is_dataset, open_dataset
from tc_engine.engine.session import Limits
from tc_engine.errors import DataError, UsageError
from tc_engine.remote import asking, is_remote
from tc_engine.scratch import scratch_folder

Progress = Callable[[str], None]

NO_RUN = "there is no run to look at"


@contextmanager
def open_runs(
    folders: Sequence[Path], traces: Sequence[Path], limits: Limits, progress: Progress
) -> Iterator[list[Dataset]]:
    """Open each folder as a run, and all TrainCheck files of `traces` together as one more.

    The datasets can be read inside the `with` block. Raises UsageError where there is nothing to
    open, and DataError for a folder that holds no trace.
    """
    if not folders and not traces:
        raise UsageError(NO_RUN, "Name one with -f RUN")
    runs = open_folders(folders, limits, progress)
    if not traces:
        yield runs
        return
    from tc_engine import ingest  # noqa: PLC0415 - as below

    with scratch_folder(limits.temp_dir) as scratch:
        run = scratch / "traces"
        ingest.ingest(traces, run, limits=limits, trace_files=True, progress=progress)
        yield [*runs, open_dataset(run)]


def open_folders(folders: Sequence[Path], limits: Limits, progress: Progress) -> list[Dataset]:
    """Open each folder once: a trace dataset, or TrainCheck traces, which are ingested first.

    Raises DataError where a folder is neither.
    """
    distinct: dict[Path, Path] = {}
    for folder in folders:
        distinct.setdefault(folder.resolve(), folder)
    return [_open(folder, limits, progress) for folder in distinct.values()]


def _open(folder: Path, limits: Limits, progress: Progress) -> Dataset:
    if is_remote(folder):
        progress(f"open {folder}")
        with asking(folder):
            return open_dataset(folder)
    if is_dataset(folder):
        progress(f"open {folder}")
        return open_dataset(folder)
    from tc_engine import ingest  # noqa: PLC0415 - brings pyarrow, which no dataset needs

    if not folder.exists():
        raise DataError(f"there is no trace at {folder}", "Check the path")
    if folder.is_dir() and ingest.is_traincheck(folder):
        progress(f"ingest {folder}")
        return open_dataset(ingest.ingest_cached(folder, limits=limits, progress=progress))
    raise DataError(
        f"{folder} is neither a trace dataset nor a folder of TrainCheck traces",
        "Make a trace with `tc-engine collect`, or name the files themselves with -t",
    )
