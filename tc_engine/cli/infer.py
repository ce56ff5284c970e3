"""`tc-engine infer`: learn invariants from traces of good runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tc_engine.cli._console import Console
from tc_engine.cli._options import (
    Backend,
    Debug,
    Folders,
    MemoryLimit,
    MinSupport,
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
from tc_engine.files import check_output

if TYPE_CHECKING:
    from tc_engine.pipelines.infer import Inference
    from tc_engine.relations._base import Relation


def infer(
    folders: Folders = None,
    traces: Traces = None,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="Where the invariants go.")
    ] = Path("invariants.json"),
    enable_relation: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME...", help="Only these relations.", show_default=False),
    ] = None,
    disable_relation: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME...", help="All relations but these.", show_default=False),
    ] = None,
    min_support: MinSupport = None,
    all_hypotheses: Annotated[
        bool,
        typer.Option(
            "--all-hypotheses",
            help="Rules that hold of one program only, or of any, too: they seldom say much.",
        ),
    ] = False,
    tolerance: Tolerance = None,
    merge_sequences: Annotated[
        bool,
        typer.Option(
            "--merge-sequences", help="Join pairs of lead and of cover into chains of calls."
        ),
    ] = False,
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
    disable_precond_sampling: Annotated[
        bool, typer.Option("--disable-precond-sampling", help="Accepted, without effect.")
    ] = False,
    precond_sampling_threshold: Annotated[
        int | None, typer.Option(metavar="N", help="Accepted, without effect.")
    ] = None,
) -> None:
    """Learn the invariants that hold in all of the given runs.

    \b
    Example:
      tc-engine infer -f run1 run2 -o invariants.json
      tc-engine infer -f run1 --disable-relation lead cover
      tc-engine infer -f runs/* --partitions 8 -o invariants.json
    """
    from tc_engine import relations
    from tc_engine.inputs import open_runs
    from tc_engine.partitions.inference import Asked
    from tc_engine.partitions.plan import Plan

    paths = list(sql_path or ())
    values = settings(assignments or (), paths)
    named = {"min_support": min_support, "tolerance": tolerance}
    values |= {name: value for name, value in named.items() if value is not None}
    if all_hypotheses:
        values["all_hypotheses"] = True
    chosen = relations.select(enable_relation or (), disable_relation or ())
    check_output(output)
    bounds = limits(threads, memory_limit, temp_dir)
    division = Division(partitions, work, shard, ray).checked(traces or ())
    with Console(verbose=verbose or debug) as console:
        warn_without_effect(
            console,
            {
                "-b": backend is not None,
                "--disable-precond-sampling": disable_precond_sampling,
                "--precond-sampling-threshold": precond_sampling_threshold is not None,
            },
        )
        with open_runs(folders or (), traces or (), bounds, console.phase) as runs:
            warn_without_norms(console, tolerance, runs)
            asked = Asked(tuple(chosen), values, tuple(paths), bounds, bounds)
            plan = Plan.of(
                "infer",
                runs,
                paths,
                settings=values,
                relations=[relation.name for relation in chosen],
                merge_sequences=merge_sequences,
            )
            found = division.infer(asked, runs, plan, console)
    if found is not None:
        finish(found, output, chosen, merge_sequences=merge_sequences)


def finish(
    found: Inference, output: Path, chosen: Sequence[Relation], *, merge_sequences: bool
) -> None:
    """Write what was learned, and tell how much it is."""
    from tc_engine import invariants
    from tc_engine.sequences import merge_sequences as join_pairs

    learned = join_pairs(found.invariants, chosen) if merge_sequences else found.invariants
    failed = invariants.write_learned(output, learned, found.failed)
    _print_counts(found.counts(chosen))
    sys.stdout.write(
        f"{len(learned):,} invariants written to {output}, "
        f"{len(found.failed):,} failed hypotheses in {failed}\n"
    )


def _print_counts(rows: Sequence[tuple[str, int, int, int, int]]) -> None:
    from tc_engine.cli._formats import write_table
    from tc_engine.cli._rows import Column, Kind
    from tc_engine.pipelines.infer import COUNTS

    columns = [Column("relation", Kind.TEXT), *(Column(name, Kind.NUMBER) for name in COUNTS)]
    write_table(columns, [rows], sys.stdout)
