"""Options that several commands share, and how their values become what the engine takes."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tc_engine.cli._console import Console
from tc_engine.errors import UsageError
from tc_engine.remote import place

if TYPE_CHECKING:
    from tc_engine.dataset import Dataset
    from tc_engine.engine.session import Limits

Folders = Annotated[
    list[Path] | None,
    typer.Option(
        "-f",
        "--trace-folders",
        parser=place,
        metavar="RUN...",
        help="Runs: trace datasets, or folders of TrainCheck traces.",
        show_default=False,
    ),
]
Traces = Annotated[
    list[Path] | None,
    typer.Option(
        "-t",
        "--traces",
        metavar="FILE...",
        help="TrainCheck trace files that form one more run.",
        show_default=False,
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        envvar="TC_ENGINE_THREADS",
        help="Threads to use.  [default: all that the process may use]",
    ),
]
MemoryLimit = Annotated[
    str | None,
    typer.Option(
        envvar="TC_ENGINE_MEMORY_LIMIT",
        metavar="SIZE",
        help="Memory to use before spilling to disk, such as 4GB.  "
        "[default: 60 % of what the process may use]",
    ),
]
TempDir = Annotated[
    Path | None,
    typer.Option(envvar="TC_ENGINE_TEMP_DIR", metavar="DIR", help="Where to spill to."),
]
MinSupport = Annotated[
    int | None,
    typer.Option(
        min=1, metavar="N", help="Fewest positive examples of an invariant.  [default: 2]"
    ),
]
Tolerance = Annotated[
    float | None,
    typer.Option(
        min=0,
        metavar="SHARE",
        help="Consistency takes tensors for equal whose norms differ by no more than this share; "
        "`collect --norms` records them.",
        show_default=False,
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="A setting of sql/settings.sql. Repeat it for more.",
        show_default=False,
    ),
]
SqlPath = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="DIR",
        exists=True,
        file_okay=False,
        help="Your own SQL files; a file here wins over ours of the same name.",
        show_default=False,
    ),
]
ReportWandb = Annotated[
    str | None,
    typer.Option(
        metavar="TARGET",
        help="Report the results to Weights & Biases: [ENTITY/]PROJECT for a new run, "
        "[ENTITY/]PROJECT/runs/RUN_ID for one that is there.",
        show_default=False,
    ),
]
ReportMlflow = Annotated[
    str | None,
    typer.Option(
        metavar="TARGET",
        help="Report the results to MLflow: an experiment for a new run, runs:/RUN_ID for one that "
        "is there.",
        show_default=False,
    ),
]
Verbose = Annotated[
    bool, typer.Option("-v", "--verbose", help="Tell each phase as it starts, and show tracebacks.")
]
Debug = Annotated[bool, typer.Option("-d", "--debug", help="The same as -v (TrainCheck's word).")]
Backend = Annotated[
    str | None,
    typer.Option("-b", "--backend", metavar="NAME", help="Accepted, without effect."),
]

TABLE_ROWS = 50  # rows of a table where --limit does not say otherwise


class Format(StrEnum):
    """How rows are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"
    PARQUET = "parquet"


def limits(threads: int | None, memory_limit: str | None, temp_dir: Path | None) -> Limits:
    """Return what a session may use."""
    from tc_engine.engine.session import Limits

    return Limits(threads, memory_limit, temp_dir)


def settings(assignments: Sequence[str], sql_path: Sequence[Path]) -> dict[str, object]:
    """Return the values of `--set NAME=VALUE`.

    Raises UsageError for a setting that `sql/settings.sql` does not have.
    """
    from tc_engine.engine.settings import check_names

    values: dict[str, object] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise UsageError(f"--set {assignment} has no value", "Write --set NAME=VALUE")
        check_names([name], sql_path)
        values[name] = _value(value)
    return values


def _value(text: str) -> object:
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def warn_without_norms(console: Console, tolerance: float | None, runs: Sequence[Dataset]) -> None:
    """Tell that a tolerance means nothing to runs whose tensors were recorded without norms."""
    if tolerance is not None and not any(run.has_norms for run in runs):
        console.note("note: --tolerance has no effect here: only `collect --norms` records norms")


def warn_without_effect(console: Console, given: dict[str, bool]) -> None:
    """Tell once which of TrainCheck's flags were given that mean nothing here."""
    flags = [flag for flag, is_given in given.items() if is_given]
    if flags:
        verb = "has" if len(flags) == 1 else "have"
        console.note(f"note: {', '.join(flags)} {verb} no effect here")
