"""`tc-engine batch`: many jobs from one file."""

from __future__ import annotations

import signal
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from tc_engine.cli._console import Console, flush
from tc_engine.cli._options import MemoryLimit, TempDir, Threads, Verbose
from tc_engine.errors import DataError, ExitCode

if TYPE_CHECKING:
    from tc_engine.batch.board import Entry
    from tc_engine.batch.jobs import Job


def batch(
    file: Annotated[Path, typer.Argument(metavar="JOBS.toml", help="The jobs.")],
    jobs: Annotated[
        int, typer.Option("-j", "--jobs", min=1, metavar="N", help="Jobs to run at once.")
    ] = 1,
    nice: Annotated[
        int, typer.Option(min=0, max=19, metavar="N", help="Let other work go first: 0 to 19.")
    ] = 0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would be run, and run nothing.")
    ] = False,
    exit_zero: Annotated[
        bool, typer.Option("--exit-zero", help="End with 0 even if a check finds violations.")
    ] = False,
    threads: Threads = None,
    memory_limit: MemoryLimit = None,
    temp_dir: TempDir = None,
    verbose: Verbose = False,
) -> None:
    """Run many ingest, infer and check jobs, each after those whose output it reads.

    Threads and memory are those of all jobs together. A job whose input and output are as they were
    is skipped, so after a stop the same command goes on where it was. Beside the file,
    JOBS.batch/ holds status.json and a log for each job. Ends with 1 if a check found violations,
    and with 3 if a job failed.

    \b
    Example:
      tc-engine batch nightly.toml --jobs 4 --memory-limit 32GB --nice 10
      tc-engine batch nightly.toml --dry-run
    """
    from tc_engine.batch import jobs as reading
    from tc_engine.batch.board import Board, State
    from tc_engine.batch.run import Batch, Budget
    from tc_engine.engine.resources import default_memory, default_threads, parse_size

    stated = reading.read(file)
    if dry_run:
        _tell_plan(stated)
        return
    folder = file.resolve().with_suffix(".batch")
    memory = parse_size(memory_limit) if memory_limit else default_memory()
    budget = Budget(jobs, threads or default_threads(), memory)
    with Console(verbose=verbose) as console:
        board = Board(stated, folder, lambda entry: console.phase(_line(entry)))
        running = Batch(stated, budget, board, nice=nice, temp_dir=temp_dir)
        signal.signal(signal.SIGTERM, _terminated)
        try:
            running.run()
        finally:
            console.done()
            _tell(board.entries())
    states = Counter(entry.state for entry in board.entries())
    if states[State.FAILED] or states[State.BLOCKED]:
        count = states[State.FAILED] + states[State.BLOCKED]
        raise DataError(
            f"{count} of {len(stated)} jobs did not end well",
            f"Their logs are in {folder / 'logs'}",
        )
    if any(entry.violated for entry in board.entries()) and not exit_zero:
        raise typer.Exit(ExitCode.VIOLATED)


def _terminated(number: int, frame: FrameType | None) -> None:
    """Leave as after Ctrl-C, with the exit code that a scheduler expects."""
    del frame
    raise SystemExit(128 + number)


def _line(entry: Entry) -> str:
    note = f": {entry.note}" if entry.note else ""
    return f"{entry.kind} {entry.name} {entry.state}{note}"


def _tell_plan(stated: Sequence[Job]) -> None:
    from tc_engine.batch.content import is_done, key_of

    rows: list[tuple[object, ...]] = []
    changed: set[str] = set()
    for job in stated:
        there = all(path.exists() for path in job.inputs)
        done = there and not job.needs & changed and is_done(job, key_of(job))
        changed |= set() if done else {job.name}
        after = ", ".join(sorted(job.needs))
        rows.append((job.kind, job.name, "skip" if done else "run", after, str(job.output)))
    _table(("job", "name", "would", "after", "output"), rows)


def _tell(entries: Sequence[Entry]) -> None:
    _table(
        ("job", "name", "state", "seconds", "MB", "note"),
        [
            (
                entry.kind,
                entry.name,
                "violated" if entry.violated else str(entry.state),
                None if entry.seconds is None else f"{entry.seconds:.1f}",
                None if entry.memory is None else round(entry.memory / 1e6),
                entry.note,
            )
            for entry in entries
        ],
    )


def _table(names: Sequence[str], rows: list[tuple[object, ...]]) -> None:
    from tc_engine.cli._formats import write_table
    from tc_engine.cli._rows import Column, Kind

    numbers = ("seconds", "MB")
    columns = [Column(name, Kind.NUMBER if name in numbers else Kind.TEXT) for name in names]
    write_table(columns, [rows], sys.stdout)
    flush()
