"""Turn a TrainCheck trace into a trace dataset: lines -> rows -> paired calls -> parts.

Python splits lines, finds parents and names files; `sql/0_ingest/` does the rest. Rows are staged
in a Parquet file and the engine spills under its memory limit, so memory does not grow with the
trace. The same input gives the same bytes.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa

import tc_engine
from tc_engine.dataset import EVENTS, Manifest, write_manifest
from tc_engine.engine.session import Limits, Session
from tc_engine.errors import DataError, QueryError
from tc_engine.ingest.lines import LineReader
from tc_engine.ingest.parents import Call, parents
from tc_engine.ingest.place import new_dataset
from tc_engine.ingest.report import PROBLEM_KINDS, IngestReport, Problem
from tc_engine.ingest.sources import Source, find_sources
from tc_engine.parts import write_part

# Events in memory at once, about 1 kB each, and the rows of a row group.
GROUP_ROWS = 16 * 1024
PART_ROWS = 8 * GROUP_ROWS
SHOWN_PROBLEMS = 20
CREATED_BY = f"tc_engine {tc_engine.__version__} ingest"
_FETCHED = 64 * 1024

Progress = Callable[[str], None]


def ingest(
    sources: Sequence[Path],
    run: Path,
    *,
    limits: Limits,
    strict: bool = False,
    trace_files: bool = False,
    progress: Progress | None = None,
) -> IngestReport:
    """Read the traces of one run and write them as the dataset `run`.

    `sources` are folders that TrainCheck wrote, or the trace files themselves with `trace_files`.
    A dataset that is there is replaced once the new one is whole. With `strict` any problem ends
    it. Raises DataError for sources that are missing, empty or (strict) damaged and where nothing
    can be written, UsageError where `run` is something else than a dataset.
    """
    files = find_sources(sources, trace_files=trace_files)
    with new_dataset(run) as (dataset, scratch):
        spill = limits.temp_dir or scratch
        with Session(replace(limits, temp_dir=spill)) as session:
            _stage(session, files, scratch / "staged.parquet", progress or (lambda _: None))
            return _convert(session, files, dataset, strict, progress or (lambda _: None))


def _convert(
    session: Session, files: Sequence[Source], run: Path, strict: bool, progress: Progress
) -> IngestReport:
    progress("pairing calls")
    for name in ("paired_calls", "placed_events", "problems"):
        session.run(f"0_ingest/{name}")
    report = _report(session, files)
    if strict and report.problems:
        raise DataError(
            f"{report.problems[0]} ({report.problem_count:,} problems in all)",
            "Leave out --strict to go on without such lines",
        )
    if report.calls + report.states == 0:
        where = report.problems[0] if report.problems else files[0].path
        raise DataError(f"no event was found in the trace: {where}", "Check the files given")
    progress("writing the dataset")
    _write_parts(session, run)
    _write_manifest(files, report, run)
    return report


def _stage(session: Session, files: Sequence[Source], staged: Path, progress: Progress) -> None:
    session.set("staged", str(staged))
    session.run("0_ingest/macros")
    try:
        _stage_lines(session, files, progress, damaged=False)
    except QueryError:
        _stage_lines(session, files, progress, damaged=True)


def _stage_lines(
    session: Session, files: Sequence[Source], progress: Progress, *, damaged: bool
) -> None:
    """Stage all rows; raises QueryError for a whole line that is not JSON, unless `damaged`."""
    session.set("damaged", damaged)
    lines = LineReader([source.path for source in files], progress)
    session.connection.register("lines", lines.reader())
    try:
        session.run("0_ingest/rows")
    except Exception:
        # The engine wraps what happened while it pulled the lines; the cause says more.
        if lines.error is not None:
            raise lines.error from None
        raise
    session.connection.unregister("lines")


def _report(session: Session, files: Sequence[Source]) -> IngestReport:
    found = dict(session.rows("SELECT kind, count(*) FROM problems GROUP BY kind"))
    shown = session.rows(
        "SELECT file_no, line_no, problem FROM problems ORDER BY file_no, line_no, problem LIMIT ?",
        [SHOWN_PROBLEMS],
    )
    [(calls, states, incomplete)] = session.rows(
        "SELECT count(*) FILTER (kind = 'call'), count(*) FILTER (kind = 'state'), "
        "count(*) FILTER (outcome = 'incomplete') FROM placed_events"
    )
    [(rows, variables)] = session.rows(
        "SELECT count(*), count(DISTINCT (process_id, variable, variable_type)) "
        "FILTER (kind = 'state') FROM read_parquet(getvariable('staged'))"
    )
    return IngestReport(
        files=len(files),
        rows=rows,
        calls=calls,
        states=states,
        incomplete=incomplete,
        variables=variables,
        **{kind: found.get(kind, 0) for kind in PROBLEM_KINDS},
        problems=tuple(Problem(files[number].name, line, what) for number, line, what in shown),
    )


def _write_parts(session: Session, run: Path) -> None:
    processes = session.rows(
        "SELECT process_id, count(*) FROM placed_events GROUP BY process_id ORDER BY process_id"
    )
    # While Python looks for parents, and while rows are compressed, the next ones are put together.
    with ThreadPoolExecutor(2) as helpers, session.connection.cursor() as calls:
        for process, events in processes:
            session.set("process", process)
            found = helpers.submit(_parents, calls, process, events)
            for number, first in enumerate(range(1, events + 1, PART_ROWS)):
                tables = _tables(session, first, min(first + PART_ROWS - 1, events), found)
                write_part(run, str(process), number, _ahead(helpers, tables), CREATED_BY)


def _tables(
    session: Session, first: int, last: int, found: Future[array[int]]
) -> Iterator[pa.Table]:
    """Yield the events of a process from `first` to `last`, a row group at a time."""
    for start in range(first, last + 1, GROUP_ROWS):
        session.set("first_event", start)
        session.set("last_event", min(start + GROUP_ROWS - 1, last))
        session.run("0_ingest/part")
        table = _part(session)
        outer = _nullable(found.result()[start : start + len(table)])
        yield table.set_column(table.schema.get_field_index("parent_id"), "parent_id", outer)


def _ahead(helpers: ThreadPoolExecutor, tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Yield tables, each after the next one has been asked for."""
    coming = helpers.submit(next, tables, None)
    while (table := coming.result()) is not None:
        coming = helpers.submit(next, tables, None)
        yield table


def _part(session: Session) -> pa.Table:
    try:
        # Only a relation keeps the order in Arrow; the result of execute() does not.
        return session.connection.sql("FROM part ORDER BY event_id").to_arrow_table()
    except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
        raise DataError(
            f"memory or disk ran out while a part was put together: {str(error).splitlines()[0]}",
            "Give it more with --memory-limit, or a disk with more room with --temp-dir",
        ) from error


def _parents(connection: duckdb.DuckDBPyConnection, process: int, events: int) -> array[int]:
    """Return the parent of each event of a process by its number, from 1; 0 where there is none."""
    result = connection.execute(
        "SELECT thread_id, event_id, start_ts, end_ts FROM placed_events "
        "WHERE process_id = ? AND kind = 'call' "
        "ORDER BY thread_id, start_ts, end_ts DESC NULLS FIRST, event_id",
        [process],
    )

    def calls() -> Iterator[Call]:
        while rows := result.fetchmany(_FETCHED):
            yield from rows

    found = array("q", bytes(8 * (events + 1)))
    for child, parent in parents(calls()):
        found[child] = parent
    return found


def _nullable(numbers: array[int]) -> pa.Array:
    """Return numbers with null for 0."""
    return pa.array([number or None for number in numbers], pa.int64())


def _write_manifest(files: Sequence[Source], report: IngestReport, run: Path) -> None:
    size = sum(part.stat().st_size for part in run.glob(f"{EVENTS}/*/*.parquet"))
    counts = {**report.counts, "events": report.calls + report.states, "bytes": size}
    sources = [{"name": file.name, "bytes": file.path.stat().st_size} for file in files]
    manifest = Manifest(
        created_by=CREATED_BY,
        versions={"tc_engine": tc_engine.__version__, "duckdb": duckdb.__version__},
        counts=counts,
        notes={"format": "TrainCheck", "sources": sources},
    )
    write_manifest(run, manifest)
