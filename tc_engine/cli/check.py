"""`tc-engine check`: find where runs break invariants."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tc_engine.cli._console import Console, flush
from tc_engine.cli._inputs import open_runs
from tc_engine.cli._options import (
    Backend,
    Debug,
    Folders,
    MemoryLimit,
    Settings,
    SqlPath,
    TempDir,
    Threads,
    Tolerance,
    Traces,
    Verbose,
    limits,
    settings,
    warn_without_effect,
    warn_without_norms,
)
from tc_engine.cli._parts import Division, Partitions, Ray, Shard, Work
from tc_engine.errors import ExitCode

if TYPE_CHECKING:
    from tc_engine.check import Check


def check(
    invariant_files: Annotated[
        list[Path],
        typer.Option("-i", "--invariants", metavar="FILE...", help="Invariants to check."),
    ],
    folders: Folders = None,
    traces: Traces = None,
    output_dir: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output-dir",
            metavar="DIR",
            help="Where the results go.  [default: tc_engine_results_<time>]",
        ),
    ] = None,
    exit_zero: Annotated[
        bool, typer.Option("--exit-zero", help="End with 0 even if an invariant is violated.")
    ] = False,
    tolerance: Tolerance = None,
    assignments: Settings = None,
    sql_path: SqlPath = None,
    partitions: Partitions = None,
    work: Work = None,
    shard: Shard = None,
    ray: Ray = None,
    threads: Threads = None,
    memory_limit: MemoryLimit = None,
    temp_dir: TempDir = None,
    verbose: Verbose = False,
    debug: Debug = False,
    backend: Backend = None,
    check_relation_first: Annotated[
        bool, typer.Option("--check-relation-first", help="Accepted, without effect.")
    ] = False,
    no_html_report: Annotated[
        bool, typer.Option("--no-html-report", help="Accepted, without effect.")
    ] = False,
) -> None:
    """Check runs against invariants; ends with 1 if any is violated.

    \b
    Example:
      tc-engine check -f run3 -i invariants.json
      tc-engine check -f run3 run4 -i invariants.json -o results --exit-zero
    """
    from tc_engine import invariants
    from tc_engine.partitions.checking import Asked
    from tc_engine.partitions.plan import Plan

    paths = list(sql_path or ())
    values = settings(assignments or (), paths)
    if tolerance is not None:
        values["tolerance"] = tolerance
    bounds = limits(threads, memory_limit, temp_dir)
    folder = output_dir or default_folder()
    division = Division(partitions, work, shard, ray).checked(traces or ())
    with Console(verbose=verbose or debug) as console:
        warn_without_effect(
            console,
            {
                "-b": backend is not None,
                "--check-relation-first": check_relation_first,
                "--no-html-report": no_html_report,
            },
        )
        stated = invariants.read(invariant_files)
        with open_runs(folders or (), traces or (), bounds, console) as runs:
            warn_without_norms(console, tolerance, runs)
            asked = Asked(tuple(runs), tuple(stated), values, tuple(paths), bounds, bounds)
            files = [str(file.resolve()) for file in invariant_files]
            plan = Plan.of("check", runs, paths, settings=values, invariant_files=files)
            found = division.check(asked, plan, console)
    if found is not None:
        finish(found, folder, invariant_files, exit_zero=exit_zero)


def default_folder() -> Path:
    """Return where results go unless told otherwise."""
    return Path(f"tc_engine_results_{datetime.now():%Y%m%d_%H%M%S}")


def finish(found: Check, folder: Path, invariant_files: Sequence[Path], *, exit_zero: bool) -> None:
    """Write the results, tell them, and end with 1 where an invariant is violated."""
    from tc_engine.report import results, summary

    results.write(found, folder, invariant_files)
    sys.stdout.write(f"{summary.render(found, folder)}\n")
    flush()
    if found.violated and not exit_zero:
        raise typer.Exit(ExitCode.VIOLATED)
