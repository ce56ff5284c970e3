from __future__ import annotations

import math
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tc_engine.ingest.parents import Call, parents


def naive(calls: list[Call]) -> dict[int, int]:
    """The definition, call by call against all others."""
    found: dict[int, int] = {}
    until = {event_id: math.inf if end is None else end for _, event_id, _, end in calls}
    # From the outside in, so that the end of an open call's parent is known before its own.
    for thread, event_id, start, end in sorted(calls, key=in_order):
        around = [
            outer
            for outer in calls
            if outer[0] == thread
            and outer[2] < start < until[outer[1]]
            and (end is None or end < until[outer[1]])
        ]
        if around:
            found[event_id] = max(around, key=in_order)[1]
            if end is None:
                until[event_id] = until[found[event_id]]
    return found


def in_order(call: Call) -> tuple[int, int, float, int]:
    thread, event_id, start, end = call
    return thread, start, -math.inf if end is None else -end, event_id


def found(calls: list[Call]) -> dict[int, int]:
    return dict(parents(sorted(calls, key=in_order)))


#  time    1   2   3   4   5   6   7   8   9
#  1       |-------------------------------|
#  2           |-----------|
#  3               |---|
#  4                       |-------|
#  5 (on another thread)   |---|
def test_nested_calls() -> None:
    calls = [(7, 1, 1, 9), (7, 2, 2, 5), (7, 3, 3, 4), (7, 4, 5, 7), (8, 5, 5, 6)]
    assert found(calls) == {2: 1, 3: 2, 4: 1}


#  time    1   2   3   4   5   6
#  1       |---------------|
#  2           |---------------|      a generator that outlives its caller
#  3               |---|
def test_half_overlapping_calls() -> None:
    assert found([(7, 1, 1, 5), (7, 2, 2, 6), (7, 3, 3, 4)]) == {3: 2}


def test_a_call_that_starts_or_ends_with_another_is_not_inside() -> None:
    assert found([(7, 1, 1, 9), (7, 2, 1, 5), (7, 3, 4, 9), (7, 4, 9, 9)]) == {}


def test_a_call_that_never_returned_lasts_as_long_as_its_caller() -> None:
    calls = [(7, 1, 1, 9), (7, 2, 2, None), (7, 3, 3, 4), (7, 4, 10, 11)]
    assert found(calls) == {2: 1, 3: 2}


def test_calls_open_at_the_end_of_the_run_are_nested() -> None:
    assert found([(7, 1, 1, None), (7, 2, 2, None), (7, 3, 3, 4)]) == {2: 1, 3: 2}


times = st.integers(0, 25)
threads = st.integers(1, 2)


@st.composite
def any_calls(draw: st.DrawFn) -> list[Call]:
    spans = draw(st.lists(st.tuples(threads, times, st.integers(0, 25) | st.none()), max_size=25))
    return [
        (thread, number, start, None if length is None else start + length)
        for number, (thread, start, length) in enumerate(spans)
    ]


@st.composite
def nested_calls(draw: st.DrawFn) -> list[Call]:
    """Calls as a stack makes them: a list of 'enter' and 'leave', one tick each."""
    calls: list[Call] = []
    stack: list[tuple[int, int]] = []
    for clock, is_enter in enumerate(draw(st.lists(st.booleans(), max_size=60))):
        if is_enter:
            stack.append((len(calls), clock))
            calls.append((1, len(calls), clock, None))
        elif stack:
            number, start = stack.pop()
            calls[number] = (1, number, start, clock)
    return calls


@given(any_calls())
def test_any_calls_against_the_definition(calls: list[Call]) -> None:
    assert found(calls) == naive(calls)


@given(nested_calls())
def test_nested_calls_against_the_definition(calls: list[Call]) -> None:
    result = found(calls)
    assert result == naive(calls)
    by_id = {call[1]: call for call in calls}
    for child, parent in result.items():
        assert by_id[parent][2] < by_id[child][2]


def test_a_deep_stack() -> None:
    depth = 20_000
    calls = [(1, number, number, 3 * depth - number) for number in range(depth)]
    assert found(calls) == {inner: outer for outer, inner in pairwise(range(depth))}
