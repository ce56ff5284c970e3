"""`tc-engine check`: find where runs break invariants."""

from __future__ import annotations

import json
import sys
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tc_engine.cli._console import Console, flush, printable
from tc_engine.cli._options import (
    Backend,
    Debug,
    Folders,
    MemoryLimit,
    MinSupport,
    ReportMlflow,
    ReportWandb,
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
from tc_engine.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from tc_engine.partitions.checking import Asked
    from tc_engine.pipelines.check import Check
    from tc_engine.report.trackers import Tracker


class Form(StrEnum):
    """What `check` prints."""

    TEXT = "text"
    JSONL = "jsonl"


@dataclass(frozen=True)
class Output:
    """Where the outcome of a check goes, and in which forms."""

    folder: Path
    html: bool = True
    form: Form = Form.TEXT
    junit: Path | None = None
    trackers: Sequence[Tracker] = ()


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
    form: Annotated[
        Form, typer.Option("--format", help="What to print: a summary, or a finding a line.")
    ] = Form.TEXT,
    junit: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write JUnit XML, a test case for each rule, here."),
    ] = None,
    suppressions: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE...", help="Rules that may be broken (`suppress`).", show_default=False
        ),
    ] = None,
    report_wandb: ReportWandb = None,
    report_mlflow: ReportMlflow = None,
    min_support: MinSupport = None,
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
        bool, typer.Option("--no-html-report", help="Write no report.html.")
    ] = False,
) -> None:
    """Check runs against invariants; ends with 1 if any is violated.

    \b
    Example:
      tc-engine check -f run3 -i invariants.json
      tc-engine check -f run3 run4 -i invariants.json -o results --exit-zero
    """
    from tc_engine import invariants
    from tc_engine.diagnosis.suppressions import active
    from tc_engine.inputs import open_runs
    from tc_engine.partitions.checking import Asked
    from tc_engine.partitions.plan import Plan

    paths = list(sql_path or ())
    values = settings(assignments or (), paths)
    named = {"min_support": min_support, "tolerance": tolerance}
    values |= {name: value for name, value in named.items() if value is not None}
    bounds = limits(threads, memory_limit, temp_dir)
    folder = output_dir or default_folder()
    division = Division(partitions, work, shard, ray).checked(traces or ())
    if shard is not None and (report_wandb, report_mlflow) != (None, None):
        raise UsageError("a shard has no results to report", "Give the option to `merge`")
    trackers = open_trackers(report_wandb, report_mlflow, verbose=verbose or debug)
    with Console(verbose=verbose or debug) as console:
        warn_without_effect(
            console,
            {
                "-b": backend is not None,
                "--check-relation-first": check_relation_first,
            },
        )
        stated = invariants.read(invariant_files)
        text = invariants.read_together(invariant_files)
        allowed = active(suppressions or (), console.note)
        with open_runs(folders or (), traces or (), bounds, console.phase) as runs:
            warn_without_norms(console, tolerance, runs)
            asked = Asked(tuple(runs), tuple(stated), values, tuple(paths), bounds, bounds)
            files = [str(file.resolve()) for file in invariant_files]
            plan = Plan.of("check", runs, paths, settings=values, invariant_files=files)
            found = division.check(asked, plan, console)
            if found is not None:
                output = Output(folder, not no_html_report, form, junit, trackers)
                violated = finish(found, asked, output, text, console, allowed)
    if found is not None and violated and not exit_zero:
        raise typer.Exit(ExitCode.VIOLATED)


def default_folder() -> Path:
    """Return where results go unless told otherwise."""
    return Path(f"tc_engine_results_{datetime.now():%Y%m%d_%H%M%S}")


def open_trackers(wandb: str | None, mlflow: str | None, *, verbose: bool) -> Sequence[Tracker]:
    """Return the trackers to report to; a target that is none is told before the work begins."""
    if wandb is None and mlflow is None:
        return ()
    from tc_engine.report import trackers

    return trackers.open_trackers(wandb, mlflow, verbose=verbose)


def finish(
    found: Check,
    asked: Asked,
    output: Output,
    stated: str,
    console: Console,
    allowed: Container[str] = (),
) -> bool:
    """Write the results and tell them; return whether a rule is broken that may not be.

    `stated` is the text of the invariants. Raises DataError, with all else done, where a tracker
    does not take the results.
    """
    from tc_engine.diagnosis import diagnose
    from tc_engine.files import write_whole
    from tc_engine.report import document, results, summary

    diagnosis = diagnose(found, allowed)
    content = document.to_document(found, diagnosis, asked.settings, asked.sql_path)
    pages = {results.DOCUMENT: document.to_text(content)}
    if output.html:
        from tc_engine.report import page

        pages[results.PAGE] = page.make(found, diagnosis, content, asked, console.phase)
    results.write(found, output.folder, stated, pages)
    if output.junit:
        from tc_engine.report import junit

        write_whole(output.junit, junit.render(found, diagnosis))
    console.done()
    if output.form is Form.JSONL:
        sys.stdout.writelines(json.dumps(one) + "\n" for one in content["findings"])
    else:
        sys.stdout.write(f"{printable(summary.render(found, diagnosis, output.folder))}\n")
    flush()
    if output.trackers:
        from tc_engine.report import trackers

        console.phase("reporting the results")
        trackers.report(output.trackers, content, output.folder, console.note)
    return diagnosis.violated
