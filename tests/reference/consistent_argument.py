"""Consistent argument: in a step, all processes give their n-th call of a function the same value.

Parameters: (function, argument), the argument by its name or by its position as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from tests.reference.events import Examples, Row, Traces, calls
from tests.reference.pool import functions
from tests.reference.steps import Pair, calls_by_step, unordered
from tests.reference.values import is_address, same

Params = tuple[str, str]


def hypotheses(traces: Traces) -> set[Params]:
    """Return the arguments that two processes once agreed on."""
    return {
        params
        for function in functions(traces)
        for params in _arguments(traces, function)
        if examples(traces, params).positive
    }


def _arguments(traces: Traces, function: str) -> set[Params]:
    return {
        (function, name)
        for rows in traces.values()
        for call in calls(rows)
        if call["function"] == function
        for name in _given(call)
    }


def examples(traces: Traces, params: Params) -> Examples:
    """Judge each two calls of the same number in their step and process, by all its threads.

    Only where both were given a value that holds no objects; how the calls ended does not matter.
    """
    function, argument = params
    positive: set[Pair] = set()
    negative: set[Pair] = set()
    for trace, rows in traces.items():
        for together in calls_by_step(rows, function).values():
            for first, second in combinations(_by_process(together), 2):
                for one, other in zip(first, second, strict=False):
                    left, right = _given(one).get(argument), _given(other).get(argument)
                    if left is not None and right is not None:
                        held = positive if same(left, right) else negative
                        held.add(unordered(trace, one, other))
    return Examples(frozenset(positive), frozenset(negative))


def _by_process(together: Sequence[Row]) -> list[list[Row]]:
    processes = sorted({call["process_id"] for call in together})
    return [[call for call in together if call["process_id"] == one] for one in processes]


def _given(call: Row) -> dict[str, Any]:
    """Return the arguments {type: value} by position or name, without those that hold objects."""
    together = {**(call.get("kwargs") or {}), **(call.get("args") or {})}
    return {
        name: typed
        for name, typed in together.items()
        if not is_address(name) and not any(map(_holds_objects, typed.values()))
    }


def _holds_objects(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_holds_objects, value))
    return isinstance(value, dict)
