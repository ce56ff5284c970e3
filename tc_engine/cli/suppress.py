"""`tc-engine suppress`: let a rule be broken until a day."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from tc_engine.errors import UsageError

DEFAULT = Path("suppressions.jsonl")


def suppress(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="The folder of a check.")],
    rule: Annotated[str, typer.Argument(metavar="ID", help="A rule by its id.")],
    reason: Annotated[str, typer.Option(help="Why it may be broken.")],
    until: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="The last day of that.")
    ],
    file: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="Where suppressions are kept.")
    ] = DEFAULT,
) -> None:
    """Let a rule be broken until a day: `check --suppressions FILE` counts it, and no more.

    \b
    Example:
      tc-engine suppress results 1f731df5 --reason "evaluates with gradients" --until 2027-01-31
      tc-engine check -f run -i invariants.json --suppressions suppressions.jsonl
    """
    from tc_engine.diagnosis import suppressions
    from tc_engine.report.saved import SHORTEST, read_saved

    known = read_saved(results).invariants
    found = [key for key in known if len(rule) >= SHORTEST and key.startswith(rule)]
    if len(found) != 1:
        raise UsageError(
            f"{rule} is the id of {len(found) or 'no'} rule{'s' * (len(found) > 1)} in {results}",
            "`tc-engine explain` shows the ids of broken rules",
        )
    (key,) = found
    one = suppressions.Suppression(key, known[key].text, reason, until.date().isoformat())
    suppressions.add(file, one)
    sys.stdout.write(f"{key} ({one.rule}) may be broken until {one.until}: {file}\n")
