"""`tc-engine ingest`: turn TrainCheck's traces into a trace dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tc_engine.cli._console import Console, say
from tc_engine.cli._options import MemoryLimit, TempDir, Threads, Verbose, limits


def ingest(
    sources: Annotated[
        list[Path],
        typer.Argument(metavar="TRACE_DIR", hidden=True),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output-dir", metavar="RUN", help="Where the dataset goes.")
    ],
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at the first line that cannot be used.")
    ] = False,
    threads: Threads = None,
    memory_limit: MemoryLimit = None,
    temp_dir: TempDir = None,
    verbose: Verbose = False,
) -> None:
    """Read TrainCheck's traces and write them as one trace dataset.

    TRACE_DIR is a folder of TrainCheck traces; all that are given form one run.

    \b
    Example:
      tc-engine ingest traincheck_mnist_trace -o mnist
    """
    from tc_engine import ingest as ingestion

    with Console(verbose=verbose) as console:
        report = ingestion.ingest(
            sources,
            output,
            limits=limits(threads, memory_limit, temp_dir),
            strict=strict,
            progress=console.phase,
        )
    for problem in report.problems:
        say(f"warning: {problem}")
    if report.problem_count > len(report.problems):
        say(f"warning: and {report.problem_count - len(report.problems):,} more like these")
    counts = ", ".join(_count(*one) for one in report.counts.items() if one[1])
    say(f"{output}: {counts}")


def _count(name: str, number: int) -> str:
    words = name.replace("_", " ")
    return f"{number:,} {words.removesuffix('s') if number == 1 else words}"
