"""Turn rows into Arrow columns and these into the parts of one process's folder.

Imports pyarrow, so only the writer thread imports this module, while the program goes on.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from tc_engine import __version__
from tc_engine.collect.events import Api, Call, Row, State
from tc_engine.dataset import write_part
from tc_engine.schema import EVENT_SCHEMA

CREATED_BY = f"tc_engine {__version__} collect"


class Parts:
    """The parts of one process: what is written, and the rows that wait for the next part."""

    def __init__(self, run: Path, process: int) -> None:
        self.waiting = 0
        self.bytes = self.calls = self.states = 0
        self._run = run
        self._process = process
        self._number = 0
        self._batches: list[pa.RecordBatch] = []
        self._parameters: dict[Api, str | None] = {}

    def add(self, rows: Sequence[Row]) -> None:
        """Convert rows; they become part of the next part."""
        calls = [row for row in rows if isinstance(row, Call)]
        states = [row for row in rows if isinstance(row, State)]
        for columns, count in (
            (self._call_columns(calls), len(calls)),
            (_state_columns(states), len(states)),
        ):
            if count:
                self._batches.append(_batch(columns, count, self._process))
        self.waiting += len(rows)
        self.calls += len(calls)
        self.states += len(states)

    def write(self) -> None:
        """Write what waits as the next part. Raises DataError where the disk does not take it."""
        if not self._batches:
            return
        table = pa.Table.from_batches(self._batches).sort_by("event_id")
        self._batches, self.waiting = [], 0
        path = write_part(self._run, str(self._process), self._number, table, CREATED_BY)
        self._number += 1
        self.bytes += path.stat().st_size

    def _call_columns(self, calls: Sequence[Call]) -> dict[str, list[Any]]:
        return {
            **_common("call", calls),
            "end_ts": [call.end for call in calls],
            "outcome": [call.outcome for call in calls],
            "parent_id": [call.parent for call in calls],
            "function": [call.api.name for call in calls],
            "parameters": [self._parameters_of(call.api) for call in calls],
            "receiver": [call.receiver for call in calls],
            "args": [call.args for call in calls],
            "kwargs": [call.kwargs for call in calls],
            "result": [call.result for call in calls],
            "exception": [call.exception for call in calls],
            "exception_message": [call.message for call in calls],
        }

    def _parameters_of(self, api: Api) -> str | None:
        if api not in self._parameters:
            self._parameters[api] = _parameters(api.original)
        return self._parameters[api]


def _common(kind: str, rows: Sequence[Row]) -> dict[str, list[Any]]:
    return {
        "kind": [kind] * len(rows),
        "thread_id": [row.thread.number for row in rows],
        "event_id": [row.event_id for row in rows],
        "start_ts": [row.start for row in rows],
        "step": [row.label[0] for row in rows],
        "stage": [row.label[1] for row in rows],
        "meta": [row.label[2] for row in rows],
    }


def _state_columns(states: Sequence[State]) -> dict[str, list[Any]]:
    return {
        **_common("state", states),
        "variable": [state.variable for state in states],
        "variable_type": [state.variable_type for state in states],
        "attributes": [state.attributes for state in states],
        "cause_id": [state.cause for state in states],
        "extra": [state.extra for state in states],
    }


def _batch(columns: dict[str, list[Any]], count: int, process: int) -> pa.RecordBatch:
    """Make a batch of the event table; a column that is not given is NULL."""
    columns["process_id"] = [process] * count
    arrays = []
    for field in EVENT_SCHEMA:
        storage = getattr(field.type, "storage_type", field.type)
        values = columns.get(field.name)
        array = pa.nulls(count, storage) if values is None else pa.array(values, storage)
        if storage is not field.type:
            array = pa.ExtensionArray.from_storage(field.type, array)
        arrays.append(array)
    return pa.RecordBatch.from_arrays(arrays, schema=EVENT_SCHEMA)


def _parameters(function: Callable[..., Any]) -> str | None:
    """Name the positional parameters of a function as a JSON list; None where nothing tells."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return json.dumps([parameter.name for parameter in parameters if parameter.kind in kinds])
