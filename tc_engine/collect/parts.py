"""Turn events into Arrow columns and these into the parts of one process's folder.

Imports pyarrow, so only the writer thread imports this module, while the program goes on.
"""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from pathlib import Path
from typing import Any

import pyarrow as pa

from tc_engine.collect.events import Api, Call, Event, Row, State
from tc_engine.collect.looks import states
from tc_engine.collect.sources import Places
from tc_engine.collect.stamp import CREATED_BY
from tc_engine.dataset import claim_process, part_path
from tc_engine.parts import write_part
from tc_engine.schema import EVENT_SCHEMA


class Parts:
    """The parts of one process: what is written, and what waits for the next part.

    `calls`, `states` and `bytes` count what came so far; `held` is about the size in memory of all
    that is not in a large part yet. `places` names the files of the program. `pause` is called in
    between wherever Python has been busy for a while.
    """

    def __init__(self, run: Path, places: Places, pause: Callable[[], None]) -> None:
        self.process = claim_process(run, os.getpid())
        self.calls = self.states = self.held = 0
        self.places = places
        self._run = run
        self._pause = pause
        self._number = 0
        self._called: list[Call] = []  # in no part
        self._seen: list[State] = []  # likewise
        self._small: list[pa.RecordBatch] = []  # in small parts, from `_first` on
        self._first = 0
        self._sizes: dict[Path, int] = {}
        self._parameters: dict[Api, str | None] = {}

    @property
    def bytes(self) -> int:
        """Size of all parts on disk."""
        return sum(self._sizes.values())

    def add(self, events: Sequence[Event]) -> None:
        """Take up events; they become part of the next part."""
        calls, known = len(self._called), len(self._seen)
        for event in events:
            if isinstance(event, Call):
                self._called.append(event)
            else:
                self._seen += states(event)
        self.calls += len(self._called) - calls
        self.states += len(self._seen) - known
        self.held += sum(row.size for row in self._called[calls:])
        self.held += sum(row.size for row in self._seen[known:])

    def write(self) -> bool:
        """Write what is in no part yet as a small part; tell whether there was anything.

        Raises DataError where the disk does not take it.
        """
        called, self._called = self._called, []
        seen, self._seen = self._seen, []
        if not called and not seen:
            return False
        batches = []
        if called:
            batches.append(self._batch(self._call_columns(called), called))
        if seen:
            batches.append(self._batch(_state_columns(seen), seen))
        self._write(self._number, batches, quick=True)
        self._number += 1
        self._small += batches
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
        self._small = []
        self.held = sum(row.size for row in self._called) + sum(row.size for row in self._seen)

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

    def _call_columns(self, calls: Sequence[Call]) -> dict[str, Iterator[Any]]:
        return {
            "kind": repeat("call"),
            "end_ts": (call.end for call in calls),
            "outcome": (call.outcome for call in calls),
            "parent_id": (call.parent for call in calls),
            "function": (call.api.name for call in calls),
            "parameters": (self._parameters_of(call.api) for call in calls),
            "receiver": (call.receiver for call in calls),
            "source": (self.places.text(call) for call in calls),
            "args": (call.args for call in calls),
            "kwargs": (call.kwargs for call in calls),
            "result": (call.result for call in calls),
            "exception": (call.exception for call in calls),
            "exception_message": (call.message for call in calls),
        }

    def _batch(self, columns: dict[str, Iterator[Any]], rows: Sequence[Row]) -> pa.RecordBatch:
        """Make a batch of the event table; a column that is not given is NULL."""
        columns |= _common(rows)
        arrays = []
        for field in EVENT_SCHEMA:
            storage = getattr(field.type, "storage_type", field.type)
            values = columns.get(field.name)
            if field.name == "process_id":
                array = pa.repeat(pa.scalar(self.process, storage), len(rows))
            elif values is None:
                array = pa.nulls(len(rows), storage)
            else:
                array = pa.array(values, storage, size=len(rows))
                self._pause()
            if storage is not field.type:
                array = pa.ExtensionArray.from_storage(field.type, array)
            arrays.append(array)
        return pa.RecordBatch.from_arrays(arrays, schema=EVENT_SCHEMA)

    def _parameters_of(self, api: Api) -> str | None:
        if api not in self._parameters:
            self._parameters[api] = _parameters(api.original)
        return self._parameters[api]


def _common(rows: Sequence[Row]) -> dict[str, Iterator[Any]]:
    return {
        "thread_id": (row.thread.number for row in rows),
        "event_id": (row.event_id for row in rows),
        "start_ts": (row.start for row in rows),
        "step": (row.label[0] for row in rows),
        "stage": (row.label[1] for row in rows),
        "meta": (row.label[2] for row in rows),
    }


def _state_columns(states: Sequence[State]) -> dict[str, Iterator[Any]]:
    return {
        "kind": repeat("state"),
        "variable": (state.variable for state in states),
        "variable_type": (state.variable_type for state in states),
        "attributes": (state.attributes for state in states),
        "cause_id": (state.cause for state in states),
        "extra": (state.extra for state in states),
    }


def _parameters(function: Callable[..., Any]) -> str | None:
    """Name the positional parameters of a function as a JSON list; None where nothing tells."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return json.dumps([parameter.name for parameter in parameters if parameter.kind in kinds])
