"""Threshold: a number in a returned tensor stays within an argument that is called max or min.

Parameters: ("max" or "min", function, argument, output index, output path).
"""

from __future__ import annotations

from typing import Any

from tests.reference.contain_call import bound_arguments
from tests.reference.events import Examples, Key, Row, Traces
from tests.reference.pool import functions
from tests.reference.tensors import Leaf, Path, is_telling, leaves, ok_calls, returned_tensors
from tests.reference.values import is_number

Params = tuple[str, str, str, int, Path]

CLOSE = 0.2
KINDS = ("max", "min")


def hypotheses(traces: Traces, *, all_hypotheses: bool = False) -> set[Params]:
    """Return the pairs of which some call has the output within the threshold, and near it.

    `all_hypotheses`: with properties that tell little.
    """
    return {
        (kind, function, name, index, path)
        for function in functions(traces)
        for call in ok_calls(traces, function).values()
        for kind in KINDS
        for name, threshold in _numbers_given(call).items()
        for (index, path), output in _numbers_returned(call).items()
        if kind in name and (all_hypotheses or is_telling(path[0]))
        if _is_within(kind, output, threshold) and abs(threshold - output) <= CLOSE * abs(threshold)
    }


def examples(traces: Traces, params: Params) -> Examples:
    """Judge every call that returned normally and has both numbers."""
    kind, function, name, index, path = params
    positive: set[Key] = set()
    negative: set[Key] = set()
    for one, call in ok_calls(traces, function).items():
        given, returned = _numbers_given(call), _numbers_returned(call)
        if name in given and (index, path) in returned:
            holds = _is_within(kind, returned[index, path], given[name])
            (positive if holds else negative).add(one)
    return Examples(frozenset(positive), frozenset(negative))


def _is_within(kind: str, output: float, threshold: float) -> bool:
    return output <= threshold if kind == "max" else output >= threshold


def _numbers_given(call: Row) -> dict[str, Any]:
    return {
        name: payload
        for name, typed in bound_arguments(call).items()
        for payload in typed.values()
        if is_number(payload)
    }


def _numbers_returned(call: Row) -> dict[Leaf, Any]:
    found = leaves(returned_tensors(call))
    return {leaf: value for leaf, value in found.items() if is_number(value)}
