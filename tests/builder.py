"""Build small traces inline: events with a ticking clock, numbered and nested as a collector would.

trace = Trace().process(1).thread(1).at(step=0, stage="training")
with trace.call("train", kwargs={"epochs": 2}) as train:
    trace.state("w", data=1, grad=None, cause=train)
rows = trace.rows()
run = trace.write(tmp_path / "good")
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from tc_engine.dataset import Manifest, write_manifest
from tc_engine.parts import write_part
from tc_engine.schema import EVENT_SCHEMA

Row = dict[str, Any]

MISSING: Final = object()
"""A value that is not recorded at all, as opposed to a recorded None."""

CREATED_BY = "tests.builder"
PARAMETER = "torch.nn.Parameter"


@dataclass(frozen=True)
class Payload:
    """An argument or a result of a type by name: `Payload("torch.FloatTensor", {"ndim": 2})`."""

    type: str
    value: object


@dataclass(eq=False)
class Event:
    """A recorded event. Its number and its parent follow from the whole trace, see `Trace.rows`."""

    row: Row
    cause: Event | None = None


class Trace:
    """A trace under construction, at one process and thread at a time.

    Every event moves the clock of all processes on by `tick` ns, so no two moments are equal unless
    times are given. Annotations belong to a process, as in a training job.
    """

    def __init__(self, *, start: int = 1000, tick: int = 10) -> None:
        self._events: list[Event] = []
        self._clock = start
        self._tick = tick
        self._process = 1
        self._thread = 1
        self._notes: dict[int, dict[str, Any]] = defaultdict(dict)

    def process(self, process_id: int) -> Trace:
        """Go on in a process."""
        self._process = process_id
        return self

    def thread(self, thread_id: int) -> Trace:
        """Go on in a thread of the current process."""
        self._thread = thread_id
        return self

    def at(self, **notes: object) -> Trace:
        """Annotate the following events of the current process; MISSING takes a note away."""
        self._notes[self._process].update(notes)
        return self

    def wait(self, ns: int) -> Trace:
        """Let time pass."""
        self._clock += ns
        return self

    @contextmanager
    def call(self, function: str, *, outcome: str = "ok", **details: Any) -> Iterator[Event]:
        """Record a call around the events of the block: the details of `enter` and of `leave`.

        An outcome of 'incomplete' leaves it open. After the block the trace goes on in the process
        and thread of the call.
        """
        closing = {name: details.pop(name) for name in _LEAVING if name in details}
        event = self.enter(function, **details)
        yield event
        if outcome != "incomplete":
            self.leave(event, outcome=outcome, **closing)
        self.process(event.row["process_id"]).thread(event.row["thread_id"])

    def enter(
        self,
        function: str,
        *,
        args: Sequence[object] | None = None,
        kwargs: Mapping[str, object] | None = None,
        parameters: Sequence[str] | None = None,
        start: int | None = None,
        **columns: object,
    ) -> Event:
        """Begin a call: incomplete until `leave`.

        Values of `args` and `kwargs` get their Python type's name; None means not recorded. Other
        keywords are annotations (`step`, `stage`) or columns of the event table (`receiver`).
        """
        row = self._begin("call", start, columns)
        row |= {"outcome": "incomplete", "function": function}
        if parameters is not None:
            row["parameters"] = list(parameters)
        if args is not None:
            row["args"] = {str(number): _typed(value) for number, value in enumerate(args)}
        if kwargs is not None:
            row["kwargs"] = {name: _typed(value) for name, value in kwargs.items()}
        return self._add(Event(row))

    def leave(
        self,
        call: Event,
        *,
        outcome: str = "ok",
        result: object = MISSING,
        exception: str | None = None,
        end: int | None = None,
    ) -> None:
        """End a call; a tuple as `result` becomes a list of typed values."""
        call.row |= {"outcome": outcome, "end_ts": self._now(end)}
        if isinstance(result, tuple):
            call.row["result"] = [_typed(value) for value in result]
        elif result is not MISSING:
            call.row["result"] = _typed(result)
        if exception is not None:
            call.row |= {"outcome": "exception", "exception": exception}

    def state(
        self,
        variable: str,
        *,
        type: str = PARAMETER,
        cause: Event | None = None,
        at: int | None = None,
        notes: Mapping[str, object] | None = None,
        **attributes: object,
    ) -> Event:
        """Record all attributes of a variable at one moment, and the call that changed it if asked.

        `at` is the time, `notes` annotates this event only.
        """
        row = self._begin("state", at, dict(notes or {}))
        recorded = {name: value for name, value in attributes.items() if value is not MISSING}
        row |= {"variable": variable, "variable_type": type, "attributes": recorded}
        return self._add(Event(row, cause))

    def event_id(self, event: Event) -> int:
        """Return the number of an event in its process, as far as the trace is built."""
        return self._numbers()[id(event)]

    def rows(self) -> list[Row]:
        """Return one dict per event, ordered by process and event_id; no key = not recorded."""
        numbers = self._numbers()
        rows = []
        for event in self._events:
            row = {**event.row, "event_id": numbers[id(event)]}
            parent = self._parent(event) if row["kind"] == "call" else None
            if parent is not None:
                row["parent_id"] = numbers[id(parent)]
            if event.cause is not None:
                row["cause_id"] = numbers[id(event.cause)]
            rows.append({name: row[name] for name in EVENT_SCHEMA.names if name in row})
        return sorted(rows, key=lambda row: (row["process_id"], row["event_id"]))

    def write(self, path: Path) -> Path:
        """Write the trace as a dataset and return its folder."""
        return write_rows(path, self.rows())

    def _begin(self, kind: str, time: int | None, columns: Mapping[str, object]) -> Row:
        own = {name: value for name, value in columns.items() if name in _PLAIN_COLUMNS}
        notes = {name: value for name, value in columns.items() if name not in _PLAIN_COLUMNS}
        place = {"kind": kind, "process_id": self._process, "thread_id": self._thread}
        return {**place, "start_ts": self._now(time), **self._annotations(notes), **own}

    def _annotations(self, notes: Mapping[str, object]) -> Row:
        together = {**self._notes[self._process], **notes}
        meta = {name: value for name, value in together.items() if value is not MISSING}
        columns: Row = {}
        if type(meta.get("step")) is int:
            columns["step"] = meta.pop("step")
        if isinstance(meta.get("stage"), str):
            columns["stage"] = meta.pop("stage")
        return {**columns, "meta": meta} if meta else columns

    def _now(self, given: int | None) -> int:
        if given is None:
            self._clock += self._tick
            return self._clock
        self._clock = max(self._clock, given)
        return given

    def _add(self, event: Event) -> Event:
        self._events.append(event)
        return event

    def _numbers(self) -> dict[int, int]:
        numbers: dict[int, int] = {}
        last: dict[int, int] = defaultdict(int)
        for event in sorted(self._events, key=lambda event: event.row["start_ts"]):
            process = event.row["process_id"]
            last[process] += 1
            numbers[id(event)] = last[process]
        return numbers

    def _parent(self, child: Event) -> Event | None:
        around = [event for event in self._events if _encloses(event.row, child.row)]
        return max(around, key=lambda event: event.row["start_ts"], default=None)


def write_rows(path: Path, rows: Sequence[Row]) -> Path:
    """Write event rows, one part per process, as a dataset at `path` and return it."""
    of_process: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        of_process[row["process_id"]].append(row)
    for process, own in of_process.items():
        table = pa.Table.from_pylist([_json_row(row) for row in own], schema=_TEXT_SCHEMA)
        write_part(path, str(process), 0, table, CREATED_BY)
    path.mkdir(parents=True, exist_ok=True)
    write_manifest(path, Manifest(created_by=CREATED_BY, counts={"events": len(rows)}))
    return path


def _encloses(parent: Row, child: Row) -> bool:
    """Tell whether a call was open on the child's thread from before its start to after its end."""
    same_thread = all(parent[name] == child[name] for name in ("process_id", "thread_id"))
    if parent["kind"] != "call" or not same_thread or parent["start_ts"] >= child["start_ts"]:
        return False
    if "end_ts" not in parent:
        return True
    return "end_ts" in child and bool(child["end_ts"] < parent["end_ts"])


def _typed(value: object) -> dict[str, object]:
    if isinstance(value, Payload):
        return {value.type: value.value}
    plain = list(value) if isinstance(value, tuple) else value
    return {type(value).__name__: plain}


def _json_row(row: Row) -> Row:
    return {
        name: json.dumps(value, allow_nan=False) if name in _JSON_COLUMNS else value
        for name, value in row.items()
    }


_LEAVING = ("result", "exception", "end")
_JSON_COLUMNS = frozenset(field.name for field in EVENT_SCHEMA if field.type == pa.json_())
_PLAIN_COLUMNS = frozenset(EVENT_SCHEMA.names) - {"step", "stage", "meta"}
_TEXT_SCHEMA = pa.schema(
    [
        pa.field(field.name, pa.string() if field.name in _JSON_COLUMNS else field.type)
        for field in EVENT_SCHEMA
    ]
)
