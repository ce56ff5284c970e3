"""Turn events into Arrow columns and these into the parts of one process's folder.

Imports pyarrow, so only the writer thread imports this module, while the program goes on.
"""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from tc_engine.collect.events import Api, Call, Event, Look, Row, State
from tc_engine.collect.looks import states
from tc_engine.collect.sources import Places
from tc_engine.collect.stamp import CREATED_BY
from tc_engine.dataset import claim_process, part_path
from tc_engine.parts import write_part
from tc_engine.schema import EVENT_SCHEMA


class Parts:
    """The parts of one process: what is written, and what waits for the next part.

    `calls`, `states` and `bytes` count what came so far; `held` is the size in memory of all that
    is not in a large part yet. `places` names the files of the program.
    """

    def __init__(self, run: Path, places: Places) -> None:
        self.process = claim_process(run, os.getpid())
        self.calls = self.states = self.held = 0
        self.places = places
        self._run = run
        self._number = 0
        self._fresh: list[pa.RecordBatch] = []  # in no part
        self._small: list[pa.RecordBatch] = []  # in small parts, from `_first` on
        self._first = 0
        self._sizes: dict[Path, int] = {}
        self._parameters: dict[Api, str | None] = {}

    @property
    def bytes(self) -> int:
        """Size of all parts on disk."""
        return sum(self._sizes.values())

    def add(self, events: Sequence[Event]) -> None:
        """Convert events; they become part of the next part."""
        calls = [event for event in events if isinstance(event, Call)]
        seen = [state for event in events if isinstance(event, Look) for state in states(event)]
        for columns, count in (
            (self._call_columns(calls), len(calls)),
            (_state_columns(seen), len(seen)),
        ):
            if count:
                batch = _batch(columns, count, self.process)
                self._fresh.append(batch)
                self.held += batch.nbytes
        self.calls += len(calls)
        self.states += len(seen)

    def write(self) -> bool:
        """Write what is in no part yet as a small part; tell whether there was anything.

        Raises DataError where the disk does not take it.
        """
        if not self._fresh:
            return False
        self._write(self._number, self._fresh, quick=True)
        self._number += 1
        self._small += self._fresh
        self._fresh = []
        return True

    def join(self) -> None:
        """Put all small parts into a large one.

        Raises DataError where the disk does not take it.
        """
        last = self._number - 1
        if last > self._first:
            self._write(self._first, self._small, last=last)
            for number in range(self._first, last + 1):
                path = part_path(self._run, str(self.process), number)
                path.unlink(missing_ok=True)
                del self._sizes[path]
        self._first = self._number
        self._small, self.held = [], sum(batch.nbytes for batch in self._fresh)

    def _write(
        self,
        number: int,
        batches: Sequence[pa.RecordBatch],
        *,
        last: int | None = None,
        quick: bool = False,
    ) -> None:
        table = pa.Table.from_batches(batches).sort_by("event_id")
        path = write_part(
            self._run, str(self.process), number, table, CREATED_BY, last=last, quick=quick
        )
        self._sizes[path] = path.stat().st_size

    def _call_columns(self, calls: Sequence[Call]) -> dict[str, list[Any]]:
        return {
            **_common("call", calls),
            "end_ts": [call.end for call in calls],
            "outcome": [call.outcome for call in calls],
            "parent_id": [call.parent for call in calls],
            "function": [call.api.name for call in calls],
            "parameters": [self._parameters_of(call.api) for call in calls],
            "receiver": [call.receiver for call in calls],
            "source": [self.places.text(call) for call in calls],
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
