"""Contain, a change: every call of a function contains a change of an attribute from old to new.

Parameters: (function, variable type, attribute, old, new), the last two as canonical JSON text of a
value or of a symbol.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

from tests.reference.events import (
    Change,
    Examples,
    Key,
    Traces,
    calls,
    changes,
    containers,
    is_complete,
    key,
)
from tests.reference.pool import functions
from tests.reference.values import canonical, generalise, matches

Params = tuple[str, str, str, str, str]
Target = tuple[str, str]
"""A variable type and an attribute."""
Concrete = tuple[str, str]
"""An old and a new value, each as canonical JSON text."""

MERGE_SCALE = 0.1
MERGE_RATIO = 1.3


@dataclass(frozen=True)
class Parent:
    """A call of the function in question: whether it ended, and the changes inside it."""

    key: Key
    complete: bool
    changes: list[Change]


def hypotheses(traces: Traces) -> set[Params]:
    """Return the changes seen inside calls of each function, as they are or generalised."""
    found: set[Params] = set()
    for function in functions(traces):
        parents = _parents(traces, function)
        seen = [change for parent in parents for change in parent.changes]
        for target in {_target(change) for change in seen}:
            judged = _parents(_observing(traces, target), function)
            for is_null in product((True, False), repeat=2):
                members = {
                    _concrete(change)
                    for change in seen
                    if _target(change) == target
                    and (change.old is None, change.new is None) == is_null
                }
                found |= {(function, *target, *pair) for pair in _merge(judged, target, members)}
    return found


def examples(traces: Traces, params: Params) -> Examples:
    """Judge every call of the function; one that never ended only if it contains such a change.

    A trace that never observes the attribute says nothing.
    """
    function, variable_type, attribute, old_text, new_text = params
    old, new = json.loads(old_text), json.loads(new_text)

    def is_wanted(change: Change) -> bool:
        of_target = _target(change) == (variable_type, attribute)
        return of_target and matches(old, change.old) and matches(new, change.new)

    observing = _observing(traces, (variable_type, attribute))
    return _judge(_parents(observing, function), is_wanted)


def _observing(traces: Traces, target: Target) -> Traces:
    variable_type, attribute = target
    return {
        name: rows
        for name, rows in traces.items()
        if any(
            row["kind"] == "state"
            and row["variable_type"] == variable_type
            and attribute in row["attributes"]
            for row in rows
        )
    }


def _merge(parents: list[Parent], target: Target, members: set[Concrete]) -> set[Concrete]:
    """Replace a class of changes by one general change where that is clearly more likely."""
    if len(members) <= 1:
        return members
    each = [_likelihood(parents, target, {member}) for member in members]
    if _likelihood(parents, target, members) / (math.fsum(each) / len(each)) < MERGE_RATIO:
        return members
    old = generalise([json.loads(old) for old, _ in members])
    new = generalise([json.loads(new) for _, new in members])
    return {(canonical(old), canonical(new))}


def _likelihood(parents: list[Parent], target: Target, members: set[Concrete]) -> float:
    found = _judge(
        parents, lambda change: _target(change) == target and _concrete(change) in members
    )
    return 1 / (1 + math.exp(-MERGE_SCALE * (len(found.positive) - len(found.negative))))


def _judge(parents: list[Parent], is_wanted: Callable[[Change], bool]) -> Examples:
    positive = {parent.key for parent in parents if any(map(is_wanted, parent.changes))}
    ended = {parent.key for parent in parents if parent.complete}
    return Examples(frozenset(positive), frozenset(ended - positive))


def _parents(traces: Traces, function: str) -> list[Parent]:
    found: list[Parent] = []
    for trace, rows in traces.items():
        inside: dict[Key, list[Change]] = {}
        for change in changes(rows):
            for call in containers(change, rows):
                inside.setdefault(key(trace, call), []).append(change)
        found += [
            Parent(key(trace, call), is_complete(call), inside.get(key(trace, call), []))
            for call in calls(rows)
            if call["function"] == function
        ]
    return found


def _target(change: Change) -> Target:
    return change.variable[2], change.attribute


def _concrete(change: Change) -> Concrete:
    return canonical(change.old), canonical(change.new)
