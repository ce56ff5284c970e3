"""Write the parts of a trace dataset."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tc_engine.dataset import SCHEMA_VERSION, VERSION_KEY, part_path
from tc_engine.files import cannot_write, remove
from tc_engine.schema import EVENT_SCHEMA

CREATED_BY_KEY = "tc_engine.created_by"
ROW_GROUP_ROWS = 32 * 1024  # a reader's threads take a group each


def write_part(
    run: Path,
    process: str,
    number: int,
    content: pa.Table | Iterable[pa.Table],
    created_by: str,
    *,
    last: int | None = None,
    quick: bool = False,
) -> Path:
    """Write one part of the event table, given whole or table by table, and return its path.

    `process` names the folder (`process=<process>`); letters, digits, `-`, `_` and `.` only. With
    `last`, the part holds what the parts from `number` to that one held. `quick`: it will soon be
    joined with others, so compressing it well is not worth the time.
    """
    path = part_path(run, process, number, last)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp")
    metadata = {VERSION_KEY: str(SCHEMA_VERSION), CREATED_BY_KEY: created_by}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        schema = EVENT_SCHEMA.with_metadata(metadata)
        with pq.ParquetWriter(temporary, schema, compression="lz4" if quick else "zstd") as writer:
            for table in [content] if isinstance(content, pa.Table) else content:
                columns = [_typed(table.column(field.name), field.type) for field in schema]
                whole = pa.Table.from_arrays(columns, schema=schema)
                writer.write_table(whole, row_group_size=ROW_GROUP_ROWS)
        temporary.replace(path)
    except OSError as error:
        remove(temporary)
        raise cannot_write(path, error) from error
    except BaseException:
        remove(temporary)
        raise
    return path


def _typed(column: pa.ChunkedArray, wanted: pa.DataType) -> pa.ChunkedArray:
    """Give a column its type; JSON that comes as plain text is only called so."""
    if isinstance(wanted, pa.BaseExtensionType) and column.type == wanted.storage_type:
        named = [pa.ExtensionArray.from_storage(wanted, chunk) for chunk in column.chunks]
        return pa.chunked_array(named, wanted)
    return column if column.type == wanted else column.cast(wanted)
