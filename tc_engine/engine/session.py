"""One DuckDB session: limits, settings, SQL files by name, and errors that name the file."""

from __future__ import annotations

import copy
import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb

from tc_engine.engine import sqlfiles
from tc_engine.engine.interrupt import interruptible, is_interrupt
from tc_engine.engine.lanes import Made
from tc_engine.engine.resources import default_memory, default_threads
from tc_engine.errors import DataError, QueryError, UsageError
from tc_engine.scratch import scratch_folder

log = logging.getLogger("tc_engine.sql")

Tracer = Callable[[str, float], None]

_Prepared = tuple[sqlfiles.SqlFile, list[duckdb.Statement]]

_SHARED = "main"
_COMMENT = re.compile(r"\s*COMMENT\s", re.IGNORECASE)


@dataclass(frozen=True)
class Limits:
    """What a session may use: `threads`, `memory_limit` such as '4GB', and where it spills to.

    By default the cores and 60 % of the memory that the process may use, and the system's folder
    for temporary files.
    """

    threads: int | None = None
    memory_limit: str | None = None
    temp_dir: Path | None = None


class Session:
    """A private in-memory database that runs the files of `sql/`.

    In a `with` block Ctrl-C ends a running query.

    `scratch` is a folder that goes away with the session, which also spills into it. `sql_path`
    holds folders of a user's own SQL files, searched first; `made` knows which files ran. Without
    `comments` tables get none: nobody will ask. `tracer`, if given, is called with each statement's
    text and its seconds.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        sql_path: Sequence[Path] = (),
        comments: bool = True,
        tracer: Tracer | None = None,
    ) -> None:
        self.sql_path = tuple(sql_path)
        self.made = Made()
        self._values: dict[str, object] = {}
        self._comments = comments
        self._prepared: dict[str, _Prepared] = {}
        self._schema = _SHARED
        self._others: list[duckdb.DuckDBPyConnection] = []
        self._tracer = tracer
        self._stack = ExitStack()
        limits = limits or Limits()
        self.scratch = self._stack.enter_context(scratch_folder(limits.temp_dir))
        self._connection = _connect(limits, self.scratch / "spilled")

    def __enter__(self) -> Session:
        self._stack.enter_context(interruptible(self))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Drop the database and its spill files."""
        self._connection.close()
        self._stack.close()

    def beside(self, schema: str) -> Session:
        """Return a session for another thread, on the same tables, with the same settings.

        What it makes itself is in a schema of its own, which comes first where it reads. Close it
        before this one.
        """
        other = copy.copy(self)
        other._connection = self._connection.cursor()
        other._prepared = {}
        other._stack = ExitStack()
        other._values = {}
        self._others.append(other._connection)
        for name, value in self._values.items():
            other.set(name, value)
        other.run("settings")
        other.set("parts", self.value("SELECT getvariable('parts')"))
        self.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        other._schema = schema
        other._look_at(schema)
        return other

    def interrupt(self) -> None:
        """End the queries that run in this session and in those beside it."""
        for connection in (self._connection, *self._others):
            connection.interrupt()

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The DuckDB connection, for results that are streamed rather than collected."""
        return self._connection

    def set(self, name: str, value: object) -> None:
        """Give a setting of `sql/settings.sql` a value."""
        if not name.isidentifier():
            raise UsageError(f"{name!r} is not the name of a setting", "See sql/settings.sql")
        self._connection.execute(f"SET VARIABLE {name} = ?", [value])
        self._values[name] = value

    def run(self, name: str) -> None:
        """Run the statements of a SQL file, in order.

        Raises QueryError that shows the file, the statement and DuckDB's own message, or DataError
        where memory or disk ran out.
        """
        file, statements = self._prepare(name)
        self.made.go_on()
        for statement in statements:
            start = time.perf_counter()
            try:
                self._connection.execute(statement)
            except duckdb.Error as error:
                raise _failed(file, statement.query, error) from error
            self._report(statement.query, time.perf_counter() - start, file.name)
        self.made.ended(name)

    def run_for_all(self, name: str) -> None:
        """Run a SQL file as `run` does; sessions beside this one share what it makes."""
        self._look_at(_SHARED)
        try:
            self.run(name)
        finally:
            self._look_at(self._schema)

    def _look_at(self, schema: str) -> None:
        if self._schema != _SHARED:
            self.execute(f"SET search_path = '{schema},{_SHARED}'")

    def _prepare(self, name: str) -> _Prepared:
        """Find and parse a file, the first time that it is run."""
        if name not in self._prepared:
            file = sqlfiles.find(name, self.sql_path)
            try:
                statements = self._connection.extract_statements(file.text)
            except duckdb.Error as error:
                raise _failed(file, file.text, error) from error
            kept = [one for one in statements if self._comments or not _COMMENT.match(one.query)]
            self._prepared[name] = (file, kept)
        return self._prepared[name]

    def dicts(self, query: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
        """Return the rows of a query as dictionaries; JSON comes as text."""
        rows = self.rows(query, parameters)
        names = [column[0] for column in self._connection.description or ()]
        return [dict(zip(names, row, strict=True)) for row in rows]

    def rows(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query as tuples."""
        try:
            return self._connection.execute(query, list(parameters)).fetchall()
        except duckdb.Error as error:
            raise _explained(error, query) from error

    def execute(self, statement: str) -> None:
        """Run a statement that returns nothing."""
        self.rows(statement)

    def value(self, query: str, parameters: Sequence[object] = ()) -> Any:
        """Return the first column of the first row, or None where there is no row."""
        rows = self.rows(query, parameters)
        return rows[0][0] if rows else None

    def load(self, table: str, columns: Mapping[str, tuple[str, Sequence[object]]]) -> None:
        """Create or replace a table with the given columns: of each its type and its values."""
        listed = ", ".join(
            f'unnest(CAST(? AS {type_}[])) AS "{name}"' for name, (type_, _) in columns.items()
        )
        values = [list(values) for _, values in columns.values()]
        self.rows(f'CREATE OR REPLACE TABLE "{table}" AS SELECT {listed}', values)

    def _report(self, statement: str, seconds: float, name: str) -> None:
        log.debug("%s: %.3f s", name, seconds)
        if self._tracer:
            self._tracer(statement, seconds)


def _connect(limits: Limits, spill: Path) -> duckdb.DuckDBPyConnection:
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "preserve_insertion_order": False,
        "threads": limits.threads or default_threads(),
        "memory_limit": limits.memory_limit or f"{default_memory() // 2**20}MiB",
        "temp_directory": str(spill),
    }
    try:
        connection = duckdb.connect(":memory:", config=config)
    except duckdb.Error as error:
        raise UsageError(
            f"DuckDB does not accept these limits: {_one_line(error)}",
            "--threads takes a number, --memory-limit a size such as 4GB",
        ) from error
    connection.execute("SET enable_progress_bar = false")  # it would write on stdout
    return connection


def _failed(file: sqlfiles.SqlFile, statement: str, error: duckdb.Error) -> QueryError | DataError:
    """Say which statement of which file failed, and how to run the file by hand."""
    line = file.text[: file.text.find(statement.strip())].count("\n") + 1
    explained = _explained(error, statement)
    if isinstance(explained, DataError):
        return DataError(f"{file.name}: {explained.message}", explained.hint)
    return QueryError(
        f"{file.path}:{line}: {explained.message}",
        f'To run it by hand: duckdb -cmd "SET VARIABLE dataset = [...]" -init sql/shell.sql, '
        f"then .read {file.path}",
    )


def _explained(error: duckdb.Error, statement: str) -> QueryError | DataError:
    """Tell what a person can do something about from what is a bug.

    Raises KeyboardInterrupt where the query did not fail but was interrupted.
    """
    if is_interrupt(error):
        raise KeyboardInterrupt from error
    message = _one_line(error)
    if isinstance(error, duckdb.OutOfMemoryException):
        return DataError(
            f"out of memory: {_without_advice(message)}",
            "Give it more with --memory-limit, or a disk with more room with --temp-dir",
        )
    if isinstance(error, duckdb.IOException):
        return DataError(
            f"a file could not be read or written: {message}",
            "Is the disk full? Does the run still exist? Spill files go to --temp-dir",
        )
    return QueryError(f"{message}\n\n{statement.strip()}\n")


def _without_advice(message: str) -> str:
    """Leave out DuckDB's advice, which speaks of settings that are not a person's to set."""
    return message.removeprefix("Out of Memory Error: ").partition(" Possible solutions")[0]


def _one_line(error: duckdb.Error) -> str:
    return " ".join(str(error).split())
