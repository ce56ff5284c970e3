"""A trace as the comparison asks it: the examples of any invariants, and calls inside calls."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from tc_engine.dataset import open_dataset
from tc_engine.engine import stages
from tc_engine.engine.session import Session
from tc_engine.invariants import Condition, Invariant
from tc_engine.learn import load
from tc_engine.learn.clauses import Signature, accepts
from tc_engine.relations._base import Relation

Arguments = Mapping[str, dict[str, Any]]

# As is_address() in sql/macros.sql.
_ADDRESS = re.compile(r"_(TRAINCHECK|ML_DAIKON)_.*_ID$")

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
class Group:
    """The examples of an invariant that a precondition cannot tell apart."""

    signature: str
    fields: Signature
    is_positive: bool
    examples: int

    def accepted_by(self, condition: Condition) -> bool:
        """Tell whether a precondition holds for these examples."""
        return accepts(condition, self.fields, records=2 if self.signature[:1] == "[" else 1)


@dataclass(frozen=True)
class Inside:
    """A call inside another: the outer one's number, what it was given by position and by name."""

    outer: int
    by_position: Sequence[dict[str, Any]]
    by_name: Arguments


class Trace:
    """A trace dataset, loaded."""

    def __init__(self, run: Path) -> None:
        self.session = Session()
        stages.prepare(self.session, [open_dataset(run)])

    def examples(self, relation: Relation, invariants: Sequence[Invariant]) -> list[list[Group]]:
        """Return the examples of each invariant, whatever its precondition."""
        stated = pa.table(
            {
                "hypothesis_id": pa.array(range(len(invariants)), pa.int64()),
                "params": pa.array([json.dumps(one.params) for one in invariants], pa.string()),
            }
        )
        self.session.load("stated", stated)
        self.session.connection.execute(
            "CREATE OR REPLACE TABLE hypotheses AS "
            "SELECT hypothesis_id, CAST(params AS JSON) AS params FROM stated"
        )
        for name in (
            f"{relation.name}/examples",
            "4_learn/example_signatures",
            "4_learn/signature_fields",
        ):
            self.session.run(name)
        fields = load.signatures(self.session)
        found: dict[int, list[Group]] = defaultdict(list)
        for number, signature, is_positive, count in self.session.rows(
            "SELECT hypothesis_id, signature, is_positive, examples FROM example_signatures"
        ):
            group = Group(signature, fields.get(signature, {}), is_positive, count)
            found[number].append(group)
        return [found[number] for number in range(len(invariants))]

    def calls_inside(self, invariant: Invariant) -> list[Inside]:
        """Return the calls of the child of a Contain invariant inside calls of its parent."""
        parent, child = (param["api_full_name"] for param in invariant.params)
        rows = self.session.connection.execute(
            _CALLS_INSIDE, {"parent": parent, "child": child}
        ).fetchall()
        return [
            Inside(outer, list(json.loads(args or "{}").values()), json.loads(kwargs or "{}"))
            for outer, args, kwargs in rows
        ]

    def found_by_value(self, invariant: Invariant) -> tuple[int, int]:
        """Judge a Contain invariant whose arguments have names that the trace does not know.

        An argument counts as given if its value is at any position, or under its name. Returns the
        number of calls that the precondition holds for, and of those that contain such a child.
        """
        wanted = arguments(invariant)
        matching = {
            call.outer
            for call in self.calls_inside(invariant)
            if all(
                call.by_name[name] == value if name in call.by_name else value in call.by_position
                for name, value in wanted.items()
            )
        }
        accepted = self._accepted_calls(invariant)
        return len(accepted), len(accepted & matching)

    def has_earlier_observation(
        self, relation: Relation, invariant: Invariant, groups: Sequence[Group]
    ) -> bool:
        """Tell whether a change in these calls is of a variable already seen in their stage."""
        self.examples(relation, [invariant])
        variable = invariant.params[1]
        rows = self.session.connection.execute(
            _OBSERVED_EARLIER_IN_STAGE,
            {
                "signatures": [group.signature for group in groups],
                "variable_type": variable["var_type"],
                "attribute": variable["attr_name"],
            },
        ).fetchall()
        return bool(rows[0][0])

    def _accepted_calls(self, invariant: Invariant) -> set[int]:
        parent = invariant.params[0]["api_full_name"]
        rows = self.session.rows(
            "SELECT call_id, CAST(context_id AS VARCHAR) FROM calls "
            "WHERE function = ? AND outcome <> 'incomplete'",
            [parent],
        )
        condition = precondition(invariant)
        return {
            call
            for call, context in rows
            if Group(context, self._contexts.get(context, {}), True, 1).accepted_by(condition)
        }

    @cached_property
    def _contexts(self) -> dict[str, Signature]:
        """What preconditions can tell about each context of a call."""
        found: dict[str, dict[tuple[str, tuple[str, ...]], str]] = defaultdict(dict)
        for context, field, path, value in self.session.rows(
            "SELECT CAST(context_id AS VARCHAR), field, path, value FROM features"
        ):
            found[context][field, () if path is None else (path,)] = value
        return dict(found)


def precondition(invariant: Invariant) -> Condition:
    """Return the precondition on the records of the relation's examples."""
    return next(iter(invariant.precondition.values()))


def arguments(invariant: Invariant) -> Arguments:
    """Return the arguments that a Contain invariant's child must have been given."""
    stored = invariant.params[-1].get("arguments") or {}
    given: Arguments = stored.get("args") or {}
    return given


def without_arguments(invariant: Invariant) -> Invariant:
    """Return the weaker invariant that does not say what the child must have been given."""
    params = tuple(
        {key: value for key, value in param.items() if key != "arguments"}
        for param in invariant.params
    )
    return replace(invariant, params=params)


def statement(invariant: Invariant) -> tuple[str, ...]:
    """Return what an invariant states, without precondition and arguments, to compare by."""
    params = [json.dumps(p, sort_keys=True) for p in without_arguments(invariant).params]
    if invariant.relation == "ConsistencyRelation":
        params.sort()
    return (invariant.relation, *params)


def is_about_address(invariant: Invariant) -> bool:
    """Tell whether an invariant is about the address of an object."""
    return any(_ADDRESS.match(str(param.get("attr_name", ""))) for param in invariant.params)
