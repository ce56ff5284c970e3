"""What a trace says of Contain invariants: calls inside calls, and what they were given."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.compatibility.statements import Arguments, arguments
from benchmarks.compatibility.trace import Group, Trace
from tc_engine.invariants import Invariant
from tc_engine.relations._base import Relation

_CALLS_INSIDE = """
WITH RECURSIVE inside AS (
    SELECT call_id AS child_id, parent_id AS call_id
    FROM calls WHERE function = $child AND outcome = 'ok'
    UNION ALL
    SELECT inside.child_id, call.parent_id AS call_id
    FROM inside INNER JOIN calls AS call USING (call_id)
)
SELECT inside.call_id, CAST(event.args AS VARCHAR), CAST(event.kwargs AS VARCHAR)
FROM inside
INNER JOIN calls AS parent ON inside.call_id = parent.call_id AND parent.function = $parent
INNER JOIN calls AS child ON inside.child_id = child.call_id
INNER JOIN events AS event
    ON child.trace = event.trace AND child.process_id = event.process_id
    AND child.event_id = event.event_id
"""

_OBSERVED_EARLIER_IN_STAGE = """
SELECT count(*)
FROM examples
INNER JOIN calls USING (trace, process_id, event_id)
INNER JOIN var_changes AS change
    ON calls.trace = change.trace AND calls.process_id = change.process_id
    AND change.ts BETWEEN calls.start_ts AND calls.until_ts
INNER JOIN events AS earlier
    ON change.trace = earlier.trace AND change.process_id = earlier.process_id
    AND change.variable = earlier.variable AND change.variable_type = earlier.variable_type
    AND earlier.start_ts < change.ts AND earlier.stage = calls.stage
WHERE examples.hypothesis_id = 0 AND list_contains($signatures, examples.signature)
    AND change.variable_type = $variable_type AND change.attribute = $attribute
"""


@dataclass(frozen=True)
class Inside:
    """A call inside another: the outer one's number, what it was given by position and by name."""

    outer: int
    by_position: Sequence[dict[str, Any]]
    by_name: Arguments


def calls_inside(trace: Trace, invariant: Invariant) -> list[Inside]:
    """Return the calls of the child of a Contain invariant inside calls of its parent."""
    parent, child = (param["api_full_name"] for param in invariant.params)
    rows = trace.session.connection.execute(
        _CALLS_INSIDE, {"parent": parent, "child": child}
    ).fetchall()
    return [
        Inside(outer, list(json.loads(args or "{}").values()), json.loads(kwargs or "{}"))
        for outer, args, kwargs in rows
    ]


def found_by_value(trace: Trace, invariant: Invariant) -> tuple[int, int]:
    """Judge a Contain invariant whose arguments have names that the trace does not know.

    An argument counts as given if its value is at any position, or under its name. Returns the
    number of calls that the precondition holds for, and of those that contain such a child.
    """
    wanted = arguments(invariant)
    matching = {
        call.outer
        for call in calls_inside(trace, invariant)
        if all(
            call.by_name[name] == value if name in call.by_name else value in call.by_position
            for name, value in wanted.items()
        )
    }
    accepted = _accepted_calls(trace, invariant)
    return len(accepted), len(accepted & matching)


def has_earlier_observation(
    trace: Trace, relation: Relation, invariant: Invariant, groups: Sequence[Group]
) -> bool:
    """Tell whether a change in these calls is of a variable already seen in their stage."""
    trace.examples(relation, [invariant])
    variable = invariant.params[1]
    rows = trace.session.connection.execute(
        _OBSERVED_EARLIER_IN_STAGE,
        {
            "signatures": [group.signature for group in groups],
            "variable_type": variable["var_type"],
            "attribute": variable["attr_name"],
        },
    ).fetchall()
    return bool(rows[0][0])


def _accepted_calls(trace: Trace, invariant: Invariant) -> set[int]:
    parent = invariant.params[0]["api_full_name"]
    rows = trace.session.rows(
        "SELECT call_id, CAST(context_id AS VARCHAR) FROM calls "
        "WHERE function = ? AND outcome <> 'incomplete'",
        [parent],
    )
    return {call for call, context in rows if trace.accepts(invariant, context)}
