"""Notions derived from events, each by its definition: descendants, runs, changes, records."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.reference.values import ID_PREFIXES, same

Row = dict[str, Any]
Traces = Mapping[str, Sequence[Row]]
Key = tuple[str, int, int]
"""A record: trace, process_id, event_id."""
Variable = tuple[int, str, str]
"""A variable: process_id, name, type name."""

CONTEXTS = "context_managers"
UNCOMPARED = ("is_", "has_", "can_")


@dataclass(frozen=True)
class Examples:
    """Where a hypothesis held and where it did not: keys of records, or of pairs of records."""

    positive: frozenset[Any]
    negative: frozenset[Any]


@dataclass(frozen=True)
class Run:
    """A longest stretch of equal values of one attribute of one variable.

    It is alive from `start`, the time of its first record, to `end`, the time of the next run's
    first record or, for the last run, the last time of the trace.
    """

    variable: Variable
    attribute: str
    value: Any
    records: tuple[Row, ...]
    start: int
    end: int


@dataclass(frozen=True)
class Change:
    """A variable's attribute got another value: `record` is the first that shows it, at `time`."""

    variable: Variable
    attribute: str
    old: Any
    new: Any
    time: int
    record: Row


def key(trace: str, row: Row) -> Key:
    """Name a record across traces."""
    return (trace, row["process_id"], row["event_id"])


def calls(rows: Iterable[Row]) -> list[Row]:
    """Return all calls in order of start."""
    return sorted((row for row in rows if row["kind"] == "call"), key=lambda row: row["start_ts"])


def is_complete(call: Row) -> bool:
    """Tell whether a call returned or raised."""
    return bool(call["outcome"] != "incomplete")


def same_thread(left: Row, right: Row) -> bool:
    """Tell whether two events belong to the same thread of the same process."""
    return all(left[name] == right[name] for name in ("process_id", "thread_id"))


def last_time(rows: Iterable[Row]) -> int:
    """Return the latest start or end among rows."""
    times = [row[name] for row in rows for name in ("start_ts", "end_ts") if name in row]
    return int(max(times))


def descendants(call: Row, rows: Sequence[Row]) -> list[Row]:
    """Return the calls inside a call, at any depth, that returned normally.

    Inside: on its thread, begun after it and ended before it. A call that never ended contains
    whatever began after it on its thread.
    """
    end = call["end_ts"] if is_complete(call) else math.inf
    return [
        inner
        for inner in calls(rows)
        if same_thread(inner, call)
        and inner["outcome"] == "ok"
        and call["start_ts"] < inner["start_ts"]
        and inner["end_ts"] < end
    ]


def is_compared(attribute: str) -> bool:
    """Tell whether an attribute's values make runs: not a flag of the type, not an address."""
    is_address = attribute.startswith(ID_PREFIXES) and "_ID" in attribute
    return not attribute.startswith(UNCOMPARED) and not is_address


def runs(rows: Sequence[Row]) -> list[Run]:
    """Return the runs of all attributes of all variables of a trace, in order of start."""
    observed: dict[tuple[Variable, str], list[Row]] = {}
    states = [row for row in rows if row["kind"] == "state"]
    for row in sorted(states, key=lambda row: (row["start_ts"], row["event_id"])):
        variable = (row["process_id"], row["variable"], row["variable_type"])
        for attribute in row["attributes"]:
            if is_compared(attribute):
                observed.setdefault((variable, attribute), []).append(row)
    found = [
        run
        for (variable, attribute), records in observed.items()
        for run in _runs_of(variable, attribute, records, last_time(rows))
    ]
    return sorted(found, key=lambda run: run.start)


def _runs_of(variable: Variable, attribute: str, records: list[Row], last: int) -> list[Run]:
    groups: list[list[Row]] = []
    for row in records:
        value = row["attributes"][attribute]
        if groups and same(groups[-1][-1]["attributes"][attribute], value):
            groups[-1].append(row)
        else:
            groups.append([row])
    starts = [group[0]["start_ts"] for group in groups]
    return [
        Run(variable, attribute, group[0]["attributes"][attribute], tuple(group), start, end)
        for group, start, end in zip(groups, starts, [*starts[1:], last], strict=True)
    ]


def runs_by_attribute(rows: Sequence[Row]) -> dict[tuple[Variable, str], list[Run]]:
    """Return the runs of each (variable, attribute) in order."""
    found: dict[tuple[Variable, str], list[Run]] = {}
    for run in runs(rows):
        found.setdefault((run.variable, run.attribute), []).append(run)
    return found


def changes(rows: Sequence[Row]) -> list[Change]:
    """Return every step from one run to the next; the first run of an attribute is no change."""
    found = [
        Change(new.variable, new.attribute, old.value, new.value, new.start, new.records[0])
        for own in runs_by_attribute(rows).values()
        for old, new in pairwise(own)
    ]
    return sorted(found, key=lambda change: change.time)


def containers(change: Change, rows: Sequence[Row]) -> list[Row]:
    """Return the calls that contain a change.

    With a recorded cause: that call and its ancestors. Without: every call of the process, on any
    thread, that was open at that time, both ends included; a call that never ended was open to the
    last time of its thread.
    """
    if change.record.get("cause_id") is not None:
        return ancestry(change.record["process_id"], change.record["cause_id"], rows)
    return [
        call
        for call in calls(rows)
        if call["process_id"] == change.record["process_id"]
        and call["start_ts"] <= change.time <= _open_until(call, rows)
    ]


def ancestry(process_id: int, event_id: int | None, rows: Sequence[Row]) -> list[Row]:
    """Return a call and its ancestors, innermost first."""
    own = {row["event_id"]: row for row in rows if row["process_id"] == process_id}
    found: list[Row] = []
    while event_id is not None:
        found.append(own[event_id])
        event_id = own[event_id].get("parent_id")
    return found


def _open_until(call: Row, rows: Sequence[Row]) -> int:
    if is_complete(call):
        return int(call["end_ts"])
    return last_time(row for row in rows if same_thread(row, call))


def with_stages(rows: Sequence[Row]) -> list[Row]:
    """Give rows without a stage the stage "init" in a trace where some row has one."""
    if not any(row.get("stage") is not None for row in rows):
        return list(rows)
    return [row if row.get("stage") is not None else {**row, "stage": "init"} for row in rows]


def record(row: Row) -> dict[str, Any]:
    """Flatten a row to what a precondition may speak about; no key = missing, None = null.

    Each active context manager is one key `meta_vars.context_managers.<class>`, its arguments an
    object. Other objects become dotted keys.
    """
    flat = {name: row[name] for name in ("process_id", "thread_id")}
    if row["kind"] == "call":
        flat["function"] = row["function"]
    else:
        flat |= {"var_name": row["variable"], "var_type": row["variable_type"]}
        flat |= _dotted("attributes", row["attributes"])
    meta = dict(row.get("meta") or {})
    managers = meta.pop(CONTEXTS, None) or {}
    meta |= {name: row[name] for name in ("step", "stage") if row.get(name) is not None}
    named = {f"meta_vars.{CONTEXTS}.{name}": arguments for name, arguments in managers.items()}
    return {**flat, **_dotted("meta_vars", meta), **named}


def records(traces: Traces, example: Any) -> list[dict[str, Any]]:
    """Return the flat records of an example: of its key, or of both keys of a pair."""
    keys: list[Key] = [example] if isinstance(example[0], str) else list(example)
    return [record(_find(traces, one)) for one in keys]


def _find(traces: Traces, wanted: Key) -> Row:
    rows = with_stages(traces[wanted[0]])
    return next(row for row in rows if key(wanted[0], row) == wanted)


def _dotted(prefix: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not value:
        return {prefix: value}
    flat: dict[str, Any] = {}
    for name, inner in value.items():
        flat |= _dotted(f"{prefix}.{name}", inner)
    return flat
