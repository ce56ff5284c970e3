"""Where a dataset is built, and how it takes its place."""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tc_engine.dataset import is_dataset
from tc_engine.errors import UsageError
from tc_engine.files import cannot_write
from tc_engine.scratch import held, remove_abandoned


@contextmanager
def new_dataset(run: Path) -> Iterator[tuple[Path, Path]]:
    """Give a folder for a dataset that becomes `run` at the end, and a scratch folder.

    Both lie beside `run`. A dataset at `run` is replaced at the end, and stays as it is where the
    body raises, Ctrl-C included. Raises UsageError where `run` is something else, DataError where
    nothing can be written.
    """
    run = run.resolve()
    if run.exists() and not is_dataset(run) and not _is_empty_folder(run):
        raise UsageError(f"{run} exists and is not a trace dataset", "Choose another place with -o")
    work = run.with_name(f"{run.name}.{os.getpid()}.tmp")
    dataset, scratch = work / "dataset", work / "scratch"
    try:
        remove_abandoned(run.parent, f"{glob.escape(run.name)}.*.tmp")
        shutil.rmtree(work, ignore_errors=True)
        dataset.mkdir(parents=True)
        scratch.mkdir()
    except OSError as error:
        raise cannot_write(run, error) from error
    with held(work):
        yield dataset, scratch
        _replace(run, dataset, work / "replaced")


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _replace(run: Path, dataset: Path, replaced: Path) -> None:
    try:
        if run.exists():
            run.rename(replaced)
        try:
            dataset.rename(run)
        except BaseException:
            if replaced.exists():
                replaced.rename(run)
            raise
    except OSError as error:
        raise cannot_write(run, error) from error
