"""`tc-engine`: the commands, and how every ending becomes one line and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import PurePath
from typing import Annotated

import typer

import tc_engine
from tc_engine.cli import (
    _argv,
    batch,
    check,
    collect,
    diff,
    explain,
    export,
    infer,
    ingest,
    invariants,
    merge,
    sql,
    suppress,
)
from tc_engine.cli._console import PROGRAM, fail, flush, say
from tc_engine.errors import DataError, ExitCode, TcEngineError

PIPE_CLOSED = 128 + 13  # what a shell reports for a program that SIGPIPE ended
_COMPLETION = "_TC_ENGINE_COMPLETE"  # set by the shell while it asks for completions
_DEBUG = "TC_ENGINE_DEBUG"

app = typer.Typer(
    name=PROGRAM,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("collect", context_settings={"allow_interspersed_args": False})(collect.collect)
app.command("ingest")(ingest.ingest)
app.command("infer")(infer.infer)
app.command("check")(check.check)
app.command("explain")(explain.explain)
app.command("merge")(merge.merge)
app.command("invariants")(invariants.invariants)
app.command("suppress")(suppress.suppress)
app.command("export")(export.export)
app.command("diff")(diff.diff)
app.command("sql")(sql.sql)
app.command("batch")(batch.batch)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"{PROGRAM} {tc_engine.__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Learn what always holds in good training runs, and find what breaks in others.

    \b
    Example:
      tc-engine collect -o good -- python train.py
      tc-engine infer -f good -o invariants.json
      tc-engine collect -o other -- python other.py
      tc-engine check -f other -i invariants.json

    \b
    Exit codes: 0 ok, 1 an invariant is violated or two runs differ, 2 usage, 3 data that cannot be
    read or written, 101 a bug of tc-engine, 130 interrupted. `collect` ends with the program's own
    exit code.
    """


def main() -> None:
    """Run the command line of this process and exit."""
    if _COMPLETION in os.environ:
        app(prog_name=PROGRAM)
    sys.exit(run(sys.argv[1:]))


def run(argv: Sequence[str]) -> int:
    """Run one command line and return its exit code; whatever went wrong is told on stderr."""
    try:
        code = _invoke(_argv.expand(argv) or ["--help"])
        flush()
    except (KeyboardInterrupt, typer.Abort):
        return _interrupted()
    except BrokenPipeError:
        # Whoever read our output has gone; Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except Exception as error:
        return _failed(error, argv)
    return code


def _failed(error: Exception, argv: Sequence[str]) -> int:
    if isinstance(error, typer.TyperException):
        say(f"error: {_usage(error)}")
        return ExitCode.USAGE
    if _is_interrupt(error):
        return _interrupted()
    if isinstance(error, OSError) and error.filename is not None:
        error = DataError(
            f"{error.filename}: {error.strerror}", "Check the path and its permissions"
        )
    if isinstance(error, TcEngineError):
        fail(error)
        return error.exit_code
    say(f"error: {_bug(error)}")
    if _wants_traceback(argv):
        traceback.print_exception(error)
    return ExitCode.BUG


def _interrupted() -> int:
    say("interrupted")
    return ExitCode.INTERRUPTED


def _is_interrupt(error: BaseException | None) -> bool:
    """Whether Ctrl-C ended a query: DuckDB has errors of its own for that."""
    if error is None or "duckdb" not in sys.modules:
        return False
    from tc_engine.engine.interrupt import is_interrupt

    return is_interrupt(error) or _is_interrupt(error.__cause__)


def _invoke(argv: list[str]) -> int:
    command = typer.main.get_command(app)
    try:
        with command.make_context(PROGRAM, argv) as context:
            command.invoke(context)
    except typer.Exit as end:
        return end.exit_code
    return ExitCode.OK


def _usage(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else PROGRAM
    message = " ".join(error.format_message().split()).rstrip(".")
    return f"{message}. See `{command} --help`"


def _bug(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{PurePath(frame.filename).name}:{frame.lineno}"
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return (
        f"this is a bug of tc-engine: {what} ({place}). "
        f"Please report it, with the traceback that -v or {_DEBUG}=1 shows"
    )


def _wants_traceback(argv: Sequence[str]) -> bool:
    ours = argv[: argv.index("--")] if "--" in argv else argv
    return bool(os.environ.get(_DEBUG)) or not {"-v", "--verbose", "-d", "--debug"}.isdisjoint(ours)
