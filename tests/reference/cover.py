"""Cover: before every call of B, since the previous call of B, a whole call of A happened.

Parameters: (A, B).
"""

from __future__ import annotations

import math

from tests.reference.events import Examples, Key, Traces, key
from tests.reference.pool import (
    complete_calls,
    on_a_level,
    pool,
    program_pool,
    same_level,
    threads,
)

Params = tuple[str, str]


def hypotheses(traces: Traces, *, all_hypotheses: bool = False) -> set[Params]:
    """Return the pairs that share a level somewhere and hold at least once.

    They are of functions whose order is the program's own doing; `all_hypotheses`: of the pool.
    """
    members = pool(traces) if all_hypotheses else program_pool(traces)
    return {pair for pair in level_pairs(traces, members) if examples(traces, pair).positive}


def level_pairs(traces: Traces, members: set[str]) -> set[Params]:
    """Return the ordered pairs of different functions that share a level somewhere."""
    return {
        (left, right)
        for rows in traces.values()
        for thread in threads(rows)
        for left in members
        for right in members - {left}
        if same_level(complete_calls(thread, left), complete_calls(thread, right))
    }


def examples(traces: Traces, params: Params) -> Examples:
    """Judge every call of B that ended, on each thread where B shares a level with anything."""
    first, second = params
    positive: set[Key] = set()
    negative: set[Key] = set()
    for trace, rows in traces.items():
        for thread in threads(rows):
            if not on_a_level(thread, second):
                continue
            previous_end = -math.inf
            for judged in complete_calls(thread, second):
                covered = any(
                    previous_end < call["start_ts"] and call["end_ts"] <= judged["start_ts"]
                    for call in complete_calls(thread, first)
                )
                (positive if covered else negative).add(key(trace, judged))
                previous_end = judged["end_ts"]
    return Examples(frozenset(positive), frozenset(negative))
