"""TrainCheck's rows, written small; and a dataset's rows as Python objects."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from tc_engine.dataset import open_dataset
from tc_engine.engine.session import Limits
from tc_engine.ingest import IngestReport, ingest
from tc_engine.schema import EVENT_SCHEMA

Row = dict[str, Any]

LIMITS = Limits(threads=2)
JSON_COLUMNS = ("parameters", "args", "kwargs", "result", "attributes", "meta", "extra")


def pre(call_id: str, time: int, function: str = "f", /, **more: Any) -> Row:
    row = {"type": "function_call (pre)", "func_call_id": call_id, "function": function}
    return row | {"time": time, "process_id": 1, "thread_id": 7, "meta_vars": {}} | more


def post(call_id: str, time: int, function: str = "f", /, **more: Any) -> Row:
    return pre(call_id, time, function) | {"type": "function_call (post)"} | more


def raised(call_id: str, time: int, function: str = "f", /, **more: Any) -> Row:
    return post(call_id, time, function) | {"type": "function_call (post) (exception)"} | more


def state(variable: str, time: int, attributes: Row, /, **more: Any) -> Row:
    row = {"type": "state_change", "var_name": variable, "var_type": "torch.nn.Parameter"}
    row |= {"time": time, "process_id": 1, "thread_id": 7, "meta_vars": {}}
    return row | {"attributes": attributes} | more


def call(call_id: str, start: int, end: int, **more: Any) -> list[Row]:
    return [pre(call_id, start, **more), post(call_id, end, **more)]


def write(
    folder: Path, lines: Iterable[Row | str | bytes], name: str = "trace_API_1_7.log"
) -> Path:
    """Write one trace file; a line is a row, or text or bytes as they are. Return the folder."""
    folder.mkdir(exist_ok=True)
    content = [
        line
        if isinstance(line, bytes)
        else (line if isinstance(line, str) else json.dumps(line)).encode()
        for line in lines
    ]
    (folder / name).write_bytes(b"".join(line + b"\n" for line in content))
    return folder


def convert(folder: Path, **options: Any) -> tuple[IngestReport, list[Row]]:
    """Ingest a folder beside itself; return the report and the dataset's rows."""
    run = folder.with_name(folder.name + "-run")
    return ingest([folder], run, limits=LIMITS, **options), read(run)


def convert_lines(tmp_path: Path, *lines: Row | str | bytes) -> tuple[IngestReport, list[Row]]:
    return convert(write(tmp_path / "trace", lines))


def read(run: Path) -> list[Row]:
    """Return the rows by process and event, without the columns that are NULL, JSON decoded."""
    rows: list[Row] = []
    for part in open_dataset(run).parts:
        schema = pq.read_schema(part)
        assert schema.equals(EVENT_SCHEMA), schema
        rows += pq.read_table(part, partitioning=None).to_pylist()
    rows.sort(key=lambda row: (row["process_id"], row["event_id"]))
    return [
        {
            key: json.loads(value, parse_constant=_refuse) if key in JSON_COLUMNS else value
            for key, value in row.items()
            if value is not None
        }
        for row in rows
    ]


def _refuse(token: str) -> None:
    raise AssertionError(f"{token} is not JSON")
