"""When one invariant says all that another says: what `tc-engine invariants --drop-implied` asks.

Only what holds in every trace counts. A chain of calls (A, B, C) says what its pairs (A, B) and
(B, C) say, and no more: that A leads B and B leads C does not make A lead C.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tc_engine.invariants import Clause, Condition, Invariant

Conjunction = tuple[Clause, ...]

# Which changes of a value a symbol stands for (relations.md 4.3): each with all wider ones.
_WIDER = {
    "above_zero": {"non_negative", "non_zero", "non_none", "anything"},
    "below_zero": {"non_positive", "non_zero", "non_none", "anything"},
    "non_zero": {"non_none", "anything"},
    "non_none": {"anything"},
    "non_positive": {"anything"},
    "non_negative": {"anything"},
}
_CHAINS = ("FunctionLeadRelation", "FunctionCoverRelation")
_UNORDERED = "ConsistencyRelation"
_CHANGE = ("pre_value", "post_value")


def implies(first: Invariant, second: Invariant) -> bool:
    """Tell whether a run that breaks the second invariant always breaks the first one too."""
    return (
        first.relation == second.relation
        and first.precondition.keys() == second.precondition.keys()
        and _params_imply(first, second)
        and all(
            condition_implies(second.precondition[group], first.precondition[group])
            for group in first.precondition
        )
    )


def condition_implies(first: Condition, second: Condition) -> bool:
    """Tell whether the second condition holds wherever the first one does."""
    if is_always(second) or is_never(first):
        return True
    if first.inverted != second.inverted:
        return False
    if first.inverted:
        first, second = second, first
    return all(
        any(_conjunction_implies(one, other) for other in second.alternatives)
        for one in first.alternatives
    )


def is_always(condition: Condition) -> bool:
    """Tell whether a condition holds for every example."""
    return () in condition.alternatives if not condition.inverted else not condition.alternatives


def is_never(condition: Condition) -> bool:
    """Tell whether a condition holds for no example."""
    return () in condition.alternatives if condition.inverted else not condition.alternatives


def _conjunction_implies(first: Conjunction, second: Conjunction) -> bool:
    return all(any(_clause_implies(one, other) for one in first) for other in second)


def _clause_implies(first: Clause, second: Clause) -> bool:
    if (first.field, first.path) != (second.field, second.path):
        return False
    if second.kind == "exist":
        return True
    if first.kind == "constant" and second.kind == "constant":
        return set(first.values) <= set(second.values)
    return first.kind == second.kind or (first.kind, second.kind) == ("constant", "consistent")


def _params_imply(first: Invariant, second: Invariant) -> bool:
    if first.relation in _CHAINS:
        return _has_part(first.params, second.params)
    ours, theirs = list(first.params), list(second.params)
    if first.relation == _UNORDERED:
        ours, theirs = sorted(ours, key=_text), sorted(theirs, key=_text)
    return len(ours) == len(theirs) and all(map(_param_implies, ours, theirs))


def _has_part(chain: tuple[dict[str, Any], ...], part: tuple[dict[str, Any], ...]) -> bool:
    return any(
        list(map(_text, chain[start : start + len(part)])) == list(map(_text, part))
        for start in range(len(chain) - len(part) + 1)
    )


def _param_implies(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    names = first.keys() | second.keys()
    return all(
        _value_implies(first[name], second[name])
        if name in _CHANGE and name in first and name in second
        else name in first and name in second and _text(first[name]) == _text(second[name])
        for name in names
    )


def _value_implies(first: object, second: object) -> bool:
    """Tell whether every value that the first one stands for matches the second one."""
    if _text(first) == _text(second) or second == "anything":
        return True
    if isinstance(second, str) and second in _WIDER:
        return second in _symbols(first)
    return False


def _symbols(value: object) -> set[str]:
    if isinstance(value, str) and value in _WIDER:
        return _WIDER[value]
    if value is None:
        return {"non_positive", "non_negative"}
    if not isinstance(value, int | float):
        return {"non_none"}
    if value == 0:
        return {"non_positive", "non_negative", "non_none"}
    sign = "above_zero" if value > 0 else "below_zero"
    return {sign} | _WIDER[sign]


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True)
