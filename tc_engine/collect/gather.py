"""Make parts of what the workers of DataLoaders have noted, when the program has ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from tc_engine.collect.fetchlog import ERROR, FOLDER, WorkerProcess, logs, read_process, read_rows
from tc_engine.collect.stamp import CREATED_BY
from tc_engine.collect.summary import ProcessSummary, write_summary
from tc_engine.dataset import claim_process
from tc_engine.parts import write_part
from tc_engine.schema import EVENT_SCHEMA

PART_ROWS = 100_000


def gather(run: Path) -> None:
    """Give each worker that has ended on this host a process folder, and remove its file.

    Files of other hosts, and of workers that still run, are left to the launcher that ends later.
    Raises DataError where a part cannot be written.
    """
    for log in logs(run):
        process = read_process(log)
        if process is None:
            log.unlink()
        elif process.is_gone:
            _gather(run, process, log)
            log.unlink()
    with suppress(OSError):  # it is not there, or not empty
        (run / FOLDER).rmdir()


def _gather(run: Path, process: WorkerProcess, log: Path) -> None:
    number = claim_process(run, process.pid)
    count = size = 0
    errors = {}
    for part, lines in enumerate(_pieces(read_rows(log))):
        rows = [{**line, **process.columns, "process_id": number} for line in lines]
        if ERROR in rows[-1]:
            errors[process.columns["function"]] = rows.pop()[ERROR]
        table = pa.Table.from_pylist(rows, schema=EVENT_SCHEMA)
        path = write_part(run, str(number), part, table, CREATED_BY)
        count, size = count + len(rows), size + path.stat().st_size
    counts = {"events": count, "calls": count, "states": 0, "variables": 0, "bytes": size}
    write_summary(
        run,
        ProcessSummary(
            process_id=number,
            host=process.host,
            ranks=dict(process.ranks),
            versions=dict(process.versions),
            started_at=process.started_at,
            ended_at=None,
            counts={**counts, "dropped": 0, "internal_errors": len(errors)},
            spent_ns=0,  # little, and its short life says nothing of the training
            lasted_ns=0,
            errors=errors,
            functions=[process.columns["function"]] if count else [],
        ),
    )


def _pieces(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while piece := list(islice(rows, PART_ROWS)):
        yield piece
