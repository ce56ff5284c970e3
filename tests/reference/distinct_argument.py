"""Distinct argument: within a step, no two calls of a function have the same arguments.

Parameters: (function,).
"""

from __future__ import annotations

from itertools import combinations, groupby
from typing import Any

from tests.reference.events import Examples, Row, Traces
from tests.reference.pool import functions, threads
from tests.reference.steps import Pair, calls_by_step, unordered
from tests.reference.values import is_number, same, without_ids

Params = tuple[str]

LONGEST_REPEAT = 3
LEAST_SHARED = 0.1
TOLERANCE = 1e-8


def hypotheses(traces: Traces) -> set[Params]:
    """Return the functions of which two calls differ, none of them called often in a row."""
    return {
        (function,)
        for function in functions(traces)
        if _longest_repeat(traces, function) <= LONGEST_REPEAT
        and examples(traces, (function,)).positive
    }


def _longest_repeat(traces: Traces, function: str) -> int:
    repeats = [
        len(list(repeat))
        for rows in traces.values()
        for thread in threads(rows)
        for name, repeat in groupby(call["function"] for call in thread)
        if name == function
    ]
    return max(repeats)


def examples(traces: Traces, params: Params) -> Examples:
    """Judge every pair of calls with recorded arguments in a step: positive where they differ."""
    positive: set[Pair] = set()
    negative: set[Pair] = set()
    for trace, rows in traces.items():
        for together in calls_by_step(rows, params[0]).values():
            for one, other in combinations(filter(_is_recorded, together), 2):
                held = negative if have_same_arguments(one, other) else positive
                held.add(unordered(trace, one, other))
    return Examples(frozenset(positive), frozenset(negative))


def _is_recorded(call: Row) -> bool:
    return call.get("args") is not None or call.get("kwargs") is not None


def have_same_arguments(left: Row, right: Row) -> bool:
    """Tell whether two calls were given the same, so far as values tell; addresses do not count."""
    return all(
        is_alike(without_ids(left.get(column) or {}), without_ids(right.get(column) or {}))
        for column in ("args", "kwargs")
    )


def is_alike(left: Any, right: Any) -> bool:
    """Tell whether two values are the same, or lists of integers that share enough."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(is_alike(left[one], right[one]) for one in left)
    if isinstance(left, list) and isinstance(right, list):
        if _holds_only_integers(left) and _holds_only_integers(right):
            return _shares_enough(_integers(left), _integers(right))
        return len(left) == len(right) and all(map(is_alike, left, right))
    if is_number(left) and is_number(right) and float in (type(left), type(right)):
        return bool(abs(left - right) <= TOLERANCE)
    return same(left, right)


def _holds_only_integers(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_holds_only_integers, value))
    return type(value) is int


def _integers(value: Any) -> set[int]:
    if isinstance(value, list):
        return {number for inner in value for number in _integers(inner)}
    return {value}


def _shares_enough(left: set[int], right: set[int]) -> bool:
    return left == right or len(left & right) / len(left | right) >= LEAST_SHARED
