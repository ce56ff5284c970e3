"""Let a person's queries read the traces of a session, and do nothing else.

A query may have come with a trace, or from a page somewhere. There are two walls. The file system:
only the files of the runs can be opened; network, extensions and settings are closed. And the
query: only statements that read, and whose plan reads, are run, because DuckDB would let a query
write wherever it may read (`WITH c AS (COPY ...) SELECT ...` is a SELECT).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb

from tc_engine.dataset import MANIFEST, Dataset
from tc_engine.engine.interrupt import is_interrupt
from tc_engine.engine.session import Session
from tc_engine.engine.stages import folder_of, part_files
from tc_engine.errors import DataError, UsageError

ALLOWED = "SELECT, DESCRIBE, SHOW, SUMMARIZE, EXPLAIN, SET VARIABLE, CREATE TEMP TABLE or VIEW"

# Operators of a plan that change something, or run SQL that the plan does not show.
_WRITES = re.compile(r"COPY|INSERT|UPDATE|DELETE|MERGE_INTO|EXECUTE|CHECKPOINT")

_BLANK = r"(?:\s|--[^\n]*\n|/\*.*?\*/)*"
_EXPLAIN = re.compile(
    rf"{_BLANK}EXPLAIN{_BLANK}"
    r"(?:ANALYZE\b|\(\s*(?:ANALYZE|FORMAT\s+\w+)(?:\s*,\s*(?:ANALYZE|FORMAT\s+\w+))*\s*\))?",
    re.IGNORECASE | re.DOTALL,
)
_IN_MEMORY = re.compile(
    rf"{_BLANK}(?:SET\s+VARIABLE|CREATE\s+(?:OR\s+REPLACE\s+)?TEMP(?:ORARY)?\s+(?:TABLE|VIEW))\s",
    re.IGNORECASE | re.DOTALL,
)


def lock(session: Session, runs: Sequence[Dataset]) -> None:
    """Close the session to all files but those of the runs, for good."""
    folders = [folder_of(session, run) for run in runs]
    parts = part_files(session, runs)
    manifests = [str(folder / MANIFEST) for folder in folders]
    # The view `events` reads the files that this setting names; a pattern would need the right to
    # list folders, which DuckDB gives only together with the right to write into them.
    session.set("parts", parts)
    for setting, value in (
        ("python_enable_replacements", False),
        ("preserve_insertion_order", True),
        ("allowed_paths", [*parts, *manifests]),
        ("enable_external_access", False),
        ("lock_configuration", True),
    ):
        session.connection.execute(f"SET {setting} = ?", [value])


def split(session: Session, text: str) -> list[str]:
    """Split a text into its statements.

    Raises UsageError, before any is run, for SQL that cannot be parsed or a statement of a kind
    that is not for reading.
    """
    try:
        statements = session.connection.extract_statements(text)
    except duckdb.Error as error:
        raise sql_error(error) from error
    for statement in statements:
        _check_kind(statement)
    return [statement.query.strip() for statement in statements]


def query(session: Session, statement: str) -> duckdb.DuckDBPyRelation | None:
    """Run one statement of `split`; None for one that has no rows.

    Raises UsageError for a statement that would write, and for one that fails.
    """
    explained = _EXPLAIN.match(statement)
    try:
        _check_plan(session, statement[explained.end() :] if explained else statement)
        return session.connection.sql(statement)
    except duckdb.Error as error:
        raise sql_error(error) from error


def sql_error(error: duckdb.Error) -> UsageError | DataError:
    """Describe SQL that failed in DuckDB's words, with its mark below the place.

    It is a DataError where memory or disk ran out. Raises KeyboardInterrupt where the query did not
    fail but was interrupted.
    """
    if is_interrupt(error):
        raise KeyboardInterrupt from error
    message = re.sub(r"\n\s*\n", "\n", str(error).rstrip())
    if isinstance(error, duckdb.OutOfMemoryException) or message.startswith("Out of Memory"):
        return DataError(message, "Give it more with --memory-limit, or see --temp-dir")
    unknown = re.search(r"\bTable with name\b", message)
    return UsageError(message, "`tc-engine sql --list` names the tables" if unknown else "")


def _check_kind(statement: duckdb.Statement) -> None:
    try:
        kind = statement.type.name
    except ValueError:  # a kind that the Python package has no name for
        kind = statement.query.split(maxsplit=1)[0].upper()
    if kind == "SELECT" or (kind == "EXPLAIN" and _EXPLAIN.match(statement.query)):
        return
    if kind in {"SET", "CREATE"} and _IN_MEMORY.match(statement.query):
        return
    if kind == "MULTI":  # a PIVOT that looks up its columns first, by statements that hide
        raise UsageError("PIVOT needs its columns named here", "Write PIVOT ... ON x IN (1, 2)")
    raise UsageError(f"{kind} is not for reading, so it is not run", f"Allowed: {ALLOWED}")


def _check_plan(session: Session, statement: str) -> None:
    """Raise UsageError where the plan of a statement holds more than reading."""
    try:
        rows = session.connection.execute(f"EXPLAIN (FORMAT json)\n{statement}").fetchall()
    except duckdb.Error as error:
        raise _without_first_line(error) from error
    for name in _operators(json.loads(rows[0][1])):
        if _WRITES.search(name):
            raise UsageError(
                f"the query would do more than read: {name}", "To save rows, use -o FILE"
            )


def _operators(plan: Any) -> Iterator[str]:
    for node in plan:
        yield node["name"].upper()
        yield from _operators(node["children"])


def _without_first_line(error: duckdb.Error) -> duckdb.Error:
    """Count the lines of a message from the person's own first line."""

    def renumber(mark: re.Match[str]) -> str:
        return f"LINE {int(mark[1]) - 1}:".ljust(len(mark[0]))

    return type(error)(re.sub(r"LINE (\d+):", renumber, str(error)))
