"""Run the first two stages: from Parquet parts to the tables that relations and people ask."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from tc_engine.dataset import Dataset
from tc_engine.engine import sqlfiles
from tc_engine.engine.session import Session
from tc_engine.errors import QueryError, UsageError


def prepare(
    session: Session,
    runs: Sequence[Dataset],
    settings: Mapping[str, object] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> None:
    """Load the runs and derive calls, variables and contexts.

    `settings` override the defaults of `sql/settings.sql`; UsageError if a value does not fit.
    """
    session.set("dataset", [str(run.path.resolve()) for run in runs])
    session.set("part_files", part_files(runs))
    for name, value in (settings or {}).items():
        session.set(name, value)
    for name in flow():
        progress(name)
        try:
            session.run(name)
        except QueryError as error:
            if name != "settings":
                raise
            reason = error.message.splitlines()[0]
            raise UsageError(f"a setting has a value that does not fit: {reason}") from error


def part_files(runs: Sequence[Dataset]) -> list[str]:
    """Return the Parquet files of runs by full path, as the view `events` wants them."""
    return [
        str(run.path.resolve() / part.relative_to(run.path)) for run in runs for part in run.parts
    ]


def flow() -> list[str]:
    """Return the names of the SQL files up to the derived tables: what `sql/shell.sql` reads."""
    text = sqlfiles.find("shell").text
    return re.findall(r"^\.read sql/(\S+)\.sql$", text, flags=re.MULTILINE)
