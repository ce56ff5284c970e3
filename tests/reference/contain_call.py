"""Contain, a call: every call of a function contains a call of another, with fixed arguments.

Parameters: (parent function, child function, arguments), the arguments as canonical JSON text of
{name: {type: payload}}.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.reference.events import (
    Examples,
    Key,
    Row,
    Traces,
    calls,
    descendants,
    is_complete,
    key,
    with_stages,
)
from tests.reference.pool import functions, is_container
from tests.reference.values import canonical, same, without_ids

Params = tuple[str, str, str]


def hypotheses(traces: Traces, *, all_hypotheses: bool = False) -> set[Params]:
    """Return one hypothesis for each function and each function called inside it.

    One more for each stage in which more of the inner function's arguments never vary. Numbers,
    and what an optimizer passes on, count only where another stage gives others, and containers of
    modules are left out; not so with `all_hypotheses`.
    """
    inside: dict[tuple[str, str, str | None], list[Row]] = {}
    for rows in traces.values():
        for parent in calls(with_stages(rows)):
            if parent["function"] in functions(traces):
                for child in descendants(parent, rows):
                    for stage in {None, parent.get("stage")}:
                        pair = (parent["function"], child["function"], stage)
                        inside.setdefault(pair, []).append(child)
    found = set()
    for (parent, child, stage), children in inside.items():
        arguments = fixed_arguments(children)
        if not all_hypotheses:
            if is_container(parent):
                continue
            everywhere = fixed_arguments(inside[parent, child, None])
            arguments = {
                name: value
                for name, value in arguments.items()
                if name not in everywhere
                or not (_is_numeric(value) or parent.startswith("torch.optim."))
            }
        if arguments or stage is None:
            found.add((parent, child, canonical(arguments)))
    return found


def _is_numeric(payload: Mapping[str, Any]) -> bool:
    """Tell whether an argument is a number, or numbers in lists."""
    (value,) = payload.values()
    open_lists = [value]
    while open_lists:
        one = open_lists.pop()
        if isinstance(one, list):
            open_lists.extend(one)
        elif isinstance(one, bool) or not isinstance(one, int | float):
            return False
    return True


def fixed_arguments(children: list[Row]) -> dict[str, Any]:
    """Return the arguments that all calls were given with the same value, objects left out."""
    first, *others = [bound_arguments(child) for child in children]
    return {
        name: value
        for name, value in first.items()
        if not any(_holds_objects(payload) for payload in value.values())
        and all(name in other and same(other[name], value) for other in others)
    }


def _holds_objects(payload: object) -> bool:
    if isinstance(payload, list):
        return any(isinstance(item, dict) for item in payload)
    return isinstance(payload, dict)


def bound_arguments(call: Row) -> dict[str, Any]:
    """Return a call's arguments by name: positional ones only where their names are known."""
    named = dict(enumerate(call.get("parameters") or []))
    positional = {
        named[int(number)]: value
        for number, value in (call.get("args") or {}).items()
        if int(number) in named
    }
    together = {**positional, **(call.get("kwargs") or {})}
    return dict(without_ids(together))


def examples(traces: Traces, params: Params) -> Examples:
    """Judge every call of the parent; one that never ended only if it contains the child.

    Nor is one judged in which a child may have had the arguments, but nobody can tell.
    """
    parent, child, arguments = params
    positive: set[Key] = set()
    negative: set[Key] = set()
    for trace, rows in traces.items():
        for call in calls(rows):
            if call["function"] != parent:
                continue
            verdicts = {_is_wanted(inner, child, arguments) for inner in descendants(call, rows)}
            if True in verdicts:
                positive.add(key(trace, call))
            elif is_complete(call) and None not in verdicts:
                negative.add(key(trace, call))
    return Examples(frozenset(positive), frozenset(negative))


def _is_wanted(call: Row, function: str, arguments: str) -> bool | None:
    """Tell whether a call is of the function with these arguments; None where it cannot be told.

    That is so where positional arguments have no known names, no other argument differs, and each
    wanted plain value is among the nameless ones.
    """
    given = bound_arguments(call)
    wanted = without_ids(json.loads(arguments))
    if call["function"] != function:
        return False
    if all(name in given and same(given[name], value) for name, value in wanted.items()):
        return True
    if any(name in given and not same(given[name], value) for name, value in wanted.items()):
        return False
    if not call.get("args") or call.get("parameters") is not None:
        return False
    nameless = without_ids(list(call["args"].values()))
    plain = {n: v for n, v in wanted.items() if not any(map(_holds_objects, v.values()))}
    possible = all(
        name in given or any(same(one, value) for one in nameless) for name, value in plain.items()
    )
    return None if possible else False
