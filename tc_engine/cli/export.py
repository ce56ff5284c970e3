"""`tc-engine export`: write a run as the trace files of another tool."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tc_engine.cli._console import Console, say
from tc_engine.cli._options import MemoryLimit, TempDir, Threads, Verbose, limits
from tc_engine.errors import UsageError
from tc_engine.remote import place


def export(
    run: Annotated[Path, typer.Argument(parser=place, metavar="RUN", hidden=True)],
    output: Annotated[
        Path, typer.Option("-o", "--output-dir", metavar="DIR", help="Where the files go.")
    ],
    traincheck: Annotated[
        bool, typer.Option("--traincheck", help="Write the trace files of TrainCheck.")
    ] = False,
    no_contexts: Annotated[
        bool,
        typer.Option(
            "--no-contexts",
            help="Leave out context managers: traincheck-infer fails on them, but "
            "traincheck-check needs them.",
        ),
    ] = False,
    threads: Threads = None,
    memory_limit: MemoryLimit = None,
    temp_dir: TempDir = None,
    verbose: Verbose = False,
) -> None:
    """Write a run as the trace files of another tool, so that its programs can read it.

    RUN is a trace dataset or a folder of TrainCheck traces.

    \b
    Example:
      tc-engine export --traincheck run -o traincheck_run
    """
    from tc_engine.export import export_traincheck
    from tc_engine.inputs import open_folders

    if not traincheck:
        raise UsageError("there is no format to write", "Add --traincheck")
    bounds = limits(threads, memory_limit, temp_dir)
    with Console(verbose=verbose) as console:
        (opened,) = open_folders([run], bounds, console.phase)
        report = export_traincheck(
            opened, output, limits=bounds, contexts=not no_contexts, progress=console.phase
        )
    files = "file" if report.files == 1 else "files"
    rows = "row" if report.rows == 1 else "rows"
    say(f"{output}: {report.files:,} {files}, {report.rows:,} {rows}")
