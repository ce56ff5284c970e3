"""`tc-engine collect`: run a training program and record its trace."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from tc_engine.errors import UsageError


def collect(
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="COMMAND", hidden=True),
    ] = None,
    output_dir: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output-dir",
            metavar="RUN",
            help="Where the trace goes.  [default: tc_engine_run_<script>_<time>]",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the trace that is there.")
    ] = False,
    norms: Annotated[
        bool,
        typer.Option(
            "--norms", help="Record the norms of tensors too, for --tolerance of infer and check."
        ),
    ] = False,
    pyscript: Annotated[
        Path | None,
        typer.Option(
            "-p",
            "--pyscript",
            metavar="FILE",
            help="The same as `-- python FILE`; what follows goes to FILE.",
        ),
    ] = None,
    models_to_track: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME...",
            help="Accepted as TrainCheck's; models are found by themselves.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Run a training program unchanged and record its trace.

    COMMAND is the program as you run it yourself, after --. It keeps its arguments, folder, input
    and output, and the exit code is its own.

    \b
    Example:
      tc-engine collect -o run -- python train.py --epochs 2
      tc-engine collect --pyscript train.py --output-dir run
    """
    from tc_engine.collect.launch import CollectOptions, launch

    program = list(command or [])
    if pyscript is not None:
        program = [sys.executable, str(pyscript), *program]
    if not program:
        raise UsageError(
            "there is no program to run", "Write tc-engine collect -o RUN -- python train.py"
        )
    run = output_dir or Path(_default_name(program))
    options = CollectOptions(overwrite=overwrite, norms=norms, models=tuple(models_to_track or ()))
    raise typer.Exit(launch(program, run, options))


def _default_name(program: list[str]) -> str:
    script = next((word for word in program if word.endswith(".py")), program[0])
    return f"tc_engine_run_{Path(script).stem}_{datetime.now():%Y%m%d_%H%M%S}"
