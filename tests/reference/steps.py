"""Calls of a function that belong to the same training step, and pairs of them."""

from __future__ import annotations

from collections.abc import Sequence

from tests.reference.events import Key, Row, calls, key

Pair = tuple[Key, Key]


def calls_by_step(rows: Sequence[Row], function: str) -> dict[int | None, list[Row]]:
    """Return a trace's calls of a function, however they ended, by step; None: in no step.

    Each list is in order of start, over all threads and processes.
    """
    order = ("start_ts", "thread_id", "event_id")
    found: dict[int | None, list[Row]] = {}
    for call in sorted(calls(rows), key=lambda row: [row[name] for name in order]):
        if call["function"] == function:
            found.setdefault(call.get("step"), []).append(call)
    return found


def unordered(trace: str, one: Row, other: Row) -> Pair:
    """Name two records of a trace, the smaller key first."""
    first, second = sorted((key(trace, one), key(trace, other)))
    return first, second
