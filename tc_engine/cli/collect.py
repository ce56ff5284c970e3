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
    join: Annotated[
        bool,
        typer.Option(
            "--join", help="Add to a run that other launchers of the same job write, too."
        ),
    ] = False,
    invariants: Annotated[
        list[Path] | None,
        typer.Option(
            "-i",
            "--invariants",
            metavar="FILE",
            help="Record only what is needed to check the invariants of this file; repeatable.",
        ),
    ] = None,
    groups: Annotated[
        str | None,
        typer.Option(
            "--groups",
            metavar="NAMES",
            help="Record these groups of functions: optimizer,autograd; or +tensor, -functional to "
            "change the usual ones. See docs/commands.md.",
        ),
    ] = None,
    include: Annotated[
        list[str] | None,
        typer.Option(
            "--include",
            metavar="PATTERN",
            help="Record functions of any package, such as mylib.model.*; repeatable.",
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            "--exclude", metavar="PATTERN", help="Do not record these functions; repeatable."
        ),
    ] = None,
    inside: Annotated[
        list[str] | None,
        typer.Option(
            "--inside",
            metavar="PLACE",
            help="Record what is called inside of data loading (data) or of the update of "
            "parameters (optimizer), too; repeatable.",
        ),
    ] = None,
    every: Annotated[
        int | None,
        typer.Option(
            "--every",
            "--sampling-interval",
            metavar="STEPS",
            min=1,
            help="Record a few steps of so many.  [default: all]",
        ),
    ] = None,
    window: Annotated[
        int | None,
        typer.Option(
            "--window", metavar="STEPS", min=1, help="How many, with --every.  [default: 3]"
        ),
    ] = None,
    warmup: Annotated[
        int | None,
        typer.Option(
            "--warmup",
            "--warm-up-steps",
            metavar="STEPS",
            min=0,
            help="Steps at the beginning that are all recorded, with --every.  [default: 10]",
        ),
    ] = None,
    max_gb: Annotated[
        float | None,
        typer.Option(
            "--max-gb",
            metavar="GB",
            min=0,
            help="Record less when the trace nears this size, and nothing beyond it.",
        ),
    ] = None,
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
    from tc_engine.collect.request import Request, plan_for

    program = list(command or [])
    if pyscript is not None:
        program = [sys.executable, str(pyscript), *program]
    if not program:
        raise UsageError(
            "there is no program to run", "Write tc-engine collect -o RUN -- python train.py"
        )
    plan, wanted = plan_for(
        Request(
            invariants=tuple(invariants or ()),
            groups=groups,
            include=tuple(include or ()),
            exclude=tuple(exclude or ()),
            inside=tuple(inside or ()),
            every=every,
            window=window,
            warmup=warmup,
            max_gb=max_gb,
            norms=norms,
        )
    )
    run = output_dir or Path(_default_name(program))
    options = CollectOptions(plan=plan, invariants=tuple(wanted), overwrite=overwrite, join=join)
    raise typer.Exit(launch(program, run, options))


def _default_name(program: list[str]) -> str:
    script = next((word for word in program if word.endswith(".py")), program[0])
    return f"tc_engine_run_{Path(script).stem}_{datetime.now():%Y%m%d_%H%M%S}"
