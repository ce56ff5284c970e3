"""`tc-engine sql`: ask the tables of one or more runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from tc_engine.cli._console import Console
from tc_engine.cli._options import (
    TABLE_ROWS,
    Format,
    MemoryLimit,
    Settings,
    SqlPath,
    TempDir,
    Threads,
    Verbose,
    limits,
    settings,
)
from tc_engine.errors import UsageError
from tc_engine.remote import place

STDIN = Path("-")


def sql(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(parser=place, metavar="RUN", hidden=True),
    ] = None,
    command: Annotated[
        list[str] | None,
        typer.Option("-c", "--command", metavar="SQL", help="A query. Repeat it for more."),
    ] = None,
    file: Annotated[
        list[Path] | None,
        typer.Option("--file", metavar="FILE", help="A file of queries, run after those of -c."),
    ] = None,
    form: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="How rows are written.  [default: -o's suffix; table on a terminal, else csv]",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write rows to a file.")
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="N",
            help=f"Most rows to write; 0 for all.  [default: {TABLE_ROWS} in a table]",
        ),
    ] = None,
    list_files: Annotated[
        bool, typer.Option("--list", help="List tables and SQL files, with what one row is.")
    ] = False,
    show: Annotated[
        str | None, typer.Option(metavar="NAME", help="Show a SQL file, ready to paste.")
    ] = None,
    assignments: Settings = None,
    sql_path: SqlPath = None,
    threads: Threads = None,
    memory_limit: MemoryLimit = None,
    temp_dir: TempDir = None,
    verbose: Verbose = False,
) -> None:
    """Ask the tables of one or more runs, in DuckDB's SQL.

    RUN is a trace dataset or a folder of TrainCheck traces; - reads queries from standard input.
    A query reads the runs and nothing else, and writes nothing; -o FILE saves its rows. Without a
    query this is a prompt on a terminal, and reads standard input elsewhere.

    \b
    Example:
      tc-engine sql run -c "SELECT function, count(*) FROM calls GROUP BY ALL"
      tc-engine sql good other --format jsonl -c "FROM var_changes" > changes.jsonl
      tc-engine sql --list
      tc-engine sql --show contain/examples
    """
    from tc_engine.cli import _ask, _catalog, _prompt
    from tc_engine.cli._writer import Writer
    from tc_engine.inputs import open_folders

    paths = list(sql_path or ())
    folders = [run for run in runs or () if run != STDIN]
    values = settings(assignments or (), paths)
    if show is not None:
        sys.stdout.write(_catalog.pasteable(show, folders, values, paths))
        return
    with Writer(_format(form, output), output, limit) as writer:
        if list_files:
            writer.write(*_catalog.listing(paths))
            return
        if not folders:
            raise UsageError("there is no run to ask", "Write tc-engine sql RUN -c 'FROM calls'")
        texts = _texts(command or (), file or (), stdin=len(folders) < len(runs or ()))
        bounds = limits(threads, memory_limit, temp_dir)
        with Console(verbose=verbose) as console:
            opened = open_folders(folders, bounds, console.phase)
            with _ask.session(opened, bounds, values, paths, texts or (), console.phase) as session:
                console.done()
                if texts is None:
                    _prompt.prompt(session, writer)
                for text in texts or ():
                    _ask.answer(session, text, writer)


def _format(form: Format | None, output: Path | None) -> Format:
    if form is not None:
        return form
    if output is None:
        return Format.TABLE if sys.stdout.isatty() else Format.CSV
    suffix = output.suffix.removeprefix(".")
    if suffix not in set(Format):
        raise UsageError(f"{output} does not say its format", f"Add --format {'|'.join(Format)}")
    return Format(suffix)


def _texts(commands: Sequence[str], files: Sequence[Path], *, stdin: bool) -> list[str] | None:
    """Return the queries that were given; None where a person is to type them."""
    texts = [*commands, *(_read(file) for file in files)]
    if not texts and not stdin and sys.stdin.isatty() and sys.stdout.isatty():
        return None
    if stdin or not texts:
        texts.append(sys.stdin.read())
    return texts


def _read(file: Path) -> str:
    if file == STDIN:
        return sys.stdin.read()
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"{file} cannot be read: {reason}", "Check the path") from error
