"""Lead: after every call of A, before the next call of A, a whole call of B happens.

Parameters: (A, B).
"""

from __future__ import annotations

from itertools import pairwise

from tests.reference.cover import Params, level_pairs
from tests.reference.events import Examples, Key, Row, Traces, key
from tests.reference.pool import (
    complete_calls,
    on_a_level,
    pool,
    program_pool,
    same_level,
    threads,
)


def hypotheses(traces: Traces, *, all_hypotheses: bool = False) -> set[Params]:
    """Return the pairs that share a level somewhere and hold at least once.

    They are of functions whose order is the program's own doing; `all_hypotheses`: of the pool.
    """
    members = pool(traces) if all_hypotheses else program_pool(traces)
    return {pair for pair in level_pairs(traces, members) if examples(traces, pair).positive}


def examples(traces: Traces, params: Params) -> Examples:
    """Judge the calls of A that ended, on each thread where A shares a level with anything."""
    first, second = params
    positive: set[Key] = set()
    negative: set[Key] = set()
    for trace, rows in traces.items():
        for thread in threads(rows):
            if not on_a_level(thread, first):
                continue
            for call, led in _judged(complete_calls(thread, first), complete_calls(thread, second)):
                (positive if led else negative).add(key(trace, call))
    return Examples(frozenset(positive), frozenset(negative))


def _judged(leading: list[Row], led: list[Row]) -> list[tuple[Row, bool]]:
    """Pair each judged call of A with whether it holds; both lists are of one thread.

    Not sharing a level with B: every call fails. A single call is judged by whether B ends later;
    otherwise the last call is not judged.
    """
    if not same_level(leading, led):
        return [(call, False) for call in leading]
    if len(leading) == 1:
        return [(leading[0], any(leading[0]["end_ts"] <= call["end_ts"] for call in led))]
    return [
        (
            call,
            any(
                call["end_ts"] < other["start_ts"] and other["end_ts"] <= following["start_ts"]
                for other in led
            ),
        )
        for call, following in pairwise(leading)
    ]
