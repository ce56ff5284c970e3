"""`tc-engine explain`: a finding of a check in full."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tc_engine.cli._console import Console, flush
from tc_engine.cli._options import MemoryLimit, TempDir, Threads, Verbose, limits
from tc_engine.errors import DataError, UsageError
from tc_engine.remote import place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tc_engine.diagnosis.witnesses import Witness
    from tc_engine.engine.session import Limits
    from tc_engine.report.document import Saved

SHORTEST = 4  # letters of an id


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
    from tc_engine.report.document import read_saved

    saved = read_saved(results)
    number, chosen = _choose(saved.document["findings"], finding, results)
    run = _run(saved, chosen["trace"])
    bounds = limits(threads, memory_limit, temp_dir)
    with Console(verbose=verbose) as console:
        witness = _witness(saved, chosen, place(run), bounds, console)
        kept = _witness(saved, chosen, good, bounds, console) if good else None
    if sql:
        sys.stdout.write(f"{explanation.sql(witness)}\n")
    else:
        sys.stdout.write(f"{explanation.explain(number, chosen, witness, kept, run)}\n")
    flush()


def _choose(
    findings: Sequence[Mapping[str, Any]], wanted: str, results: Path
) -> tuple[int, Mapping[str, Any]]:
    """Return a finding and its number; a rule that is not its first is put first."""
    if not findings:
        raise UsageError(f"{results} holds no finding: nothing was violated")
    if wanted.isdecimal() and 1 <= int(wanted) <= len(findings):
        return int(wanted), findings[int(wanted) - 1]
    for number, one in enumerate(findings, start=1):
        for violation in one["violations"] if len(wanted) >= SHORTEST else ():
            if violation["id"].startswith(wanted):
                rest = [other for other in one["violations"] if other is not violation]
                title = violation["broken"]
                return number, {**one, "title": title, "violations": [violation, *rest]}
    raise UsageError(
        f"there is no finding {wanted} in {results}",
        f"Give a number from 1 to {len(findings)}, or an id that the summary shows",
    )


def _run(saved: Saved, trace: str) -> str:
    """Return where the run of a trace was when it was checked."""
    return next(str(one["path"]) for one in saved.document["traces"] if one["name"] == trace)


def _witness(
    saved: Saved, finding: Mapping[str, Any], run: Path, bounds: Limits, console: Console
) -> Witness:
    from tc_engine.dataset import open_dataset
    from tc_engine.diagnosis.witnesses import find_witnesses

    if not run.exists():
        raise DataError(f"the run is no longer at {run}", "Check again where it is now")
    (found,) = find_witnesses(
        open_dataset(run),
        [saved.invariants[finding["violations"][0]["id"]]],
        limits=bounds,
        settings=saved.document["settings"],
        sql_path=[Path(path) for path in saved.document["sql_path"]],
        progress=console.phase,
    )
    return found
