"""Which violations of a trace belong together: those that one cause would bring about.

Violations share a cause when their rules speak of the same function, of changes or of equal values
of the same type of variable, or claim the same of several functions; and when one function runs
inside the other and both went wrong in the same step. Orders of calls, which touch everything, bind
nothing together: each goes to the strongest group that speaks of one of its functions, or of one
around or inside these.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterator, Sequence

from tc_engine.check import Result
from tc_engine.diagnosis.evidence import claim, functions, points
from tc_engine.relations._base import Claim

Nested = Collection[tuple[str, str]]


def grouped(results: Sequence[Result], nested: Nested) -> list[list[Result]]:
    """Return the violations of one trace by their cause; `nested` are functions inside others."""
    firm = [one for one in results if claim(one) is not Claim.ORDER]
    loose = [one for one in results if claim(one) is Claim.ORDER]
    groups = _joined(firm, nested)
    left = []
    for one in loose:
        about = [group for group in groups if _touches(one, set(_named(group)), nested)]
        if about:
            max(about, key=lambda group: max(map(points, group))).append(one)
        else:
            left.append(one)
    return groups + ([left] if left else [])


def _joined(results: Sequence[Result], nested: Nested) -> list[list[Result]]:
    """Join results that have a key in common, or whose functions are nested."""
    parent = list(range(len(results)))

    def root(number: int) -> int:
        while parent[number] != number:
            number = parent[number]
        return number

    holders: dict[Hashable, int] = {}
    for number, one in enumerate(results):
        for key in _keys(one):
            parent[root(number)] = root(holders.setdefault(key, number))
    for number, one in enumerate(results):
        for other, inner in enumerate(results[:number]):
            if _first_step(one) == _first_step(inner) and _nested(one, inner, nested):
                parent[root(number)] = root(other)
    groups: dict[int, list[Result]] = defaultdict(list)
    for number, one in enumerate(results):
        groups[root(number)].append(one)
    return list(groups.values())


def _keys(result: Result) -> Iterator[Hashable]:
    params, about = result.invariant.params, claim(result)
    variable = next((param["var_type"] for param in params if "var_type" in param), None)
    if variable is not None:
        yield "variable", about is Claim.AGREEMENT, variable
    named = functions(result)
    if named:
        yield "function", named[0]
    if about is Claim.TRAINING_ORDER:
        yield "function", named[-1]
    # The same claim of several functions, such as a property that all of them return.
    rest = [param for param in params if param.get("api_full_name") not in named[:1]]
    if rest and about is not Claim.TRAINING_ORDER:
        yield "claim", result.invariant.relation, json.dumps(rest, sort_keys=True)


def _nested(one: Result, other: Result, nested: Nested) -> bool:
    """Tell whether one of two rules speaks of a function inside that of the other."""
    pairs = [(a, b) for a in functions(one)[:1] for b in functions(other)[:1]]
    return any((a, b) in nested or (b, a) in nested for a, b in pairs)


def _touches(one: Result, named: set[str], nested: Nested) -> bool:
    """Tell whether a rule speaks of one of the functions, or of one around or inside it."""
    return any(
        own in named or any((own, other) in nested or (other, own) in nested for other in named)
        for own in functions(one)
    )


def _first_step(result: Result) -> int | None:
    return result.violation.first_step if result.violation else None


def _named(group: Sequence[Result]) -> Iterator[str]:
    for one in group:
        if claim(one) is not Claim.ORDER:
            yield from functions(one)
