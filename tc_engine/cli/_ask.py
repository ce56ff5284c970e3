"""Run a person's queries over the tables of runs, in a session that can only read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from tc_engine.cli._writer import Writer
from tc_engine.dataset import Dataset
from tc_engine.engine import readonly, stages
from tc_engine.engine.session import Limits, Session

# The type of a column of names lists all of them, which may be thousands.
_DESCRIBES = re.compile(r"\s*(DESCRIBE|SUMMARIZE|SHOW)\b", re.IGNORECASE)
_SHORT_TYPES = "* REPLACE (regexp_replace(column_type, '^ENUM.*', 'ENUM', 's') AS column_type)"


@contextmanager
def session(
    runs: Sequence[Dataset],
    limits: Limits,
    settings: Mapping[str, object],
    sql_path: Sequence[Path],
    texts: Sequence[str],
    progress: Callable[[str], None],
) -> Iterator[Session]:
    """Open a session on the runs, with the tables that the texts read, if these are known yet."""
    with Session(limits, sql_path=sql_path) as opened:
        stages.load(opened, runs, settings)
        for text in texts:
            stages.derive_asked(opened, text, progress)
        readonly.lock(opened, runs)
        yield opened


def answer(opened: Session, text: str, writer: Writer) -> None:
    """Run the statements of a text in order and write the rows of each.

    Raises UsageError for SQL that fails or would do more than read.
    """
    statements = readonly.split(opened, text)
    stages.derive_asked(opened, text)
    for statement in statements:
        relation = readonly.query(opened, statement)
        if relation is None:
            continue
        if _DESCRIBES.match(statement) and "column_type" in relation.columns:
            relation = relation.project(_SHORT_TYPES)
        try:
            writer.write_relation(relation)
        except duckdb.Error as error:
            raise readonly.sql_error(error) from error
