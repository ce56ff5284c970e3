"""Consistency: attributes of two variables hold the same value while both are alive.

Parameters: ((type, attribute), (type, attribute)), sorted.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, permutations

from tests.reference.events import Examples, Key, Row, Run, Traces, Variable, key, runs_by_attribute
from tests.reference.values import same

Side = tuple[str, str]
Params = tuple[Side, Side]
History = tuple[Variable, str]
"""One attribute of one variable."""

INIT_WORDS = ("tensor", "module", "parameter")
LEAST_OVERLAP_PERCENT = 1
LEAST_EQUAL = 2


def hypotheses(traces: Traces) -> set[Params]:
    """Return the pairs that were equal at least twice on one pair of variables."""
    found: set[Params] = set()
    for rows in traces.values():
        histories = _histories(rows)
        for left, right in combinations(histories, 2):
            if left[0] == right[0]:
                continue
            pairs = _overlapping(histories[left], histories[right])
            if sum(same(one.value, other.value) for one, other in pairs) >= LEAST_EQUAL:
                first, second = sorted((_side(left), _side(right)))
                found.add((first, second))
    return found


def examples(traces: Traces, params: Params) -> Examples:
    """Judge every overlapping pair of runs: the keys of their first records, in order of params.

    Where both sides are the same, each pair stands once, the smaller key first.
    """
    positive: set[tuple[Key, Key]] = set()
    negative: set[tuple[Key, Key]] = set()
    for trace, rows in traces.items():
        histories = _histories(rows)
        for left, right in permutations(histories, 2):
            if left[0] == right[0] or (_side(left), _side(right)) != params:
                continue
            for one, other in _overlapping(histories[left], histories[right]):
                pair = (key(trace, one.records[0]), key(trace, other.records[0]))
                held = positive if same(one.value, other.value) else negative
                held.add(_unordered(pair) if params[0] == params[1] else pair)
    return Examples(frozenset(positive), frozenset(negative))


def _histories(rows: Sequence[Row]) -> dict[History, list[Run]]:
    """Return the runs that count: without the first, where it only shows how a tensor is made."""
    return {
        (variable, attribute): own[1:] if _is_initialised(variable[2]) else own
        for (variable, attribute), own in runs_by_attribute(rows).items()
    }


def _is_initialised(type_name: str) -> bool:
    return any(word in type_name.lower() for word in INIT_WORDS)


def _overlapping(left: list[Run], right: list[Run]) -> list[tuple[Run, Run]]:
    return [(one, other) for one in left for other in right if _overlap_enough(one, other)]


def _overlap_enough(one: Run, other: Run) -> bool:
    shared = min(one.end, other.end) - max(one.start, other.start)
    spanned = max(one.end, other.end) - min(one.start, other.start)
    return shared > 0 and shared * 100 > spanned * LEAST_OVERLAP_PERCENT


def _side(history: History) -> Side:
    variable, attribute = history
    return variable[2], attribute


def _unordered(pair: tuple[Key, Key]) -> tuple[Key, Key]:
    first, second = sorted(pair)
    return first, second
