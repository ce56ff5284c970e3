"""Output: every tensor that a function returns has the same value of a property.

Parameters: (function, property, value), the value as canonical JSON text.
"""

from __future__ import annotations

from tests.reference.events import Examples, Traces
from tests.reference.pool import functions
from tests.reference.tensors import is_telling, ok_calls, returned_tensors
from tests.reference.values import canonical

Params = tuple[str, str, str]

MOST_VALUES = 64
SIZES = ("ndim", "shape")


def hypotheses(traces: Traces, *, all_hypotheses: bool = False) -> set[Params]:
    """Return one hypothesis for each value seen, for functions that always return tensors.

    A property of a function with too many values gives none. `all_hypotheses`: with null values,
    sizes, and properties that tell little.
    """
    found: set[Params] = set()
    for function in functions(traces):
        returned = [returned_tensors(call) for call in ok_calls(traces, function).values()]
        if not all(returned):
            continue
        tensors = [tensor for one in returned for tensor in one]
        for name in {name for tensor in tensors for name in tensor}:
            seen = [tensor[name] for tensor in tensors if name in tensor]
            values = {canonical(one) for one in seen if all_hypotheses or one is not None}
            if not all_hypotheses and (name in SIZES or not is_telling(name)):
                continue
            if len(values) <= MOST_VALUES:
                found |= {(function, name, value) for value in values}
    return found


def examples(traces: Traces, params: Params) -> Examples:
    """Judge every call that returned normally; one that returned no tensor fails."""
    function, name, value = params
    returned = {one: returned_tensors(call) for one, call in ok_calls(traces, function).items()}
    positive = {
        one
        for one, tensors in returned.items()
        if tensors
        and all(name in tensor and canonical(tensor[name]) == value for tensor in tensors)
    }
    return Examples(frozenset(positive), frozenset(returned.keys() - positive))
