"""Write a trace dataset as the files of another tool: TrainCheck's traces.

`sql/6_export/` makes the lines and the engine sorts them, spilling under its memory limit; here
they only go into files. A folder of traces appears whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path

import duckdb

from tc_engine.dataset import Dataset
from tc_engine.engine import stages
from tc_engine.engine.session import Limits, Session
from tc_engine.errors import DataError, UsageError
from tc_engine.files import cannot_write
from tc_engine.ingest.place import new_dataset

_FETCHED = 4096
_SORTED = "SELECT file, text FROM traincheck_lines ORDER BY file, ts, turn, process_id, nth"

Progress = Callable[[str], None]


@dataclass(frozen=True)
class ExportReport:
    """What was written: how many files, and rows (lines) in them."""

    files: int
    rows: int


def export_traincheck(
    run: Dataset,
    folder: Path,
    *,
    limits: Limits,
    contexts: bool = True,
    progress: Progress | None = None,
) -> ExportReport:
    """Write the trace files that TrainCheck would have written for a run.

    The calls of a thread are in `trace_API_<process>_<thread>.log`, the states of all variables in
    `proxy_log.json`. Without `contexts`, the annotations do not tell context managers.

    Raises UsageError where `folder` is there and not empty, DataError where the run holds no event
    or nothing can be written.
    """
    tell = progress or (lambda _: None)
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise UsageError(f"{folder} exists and is not empty", "Choose another place with -o")
    with (
        new_dataset(folder) as (files, scratch),
        Session(replace(limits, temp_dir=limits.temp_dir or scratch)) as session,
    ):
        tell(f"sorting the events of {run.path.name}")
        stages.load(session, [run])
        session.set("without_contexts", not contexts)
        session.run("6_export/traincheck_lines")
        report = _write(files, _lines(session), tell)
        if not report.rows:
            raise DataError(f"{run.path} holds no events", "Check the run given")
    return report


def _write(folder: Path, lines: Iterator[tuple[str, str]], progress: Progress) -> ExportReport:
    count = files = 0
    for name, of_file in groupby(lines, key=itemgetter(0)):
        progress(f"writing {name}")
        files += 1
        try:
            with (folder / name).open("w", encoding="utf-8", newline="\n") as file:
                for _, text in of_file:
                    file.write(f"{text}\n")
                    count += 1
        except OSError as error:
            raise cannot_write(folder / name, error) from error
    return ExportReport(files, count)


def _lines(session: Session) -> Iterator[tuple[str, str]]:
    """Yield file and text of each line, file by file."""
    try:
        result = session.connection.execute(_SORTED)
        yield from chain.from_iterable(iter(lambda: result.fetchmany(_FETCHED), []))
    except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
        raise DataError(
            f"memory or disk ran out while the events were sorted: {str(error).splitlines()[0]}",
            "Give it more with --memory-limit, or a disk with more room with --temp-dir",
        ) from error
