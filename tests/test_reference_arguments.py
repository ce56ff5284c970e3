"""The oracles of distinct and consistent arguments and of periodic values, at their edges."""

from __future__ import annotations

import pytest

from tests.builder import Payload, Trace
from tests.reference import consistent_argument, distinct_argument, events, periodic


def counts(found: events.Examples) -> tuple[int, int]:
    return len(found.positive), len(found.negative)


def of(**properties: object) -> Payload:
    return Payload("torch.FloatTensor", properties)


def given(*arguments: object) -> list[events.Row]:
    """Return the rows of a trace of calls of `f` in one step, each with one argument."""
    trace = Trace().at(step=0)
    for argument in arguments:
        with trace.call("f", args=[argument]), trace.call("between"):
            pass
    return trace.rows()


# Distinct argument


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (1, 1, True),
        (1, 1.0, False),
        (1, True, False),
        (0.5, 0.5 + 1e-9, True),
        (0.5, 0.5 + 1e-7, False),
        ([], [], True),
        ([], [1], False),
        ([0], [*range(10)], True),
        ([0], [*range(11)], False),
        ([[1, 2], 3], [3, 1, 2], True),
        ([True], [1], False),
        (["a"], ["a", "a"], False),
        (["a", 1], ["a", 1], True),
        ([0.5], [0.5 + 1e-9], True),
        (of(shape=[2, 3], a=1), of(shape=[3, 2], a=1.0), True),
        (of(shape=[2, 3]), of(shape=[2, 3], a=None), False),
        (of(_ML_DAIKON_data_ID=1), of(_TRAINCHECK_data_ID=2), True),
        (of(), Payload("torch.HalfTensor", {}), False),
    ],
)
def test_distinct_argument_tells_values_apart(left: object, right: object, expected: bool) -> None:
    found = distinct_argument.examples({"a": given(left, right)}, ("f",))
    assert counts(found) == ((0, 1) if expected else (1, 0))


def test_distinct_argument_looks_at_all_arguments_however_the_call_ended() -> None:
    trace = Trace().at(step=0)
    for details in (
        {"args": [1], "kwargs": {}},
        {"args": [1], "outcome": "incomplete"},
        {"kwargs": {"x": 1}, "outcome": "exception"},
        {"args": [1], "kwargs": {"x": 1}},
        {},
    ):
        with trace.call("f", **details):
            pass
    assert counts(distinct_argument.examples({"a": trace.rows()}, ("f",))) == (5, 1)


def test_distinct_argument_pairs_calls_of_one_step_or_of_none() -> None:
    trace = Trace()
    for step, process in ((None, 1), (None, 2), (0, 1), (1, 1), (1, 2), (1, 2)):
        trace.process(process).at(step=step)
        with trace.call("f", args=[process]):
            pass
    rows = trace.rows()
    assert counts(distinct_argument.examples({"a": rows, "b": rows}, ("f",))) == (6, 2)


@pytest.mark.parametrize(("times", "expected"), [(3, {("f",)}), (4, set())])
def test_distinct_argument_leaves_out_functions_called_often_in_a_row(
    times: int, expected: set[tuple[str]]
) -> None:
    trace = Trace()
    for number in range(times):
        with trace.call("f", args=[number]):
            pass
    assert distinct_argument.hypotheses({"a": trace.rows()}) == expected


# Periodic


@pytest.mark.parametrize(("times", "expected"), [(5, (0, 2)), (6, (1, 1))])
def test_periodic_counts_runs_of_equal_values(times: int, expected: tuple[int, int]) -> None:
    trace = Trace()
    for _ in range(times):
        for value in (1, 1.0, 2):
            trace.state("w", x=value)
    last = trace.state("w", x=2)
    trace.state("w", y=0)
    trace.state("v", x=1)
    rows = {"a": trace.rows()}
    found = periodic.examples(rows, ("torch.nn.Parameter", "x", "1"))
    assert counts(found) == expected
    assert ("a", 1, trace.event_id(last)) in found.positive | found.negative
    assert bool(periodic.hypotheses(rows)) == bool(expected[0])


# Consistent argument


def ranks(*calls: tuple[int, int, object], outcome: str = "ok") -> list[events.Row]:
    """Return the rows of calls of `f`, each given by its process, its thread and its argument."""
    trace = Trace()
    for process, thread, argument in calls:
        trace.process(process).thread(thread)
        with trace.call("f", args=[argument], kwargs={"_TRAINCHECK_x_ID": 1}, outcome=outcome):
            pass
    return trace.rows()


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (1, 1, (1, 0)),
        (1, 1.0, (0, 1)),
        (None, None, (1, 0)),
        ([1, [2]], [1, [2]], (1, 0)),
        ([1], [1, 2], (0, 1)),
        (of(ndim=1), of(ndim=1), (0, 0)),
        (of(ndim=1), 1, (0, 0)),
        ([{"a": 1}], [{"a": 1}], (0, 0)),
    ],
)
def test_consistent_argument_compares_plain_values(
    left: object, right: object, expected: tuple[int, int]
) -> None:
    rows = {"a": ranks((1, 1, left), (2, 1, right), outcome="incomplete")}
    assert counts(consistent_argument.examples(rows, ("f", "0"))) == expected
    assert consistent_argument.hypotheses(rows) == ({("f", "0")} if expected[0] else set())


def test_consistent_argument_numbers_the_calls_of_each_process_over_its_threads() -> None:
    rows = {"a": ranks((1, 1, 5), (1, 2, 6), (1, 1, 7), (2, 3, 5), (2, 3, 6), (3, 1, 6))}
    found = consistent_argument.examples(rows, ("f", "0"))
    assert found.positive == {(("a", 1, 1), ("a", 2, 1)), (("a", 1, 2), ("a", 2, 2))}
    assert found.negative == {(("a", 1, 1), ("a", 3, 1)), (("a", 2, 1), ("a", 3, 1))}


def test_consistent_argument_numbers_calls_without_the_argument_too() -> None:
    trace = Trace()
    for process, kwargs in ((1, None), (1, {"x": 1}), (2, {"x": 1}), (2, {"x": 1})):
        with trace.process(process).call("f", kwargs=kwargs):
            pass
    found = consistent_argument.examples({"a": trace.rows()}, ("f", "x"))
    assert found.positive == {(("a", 1, 2), ("a", 2, 2))}
    assert not found.negative
