"""Periodic: an attribute of a variable takes a value again and again.

Parameters: (type, attribute, value), the value as canonical JSON text.
"""

from __future__ import annotations

from collections import Counter

from tests.reference.events import Examples, Key, Run, Traces, key, runs_by_attribute
from tests.reference.values import canonical

Params = tuple[str, str, str]

MOST_BY_CHANCE = 5


def hypotheses(traces: Traces) -> set[Params]:
    """Return the values that some variable took again and again."""
    return {
        (variable[2], attribute, value)
        for rows in traces.values()
        for (variable, attribute), own in runs_by_attribute(rows).items()
        for value, count in _counts(own).items()
        if count > MOST_BY_CHANCE
    }


def examples(traces: Traces, params: Params) -> Examples:
    """Judge every variable of the type with the attribute: the key of its last observation."""
    type_name, wanted, value = params
    positive: set[Key] = set()
    negative: set[Key] = set()
    for trace, rows in traces.items():
        for (variable, attribute), own in runs_by_attribute(rows).items():
            if (variable[2], attribute) == (type_name, wanted):
                held = positive if _counts(own)[value] > MOST_BY_CHANCE else negative
                held.add(key(trace, own[-1].records[-1]))
    return Examples(frozenset(positive), frozenset(negative))


def _counts(own: list[Run]) -> Counter[str]:
    """Count the runs of each value."""
    return Counter(canonical(run.value) for run in own)
