"""The oracles' notions of values and events, rule by rule."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builder import MISSING, Trace
from tests.reference import events
from tests.reference.values import canonical, generalise, matches, same


def test_equality_keeps_types_apart_except_int_and_float() -> None:
    assert same(1, 1.0)
    assert same([1, {"a": 2.0}], [1.0, {"a": 2}])
    assert same(None, None)
    different: list[Any] = [1, True, "1", None, [1], 0, False, "", 2**53 + 1, float(2**53)]
    assert len({canonical(value) for value in different}) == len(different)


@pytest.mark.parametrize(
    ("values", "symbol"),
    [
        ([3, 3.0], 3),
        ([1, 2], "above_zero"),
        ([0, 2], "non_negative"),
        ([-1, -2.5], "below_zero"),
        ([-1, 0], "non_positive"),
        ([-1, 1], "non_zero"),
        ([-1, 0, 1], "non_none"),
        ([True, False], "non_none"),
        ([1, True], "non_none"),
        ([1, "a"], "non_none"),
        (["a", "b"], "non_none"),
        ([[1], [2]], "non_none"),
    ],
)
def test_generalise(values: list[Any], symbol: object) -> None:
    assert generalise(values) == symbol
    assert all(matches(symbol, value) for value in values)


@pytest.mark.parametrize(
    ("stored", "matching", "others"),
    [
        ("above_zero", [1, 0.5], [0, -1, None, "a", [1]]),
        ("below_zero", [-1], [0, 1, None]),
        ("non_positive", [-1, 0, None], [1, "a"]),
        ("non_negative", [1, 0, None], [-1, [0]]),
        ("non_zero", [1, -1], [0, 0.0, None, "a"]),
        ("non_none", [0, "", False, []], [None]),
        ("anything", [0, None, "a"], []),
        ("a", ["a"], ["b", None]),
        (1, [1, 1.0], [True, "1", None]),
        (None, [None], [0, ""]),
    ],
)
def test_matches(stored: object, matching: list[Any], others: list[Any]) -> None:
    assert [value for value in matching if not matches(stored, value)] == []
    assert [value for value in others if matches(stored, value)] == []


def test_descendants_are_inside_on_the_same_thread_and_returned() -> None:
    trace = Trace()
    with trace.call("outer") as outer:
        with trace.call("inner"):
            with trace.call("outer"):
                pass
            with trace.call("raises", exception="ValueError"):
                pass
        trace.thread(2)
        with trace.call("elsewhere"):
            pass
    with trace.call("after"):
        pass
    rows = trace.rows()
    found = events.descendants(events.calls(rows)[0], rows)
    assert trace.event_id(outer) == 1
    assert [call["function"] for call in found] == ["inner", "outer"]


def test_a_call_that_never_ended_contains_the_rest_of_its_thread() -> None:
    trace = Trace()
    with trace.call("outer", outcome="incomplete"), trace.call("inner"):
        pass
    rows = trace.rows()
    assert [call["function"] for call in events.descendants(rows[0], rows)] == ["inner"]


def test_runs_and_changes() -> None:
    trace = Trace(start=0, tick=1)
    trace.state("w", data=1, is_leaf=True, _TRAINCHECK_data_ID=5, _ML_DAIKON_grad_ID=6)  # at 1
    trace.state("w", data=1.0, is_leaf=False, _TRAINCHECK_data_ID=7)
    trace.state("w", data=MISSING)
    trace.state("w", data=1)
    trace.state("w", data=True)  # at 5
    trace.state("w", data=None)
    trace.wait(10)
    with trace.call("f"):  # 17 to 18
        pass
    found = [(run.attribute, run.value, run.start, run.end) for run in events.runs(trace.rows())]
    assert found == [("data", 1, 1, 5), ("data", True, 5, 6), ("data", None, 6, 18)]
    changed = [(change.old, change.new, change.time) for change in events.changes(trace.rows())]
    assert changed == [(1, True, 5), (True, None, 6)]


def test_a_change_is_inside_its_cause_or_all_calls_open_then() -> None:
    trace = Trace()
    trace.state("w", data=0)
    trace.state("v", data=0)
    with trace.call("outer"), trace.call("inner") as inner:
        trace.thread(2)
        with trace.call("elsewhere"):
            trace.state("w", data=1)
            trace.state("v", data=1, cause=inner)
    rows = trace.rows()
    names = {
        change.variable[1]: {call["function"] for call in events.containers(change, rows)}
        for change in events.changes(rows)
    }
    assert names == {"w": {"outer", "inner", "elsewhere"}, "v": {"outer", "inner"}}


def test_a_call_that_never_ended_is_open_to_the_last_time_of_its_thread() -> None:
    trace = Trace()
    trace.state("w", data=0)
    open_call = trace.enter("outer")
    trace.state("w", data=1)
    trace.thread(2).state("w", data=2)
    rows = trace.rows()
    open_at = [len(events.containers(change, rows)) for change in events.changes(rows)]
    assert open_call.row["outcome"] == "incomplete"
    assert open_at == [1, 0]


def test_rows_without_a_stage_are_of_init_where_some_row_has_one() -> None:
    trace = Trace()
    trace.state("w", data=0)
    assert events.with_stages(trace.rows()) == trace.rows()
    trace.at(stage="training").state("w", data=0)
    assert [row["stage"] for row in events.with_stages(trace.rows())] == ["init", "training"]


def test_a_record_keeps_null_and_missing_apart_and_managers_whole() -> None:
    trace = Trace().at(step=None, rank=1, context_managers={"torch.no_grad": {"mode": True}})
    trace.state("w", data=None, grad=MISSING)
    assert events.record(trace.rows()[0]) == {
        "process_id": 1,
        "thread_id": 1,
        "var_name": "w",
        "var_type": "torch.nn.Parameter",
        "attributes.data": None,
        "meta_vars.step": None,
        "meta_vars.rank": 1,
        "meta_vars.context_managers.torch.no_grad": {"mode": True},
    }
