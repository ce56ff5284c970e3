"""`tc-engine diff`: what two runs of a program do differently."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tc_engine.cli._console import Console, flush, printable
from tc_engine.cli._options import MemoryLimit, TempDir, Threads, Verbose, limits
from tc_engine.errors import ExitCode
from tc_engine.remote import place

if TYPE_CHECKING:
    from tc_engine.cli._rows import Column, Row
    from tc_engine.pipelines.diff import Difference, Matched, Run, Section

SHOWN = 10


class Listing(StrEnum):
    """How differences are written."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"


def diff(
    run_a: Annotated[Path, typer.Argument(parser=place, metavar="RUN_A", help="The one run.")],
    run_b: Annotated[Path, typer.Argument(parser=place, metavar="RUN_B", help="The other one.")],
    form: Annotated[
        Listing, typer.Option("--format", help="How differences are written.")
    ] = Listing.TABLE,
    show_all: Annotated[
        bool,
        typer.Option("--all", help=f"Show all rows of a table, not {SHOWN} of each kind."),
    ] = False,
    exit_zero: Annotated[
        bool, typer.Option("--exit-zero", help="End with 0 even if there are differences.")
    ] = False,
    threads: Threads = None,
    memory_limit: MemoryLimit = None,
    temp_dir: TempDir = None,
    verbose: Verbose = False,
) -> None:
    """Tell what two runs of a program do differently; ends with 1 if anything.

    Calls, arguments, results, parameters and their content are compared by step and order. Numbers
    of processes and objects, addresses and times are not compared.

    \b
    Example:
      tc-engine diff good suspect
      tc-engine diff monday tuesday --format jsonl > differences.jsonl
    """
    from tc_engine.inputs import open_folders
    from tc_engine.pipelines.diff import diff as compare

    bounds = limits(threads, memory_limit, temp_dir)
    with Console(verbose=verbose) as console:
        a, b = (open_folders([run], bounds, console.phase)[0] for run in (run_a, run_b))
        with compare(a, b, limits=bounds, progress=console.phase) as found:
            console.done()
            if form is Listing.TABLE:
                _write_tables(found, None if show_all else SHOWN)
            else:
                _write_objects(found, form)
            flush()
            differs = bool(found)
    if differs and not exit_zero:
        raise typer.Exit(ExitCode.DIFFERENT)


def _write_tables(found: Difference, shown: int | None) -> None:
    from tc_engine.cli._formats import write_table

    out = sys.stdout
    out.writelines(f"{printable(line)}\n" for line in _head(found.matched))
    for section, count in found.counts.items():
        if not count:
            continue
        columns, rows = _rows_of(found, section)
        if len(found.matched.processes) == 1:  # it is the same in all rows
            columns, rows = columns[:-1], (row[:-1] for row in rows)
        told = [tuple("-" if cell is None else cell for cell in row) for row in islice(rows, shown)]
        out.write(f"\n{section.title}\n\n")
        write_table(columns, [told], out)
        if len(told) < count:
            out.write(f"... and {count - len(told):,} more; --all shows them\n")
    if not found:
        out.write("\nNo differences\n")


def _write_objects(found: Difference, form: Listing) -> None:
    lines = _objects(found)
    if form is Listing.JSONL:
        sys.stdout.writelines(f"{line}\n" for line in lines)
        return
    sys.stdout.write("[\n" + next(lines))
    sys.stdout.writelines(f",\n{line}" for line in lines)
    sys.stdout.write("\n]\n")


def _objects(found: Difference) -> Iterator[str]:
    """Yield what was compared, then every difference, each as a line of JSON."""
    from tc_engine.cli._formats import objects
    from tc_engine.cli._rows import Column, Kind

    yield json.dumps({"section": "compared", **_compared(found.matched)}, ensure_ascii=False)
    for section in found.counts:
        columns, rows = _rows_of(found, section)
        named = ((section.name, *row) for row in rows)
        yield from objects([Column("section", Kind.TEXT), *columns], ([row] for row in named))


def _rows_of(found: Difference, section: Section) -> tuple[Sequence[Column], Iterator[Row]]:
    """Return the differences of a section; the last column names the processes."""
    from tc_engine.cli import _rows

    relation = found.rows(section)
    return _rows.columns(relation), chain.from_iterable(_rows.stream(relation))


def _compared(matched: Matched) -> dict[str, Any]:
    return {
        **_run("a", matched.a),
        **_run("b", matched.b),
        "shared_steps": matched.shared_steps,
        "processes": matched.processes,
        "by_rank": matched.by_rank,
        "notes": matched.notes,
    }


def _run(side: str, run: Run) -> dict[str, Any]:
    return {
        side: str(run.path),
        f"steps_{side}": run.steps,
        f"first_step_{side}": run.first_step,
        f"last_step_{side}": run.last_step,
        f"left_out_{side}": run.left_out,
    }


def _head(matched: Matched) -> Iterator[str]:
    """Yield the lines that say what was compared, and what was not."""
    for side, run in (("A", matched.a), ("B", matched.b)):
        yield f"{side}: {run.path} ({_steps(run)})"
    if matched.by_rank:
        how = f"by rank: {', '.join(matched.processes)}"
    else:
        how = "in the order of their start" if len(matched.processes) > 1 else "the first of each"
    yield f"Compared: {_many(matched.shared_steps, 'step')} of {_processes(matched)}, {how}"
    for side, run in (("A", matched.a), ("B", matched.b)):
        if run.left_out:
            yield f"Left out of {side}: {', '.join(run.left_out)}"
    for note in matched.notes:
        yield f"Note: {note}"


def _steps(run: Run) -> str:
    if run.first_step is None:
        return "no step"
    return f"{_many(run.steps, 'step')}, {run.first_step} to {run.last_step}"


def _processes(matched: Matched) -> str:
    count = len(matched.processes)
    return "1 process" if count == 1 else f"{count:,} processes"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
