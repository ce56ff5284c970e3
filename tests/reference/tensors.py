"""The tensors that calls are given and return, and the scalars in their properties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.reference.events import Key, Row, Traces, calls, key
from tests.reference.values import without_ids

Tensor = dict[str, Any]
"""The properties of a tensor, addresses left out."""
Path = tuple[str] | tuple[str, int]
"""A property or, of a property that is a list, one element."""
Leaf = tuple[int, Path]
"""The number of a tensor among the tensors of its call's input or output, and a path in it."""

MEANINGLESS_PREFIXES = ("is_", "has_", "can_")
MEANINGLESS = ("itemsize", "nbytes", "name", "grad", "grad_fn", "retains_grad", "data")


def is_tensor(type_name: str) -> bool:
    """Tell whether values of a type are tensors, by its name."""
    return type_name.endswith("Tensor") or "Parameter" in type_name


def is_telling(name: str) -> bool:
    """Tell whether a property says something of the program, not only of how tensors are made."""
    return not name.startswith(MEANINGLESS_PREFIXES) and name not in MEANINGLESS


def ok_calls(traces: Traces, function: str) -> dict[Key, Row]:
    """Return the calls of a function that returned normally."""
    return {
        key(trace, call): call
        for trace, rows in traces.items()
        for call in calls(rows)
        if call["function"] == function and call["outcome"] == "ok"
    }


def given_tensors(call: Row) -> list[Tensor]:
    """Return a call's tensor arguments: by position, then by name; not those inside lists."""
    args, kwargs = call.get("args") or {}, call.get("kwargs") or {}
    positional = [args[number] for number in sorted(args, key=int)]
    return _tensors([*positional, *(kwargs[name] for name in sorted(kwargs))])


def returned_tensors(call: Row) -> list[Tensor]:
    """Return the tensors that a call returned, by itself or in a tuple."""
    result = call.get("result")
    if result is None:
        return []
    return _tensors(result if isinstance(result, list) else [result])


def leaves(tensors: Sequence[Tensor]) -> dict[Leaf, Any]:
    """Return every scalar property and every scalar element of a list property."""
    found: dict[Leaf, Any] = {}
    for index, tensor in enumerate(tensors):
        for name, value in tensor.items():
            if isinstance(value, list):
                found |= {(index, (name, place)): item for place, item in enumerate(value)}
            else:
                found[index, (name,)] = value
    return {leaf: value for leaf, value in found.items() if not isinstance(value, list | dict)}


def _tensors(typed: Sequence[Mapping[str, Any]]) -> list[Tensor]:
    pairs = [pair for one in typed for pair in one.items()]
    payloads = [payload for type_name, payload in pairs if is_tensor(type_name)]
    return [without_ids(payload) if isinstance(payload, dict) else {} for payload in payloads]
