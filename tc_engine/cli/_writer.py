"""Where result sets go: standard output, or a file that appears when all of them are written."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import duckdb
import pyarrow.parquet as pq

from tc_engine.cli import _formats, _rows
from tc_engine.cli._console import flush, say
from tc_engine.cli._options import TABLE_ROWS, Format
from tc_engine.errors import UsageError
from tc_engine.files import cannot_write

_WRITERS = {
    Format.TABLE: _formats.write_table,
    Format.CSV: _formats.write_csv,
    Format.JSON: _formats.write_json,
    Format.JSONL: _formats.write_jsonl,
}


class Writer:
    """Writes result sets, in one format, one after the other.

    Tables and CSV are parted by an empty line; a Parquet file holds only one result. `limit` is
    the most rows of a result to write, 0 for all; when it cut any, that is told on stderr.
    """

    def __init__(self, form: Format, output: Path | None, limit: int | None) -> None:
        if form is Format.PARQUET and output is None and sys.stdout.isatty():
            raise UsageError("Parquet is not for a terminal", "Add -o FILE")
        self._form = form
        self._output = output
        self._limit = TABLE_ROWS if limit is None and form is Format.TABLE else limit or None
        self._written = 0
        self._out: TextIO = sys.stdout

    def __enter__(self) -> Writer:
        if self._output is not None:
            with self._failures():
                self._out = self._unfinished.open("w", encoding="utf-8")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._output is None:
            return
        try:
            with self._failures():
                self._out.close()
                if error is None:
                    self._unfinished.replace(self._output)
        finally:
            self._unfinished.unlink(missing_ok=True)

    def write_relation(self, relation: duckdb.DuckDBPyRelation) -> None:
        """Write the rows of a query as they come from the engine."""
        if self._limit is not None:
            relation = relation.limit(self._limit + 1)
        if self._form is Format.PARQUET:
            self._write_parquet(relation)
        else:
            self.write(_rows.columns(relation), _rows.stream(relation))

    def write(
        self, columns: Sequence[_rows.Column], batches: Iterable[Sequence[_rows.Row]]
    ) -> None:
        """Write rows that are at hand."""
        if self._form not in _WRITERS:
            raise UsageError(f"this has no {self._form} form", "Choose another --format")
        with self._failures():
            if self._written and self._form in {Format.TABLE, Format.CSV}:
                self._out.write("\n")
            _WRITERS[self._form](columns, self._cut(batches), self._out)
        self._written += 1
        if self._output is None:
            flush()

    def _write_parquet(self, relation: duckdb.DuckDBPyRelation) -> None:
        if self._written:
            raise UsageError("a Parquet file holds one result", "Ask one query at a time")
        schema, batches = _rows.arrow(relation)
        with (
            self._failures(),
            pq.ParquetWriter(self._out.buffer, schema, compression="zstd") as file,
        ):
            for batch in self._cut(batches):
                file.write_batch(batch)
        self._written += 1

    def _cut(self, batches: Iterable[Any]) -> Iterator[Any]:
        """Pass on the rows up to the limit."""
        if self._limit is None:
            yield from batches
            return
        left = self._limit
        for batch in batches:
            if len(batch) > left:
                say(f"note: only the first {self._limit:,} rows are shown; --limit 0 shows all")
            yield batch[:left]
            left -= min(left, len(batch))

    @property
    def _unfinished(self) -> Path:
        """The name of the output while it is being written."""
        target = self._output or Path()
        return target.with_name(f".{target.name}.{os.getpid()}.tmp")

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            raise cannot_write(self._output or Path("standard output"), error) from error
