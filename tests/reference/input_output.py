"""Input and output: a scalar in a tensor that is returned equals one in a tensor that is given.

Parameters: (function, input index, input path, output index, output path).
"""

from __future__ import annotations

from typing import Any

from tests.reference.events import Examples, Key, Traces
from tests.reference.pool import functions
from tests.reference.tensors import (
    Leaf,
    Path,
    given_tensors,
    is_telling,
    leaves,
    ok_calls,
    returned_tensors,
)
from tests.reference.values import same

Params = tuple[str, int, Path, int, Path]


def hypotheses(traces: Traces, *, all_hypotheses: bool = False) -> set[Params]:
    """Return the pairs of scalars that were equal in some call; bools only of the same property.

    `all_hypotheses`: with null values and with properties that tell little.
    """
    found: set[Params] = set()
    for function in functions(traces):
        for call in ok_calls(traces, function).values():
            given = _worth(leaves(given_tensors(call)), all_hypotheses)
            returned = _worth(leaves(returned_tensors(call)), all_hypotheses)
            found |= {
                (function, *left, *right)
                for left, value in given.items()
                for right, other in returned.items()
                if same(value, other) and _may_pair(left, right, value)
            }
    return found


def examples(traces: Traces, params: Params) -> Examples:
    """Judge every call that returned normally and has both scalars."""
    function, given_index, given_path, returned_index, returned_path = params
    positive: set[Key] = set()
    negative: set[Key] = set()
    for one, call in ok_calls(traces, function).items():
        given, returned = leaves(given_tensors(call)), leaves(returned_tensors(call))
        left, right = (given_index, given_path), (returned_index, returned_path)
        if left in given and right in returned:
            (positive if same(given[left], returned[right]) else negative).add(one)
    return Examples(frozenset(positive), frozenset(negative))


def _worth(found: dict[Leaf, Any], all_hypotheses: bool) -> dict[Leaf, Any]:
    return {
        (index, path): value
        for (index, path), value in found.items()
        if all_hypotheses or (value is not None and is_telling(path[0]))
    }


def _may_pair(left: Leaf, right: Leaf, value: Any) -> bool:
    return not isinstance(value, bool) or left[1][0] == right[1][0]
