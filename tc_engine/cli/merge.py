"""`tc-engine merge`: conclude from what all shards of a command found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tc_engine.cli import check, infer
from tc_engine.cli._console import Console
from tc_engine.cli._options import (
    MemoryLimit,
    ReportMlflow,
    ReportWandb,
    TempDir,
    Threads,
    Verbose,
    limits,
)
from tc_engine.errors import ExitCode, UsageError
from tc_engine.files import check_output
from tc_engine.remote import place
from tc_engine.scratch import scratch_folder

if TYPE_CHECKING:
    from tc_engine.dataset import Dataset
    from tc_engine.engine.session import Limits
    from tc_engine.partitions.plan import Plan


def merge(
    work: Annotated[Path, typer.Argument(metavar="WORK", help="The --work folder of the shards.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="PATH",
            help="Where the invariants, or the results of a check, go.  "
            "[default: as for infer and check]",
            show_default=False,
        ),
    ] = None,
    exit_zero: Annotated[
        bool, typer.Option("--exit-zero", help="End with 0 even if an invariant is violated.")
    ] = False,
    report_wandb: ReportWandb = None,
    report_mlflow: ReportMlflow = None,
    threads: Threads = None,
    memory_limit: MemoryLimit = None,
    temp_dir: TempDir = None,
    verbose: Verbose = False,
) -> None:
    """Conclude from what the shards of an inference or a check found.

    The outcome is that of the same command without --shard. Each shard of an inference is started
    twice before, as its last line says: hypotheses are made of the candidates of all.

    \b
    Example:
      tc-engine merge shared/work -o invariants.json
    """
    from tc_engine.inputs import open_folders
    from tc_engine.partitions.plan import Plan

    plan = Plan.read(work)
    bounds = limits(threads, memory_limit, temp_dir)
    if plan.command == "infer" and (report_wandb, report_mlflow) != (None, None):
        raise UsageError("these shards infer: there are no results to report")
    trackers = check.open_trackers(report_wandb, report_mlflow, verbose=verbose)
    with Console(verbose=verbose) as console:
        runs = open_folders([place(run) for run in plan.runs], bounds, console.phase)
        if plan.command == "infer":
            _infer(work, plan, runs, output or Path("invariants.json"), bounds, console)
        else:
            goal = check.Output(output or check.default_folder(), trackers=trackers)
            _check(work, plan, runs, goal, bounds, console, exit_zero=exit_zero)


def _infer(
    work: Path, plan: Plan, runs: list[Dataset], output: Path, bounds: Limits, console: Console
) -> None:
    from tc_engine import relations
    from tc_engine.partitions import inference, shards, store

    check_output(output)
    chosen = relations.select(plan.relations, ())
    paths = tuple(map(Path, plan.sql_path))
    asked = inference.Asked(tuple(chosen), plan.settings, paths, bounds, bounds)
    divided = store.new_partitions(asked.context(work), runs, plan.shards)
    shards.refuse(shards.without_candidates(asked, divided), "found no candidates yet")
    with scratch_folder(bounds.temp_dir) as scratch:
        inference.state(asked, divided, scratch)
        shards.refuse(shards.without_examples(asked, divided, scratch), "counted no examples yet")
    found = inference.learn(asked, divided, console.phase)
    infer.finish(found, output, chosen, merge_sequences=plan.merge_sequences)


def _check(
    work: Path,
    plan: Plan,
    runs: list[Dataset],
    output: check.Output,
    bounds: Limits,
    console: Console,
    *,
    exit_zero: bool,
) -> None:
    from tc_engine import invariants
    from tc_engine.partitions import checking, shards, store

    files = [Path(file) for file in plan.invariant_files]
    stated = tuple(invariants.read(files))
    text = invariants.read_together(files)
    paths = tuple(map(Path, plan.sql_path))
    asked = checking.Asked(tuple(runs), stated, plan.settings, paths, bounds, bounds)
    divided = store.new_partitions(asked.context(work), runs, plan.shards)
    shards.refuse(shards.without_verdicts(divided), "judged nothing yet")
    found = checking.conclude(asked, divided)
    violated = check.finish(found, asked, output, text, console)
    if violated and not exit_zero:
        raise typer.Exit(ExitCode.VIOLATED)
