"""Which violations of a trace belong together: those that one cause would bring about.

Violations share a cause when their rules speak of the same function, of changes or of equal values
of the same type of variable, or claim the same of several functions; and when one function runs
inside the other and both went wrong in the same step. A function that is never called breaks an
order with each of its neighbours: that is one cause, and so are further methods of its class that
are never called. Other orders of calls, which touch everything,
bind nothing together: each goes to the strongest group that speaks of one of its functions, or of
one around or inside these.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterator, Sequence

from tc_engine.diagnosis.evidence import Broken
from tc_engine.relations._base import Claim

Nested = Collection[tuple[str, str]]


def grouped(violations: Sequence[Broken], nested: Nested) -> list[list[Broken]]:
    """Return the violations of one trace by their cause; `nested` are functions inside others."""
    groups = _joined([one for one in violations if one.claim is not Claim.ORDER], nested)
    named = [{name for one in group for name in one.functions} for group in groups]
    left: dict[str | None, list[Broken]] = defaultdict(list)
    for one in violations:
        if one.claim is Claim.ORDER:
            about = [n for n, known in enumerate(named) if _touches(one, known, nested)]
            if about:
                strongest = max(about, key=lambda n: max(each.points for each in groups[n]))
                groups[strongest].append(one)
            else:
                left[one.missing].append(one)
    return groups + list(left.values())


def _joined(violations: Sequence[Broken], nested: Nested) -> list[list[Broken]]:
    """Join violations that have a key in common, or whose functions are nested."""
    parent = list(range(len(violations)))

    def root(number: int) -> int:
        while parent[number] != number:
            number = parent[number]
        return number

    holders: dict[Hashable, int] = {}
    for number, one in enumerate(violations):
        for key in _keys(one):
            parent[root(number)] = root(holders.setdefault(key, number))
    for number, one in enumerate(violations):
        for other, earlier in enumerate(violations[:number]):
            if one.step == earlier.step and _nested(one, earlier, nested):
                parent[root(number)] = root(other)
    groups: dict[int, list[Broken]] = defaultdict(list)
    for number, one in enumerate(violations):
        groups[root(number)].append(one)
    return list(groups.values())


def _keys(one: Broken) -> Iterator[Hashable]:
    if one.missing:
        yield "missing", one.missing.rpartition(".")[0]
        return
    params, named = one.result.invariant.params, one.functions
    variable = next((param["var_type"] for param in params if "var_type" in param), None)
    if variable is not None:
        yield "variable", one.claim is Claim.AGREEMENT, variable
    if named:
        yield "function", named[0]
    if one.claim is Claim.TRAINING_ORDER:
        yield "function", named[-1]
        return
    # The same claim of several functions, such as a property that all of them return.
    rest = [param for param in params if param.get("api_full_name") not in named[:1]]
    if rest:
        yield "claim", one.result.invariant.relation, json.dumps(rest, sort_keys=True)


def _nested(one: Broken, other: Broken, nested: Nested) -> bool:
    """Tell whether one of two rules speaks of a function inside that of the other."""
    pairs = [(a, b) for a in one.functions[:1] for b in other.functions[:1]]
    return any((a, b) in nested or (b, a) in nested for a, b in pairs)


def _touches(one: Broken, named: set[str], nested: Nested) -> bool:
    """Tell whether a rule speaks of one of the functions, or of one around or inside it."""
    return any(
        own in named or any((own, other) in nested or (other, own) in nested for other in named)
        for own in one.functions
    )
