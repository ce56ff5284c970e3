"""The command: print the tables, put them into the page, end with 1 where a reason is missing."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.compatibility import page
from benchmarks.compatibility.compare import compare
from tc_engine.errors import TcEngineError

PAGE = Path(__file__).resolve().parents[2] / "docs" / "compatibility.md"


def tell(what: str) -> None:
    """Narrate on stderr."""
    print(what, file=sys.stderr)


def main(
    traces: Annotated[Path, typer.Argument(help="Folder of the reference traces.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Page to write into.")] = PAGE,
) -> None:
    """Compare tc_engine with TrainCheck and bring the page up to date."""
    try:
        with tempfile.TemporaryDirectory() as scratch:
            found = compare(traces, Path(scratch), tell)
        parts = page.parts(found)
        page.put(parts, output)
    except TcEngineError as error:
        tell(str(error))
        raise typer.Exit(error.exit_code) from error
    print("\n\n".join(parts.values()))
    if page.unexplained(found):
        tell("Some differences have no explanation: see the page.")
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
