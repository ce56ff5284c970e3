"""`tc-engine explain`: a finding of a check in full."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tc_engine.cli._console import Console, flush, printable
from tc_engine.cli._options import MemoryLimit, TempDir, Threads, Verbose, limits


def explain(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="The folder of a check.")],
    finding: Annotated[
        str,
        typer.Argument(
            metavar="[ID]", help="A finding by its number, or a finding or rule by its id."
        ),
    ] = "1",
    good: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="A good run, to show how the rule was kept there."),
    ] = None,
    sql: Annotated[
        bool, typer.Option("--sql", help="Print only the query that shows the records.")
    ] = False,
    threads: Threads = None,
    memory_limit: MemoryLimit = None,
    temp_dir: TempDir = None,
    verbose: Verbose = False,
) -> None:
    """Show what broke a rule: the records, and what differs from the nearest that kept it.

    \b
    Example:
      tc-engine explain tc_engine_results_20261122_101500
      tc-engine explain results 2 --good good_run
    """
    from tc_engine.report import explanation
    from tc_engine.report.saved import read_saved

    saved = read_saved(results)
    bounds = limits(threads, memory_limit, temp_dir)
    with Console(verbose=verbose) as console:
        if sql:
            _, chosen = saved.choose(finding)
            text = explanation.sql(saved.witness(chosen, bounds, console.phase))
        else:
            text = saved.explain(finding, good, bounds, console.phase)
    sys.stdout.write(f"{printable(text)}\n")
    flush()
