"""The rows of a query as a stream of plain Python values, whatever their SQL types.

DuckDB itself turns what has no plain counterpart into text, so nothing is lost on the way: a
timestamp's nanoseconds, an interval's months, the digits of a HUGEINT, a JSON value as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import Enum

import duckdb
import pyarrow as pa

BATCH_ROWS = 10_000

# The values of a row, in order of the columns. JSON values and numbers beyond int64 come as text.
Row = tuple[object, ...]


class Kind(Enum):
    """What the values of a column are."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    JSON = "json"


@dataclass(frozen=True)
class Column:
    """A column of a result."""

    name: str
    kind: Kind


_KINDS = {
    "boolean": Kind.BOOLEAN,
    **dict.fromkeys(("list", "array", "struct", "tuple", "map", "union"), Kind.JSON),
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint"), Kind.NUMBER),
    **dict.fromkeys(("utinyint", "usmallint", "uinteger", "ubigint"), Kind.NUMBER),
    **dict.fromkeys(("float", "double"), Kind.NUMBER),
    **dict.fromkeys(("hugeint", "uhugeint", "decimal", "bignum"), Kind.NUMBER),
}
_WIDE = frozenset({"hugeint", "uhugeint", "decimal", "bignum"})


def columns(relation: duckdb.DuckDBPyRelation) -> list[Column]:
    """Return the columns of a result."""
    return [
        Column(name, Kind.JSON if _is_json(kind) else _KINDS.get(kind.id, Kind.TEXT))
        for name, kind in zip(relation.columns, relation.types, strict=True)
    ]


def stream(relation: duckdb.DuckDBPyRelation) -> Iterator[list[Row]]:
    """Yield the rows of a result in batches, each read from the engine when it is asked for."""
    plain = ", ".join(
        f"{_plain(number, kind)} AS {_quoted(name)}"
        for number, (name, kind) in enumerate(
            zip(relation.columns, relation.types, strict=True), start=1
        )
    )
    for batch in _batches(relation.project(plain).to_arrow_reader(BATCH_ROWS)):
        yield list(zip(*(column.to_pylist() for column in batch.columns), strict=True))


def arrow(
    relation: duckdb.DuckDBPyRelation,
) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """Return the rows of a result as Arrow batches, with JSON columns marked as such."""
    reader = relation.to_arrow_reader(BATCH_ROWS)
    fields = [
        pa.field(field.name, pa.json_() if _is_json(kind) else field.type)
        for field, kind in zip(reader.schema, relation.types, strict=True)
    ]
    return pa.schema(fields), _marked(reader, pa.schema(fields))


def _marked(reader: pa.RecordBatchReader, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for batch in _batches(reader):
        arrays = [
            array if array.type == field.type else field.type.wrap_array(array)
            for array, field in zip(batch.columns, schema, strict=True)
        ]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _batches(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """Yield the batches; raises duckdb.Error where the query fails on its way."""
    with closing(reader):
        while True:
            try:
                batch = reader.read_next_batch()
            except StopIteration:
                return
            except (OSError, pa.ArrowException) as error:
                raise duckdb.Error(str(error)) from error
            yield batch


def _is_json(kind: duckdb.sqltypes.DuckDBPyType) -> bool:
    return str(kind) == "JSON"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _plain(number: int, kind: duckdb.sqltypes.DuckDBPyType) -> str:
    """Return the expression that reads a column, by its number, as a plain value."""
    plain = _KINDS.get(kind.id, Kind.TEXT)
    if plain is Kind.JSON:
        return f"to_json(#{number})"
    if plain is Kind.TEXT or kind.id in _WIDE:
        return f"CAST(#{number} AS VARCHAR)"
    return f"#{number}"
