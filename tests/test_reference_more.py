"""The oracles of the newer relations on the worked examples; those on tensors at their edges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.builder import Payload, Trace
from tests.reference import (
    events,
    input_output,
    output,
    threshold,
)
from tests.reference.precondition import holds
from tests.reference.relations import MORE_RELATIONS
from tests.reference.safety import assert_safe
from tests.worked_examples import Worked
from tests.worked_examples_more import WORKED_MORE

each_example = pytest.mark.parametrize("make", WORKED_MORE.values(), ids=WORKED_MORE.keys())


def counts(found: events.Examples) -> tuple[int, int]:
    return len(found.positive), len(found.negative)


@each_example
def test_worked_example_is_found_with_its_counts_and_a_safe_precondition(
    make: Callable[[], Worked],
) -> None:
    rows = make().rows()
    for expected in make().expected:
        relation = MORE_RELATIONS[expected.relation]
        assert expected.params in relation.hypotheses(rows)
        found = relation.examples(rows, expected.params)
        assert counts(found) == (expected.positive, expected.negative), expected
        assert_safe(
            expected.group,
            [events.records(rows, example) for example in found.positive],
            [events.records(rows, example) for example in found.negative],
        )


@pytest.mark.parametrize("name", [name for name, make in WORKED_MORE.items() if make().checked])
def test_worked_violations_are_the_negatives_that_pass(name: str) -> None:
    worked = WORKED_MORE[name]()
    assert worked.checked is not None
    rows = {"checked": worked.checked.rows()}
    first = worked.expected[0]
    found = MORE_RELATIONS[first.relation].examples(rows, first.params)
    passing = {one for one in found.negative if holds(first.group, events.records(rows, one))}
    assert passing == worked.violations


def returning(*results: object, **details: Any) -> list[events.Row]:
    """Return the rows of a trace of calls of `f`, one for each result."""
    trace = Trace().at(step=0)
    for result in results:
        with trace.call("f", result=result, **details):
            pass
    return trace.rows()


# Output


def of(**properties: object) -> Payload:
    return Payload("torch.FloatTensor", properties)


def test_output_needs_a_tensor_from_every_call_of_every_trace() -> None:
    tensors = returning(of(rank=1), (of(rank=1.0), 3))
    assert output.hypotheses({"a": tensors}) == {("f", "rank", "1")}
    assert output.hypotheses({"a": tensors, "b": returning(3)}) == set()
    found = output.examples({"a": tensors, "b": returning(3)}, ("f", "rank", "1"))
    assert counts(found) == (2, 1)


def test_output_judges_calls_that_returned_by_all_their_tensors() -> None:
    trace = Trace()
    with trace.call("f", result=(of(ndim=1), of(ndim=2))):
        pass
    with trace.call("f", result=(of(ndim=1), of(shape=[1]))):
        pass
    with trace.call("f", result=[of(ndim=1).value]):
        pass
    with trace.call("f", exception="ValueError"), trace.call("f", outcome="incomplete"):
        pass
    assert counts(output.examples({"a": trace.rows()}, ("f", "ndim", "1"))) == (0, 3)


def test_output_leaves_out_what_tells_little() -> None:
    properties = {
        "dtype": "x",
        "ndim": 2,
        "layout": None,
        "is_leaf": True,
        "data": 1,
        "_ML_DAIKON_data_ID": 7,
    }
    rows = {"a": returning(of(**properties))}
    assert output.hypotheses(rows) == {("f", "dtype", '"x"')}
    assert output.hypotheses(rows, all_hypotheses=True) == {
        ("f", "dtype", '"x"'),
        ("f", "ndim", "2"),
        ("f", "layout", "null"),
        ("f", "is_leaf", "true"),
        ("f", "data", "1"),
    }


@pytest.mark.parametrize(("number", "expected"), [(64, 64), (65, 0)])
def test_output_takes_at_most_64_values(number: int, expected: int) -> None:
    rows = returning(*(of(dtype=[one]) for one in range(number)), of(dtype=None))
    assert len(output.hypotheses({"a": rows})) == expected


@pytest.mark.parametrize(
    ("type_name", "expected"),
    [
        ("torch.cuda.HalfTensor", True),
        ("torch._subclasses.fake_tensor.FakeTensor", True),
        ("Tensor", True),
        ("torch.nn.parameter.Parameter", True),
        ("TensorDict", False),
        ("torch.Size", False),
    ],
)
def test_tensors_are_told_by_the_name_of_their_type(type_name: str, expected: bool) -> None:
    rows = {"a": returning(Payload(type_name, {"rank": 1}))}
    assert bool(output.hypotheses(rows)) is expected


# Input and output


def test_input_output_pairs_equal_scalars_of_one_type() -> None:
    trace = Trace()
    inside = of(x=1, y=True, z="1", n=None, flat=[1.0, [1]], meta={"k": 1})
    with trace.call("f", args=[5, of(m=2)], kwargs={"b": inside}, result=of(y=True, o=1, p=True)):
        pass
    rows = {"a": trace.rows()}
    assert input_output.hypotheses(rows) == {
        ("f", 1, ("x",), 0, ("o",)),
        ("f", 1, ("flat", 0), 0, ("o",)),
        ("f", 1, ("y",), 0, ("y",)),
    }


def test_input_output_counts_tensors_by_position_then_by_name() -> None:
    trace = Trace()
    kwargs = {"b": of(x=3), "a": of(x=2), "flag": True}
    with trace.call("f", args=["text", of(x=1)], kwargs=kwargs, result=(0, of(x=3))):
        pass
    assert input_output.hypotheses({"a": trace.rows()}) == {("f", 2, ("x",), 0, ("x",))}


def test_input_output_judges_only_calls_that_have_both() -> None:
    trace = Trace()
    for size, result in ((1, of(x=1)), (2, of(x=1)), (1, of(y=1)), (1, None)):
        with trace.call("f", args=[of(x=size)], result=result):
            pass
    found = input_output.examples({"a": trace.rows()}, ("f", 0, ("x",), 0, ("x",)))
    assert counts(found) == (1, 1)


def test_input_output_pairs_nulls_if_asked() -> None:
    rows = {"a": returning(of(grad=None, name=None), args=[of(grad=None)])}
    assert input_output.hypotheses(rows) == set()
    assert input_output.hypotheses(rows, all_hypotheses=True) == {
        ("f", 0, ("grad",), 0, ("grad",)),
        ("f", 0, ("grad",), 0, ("name",)),
    }


# Threshold


@pytest.mark.parametrize(
    ("limit", "value", "kinds"),
    [
        (10, 10, {"max", "min"}),
        (10, 8, {"max"}),
        (10, 7, set()),
        (10, 12.0, {"min"}),
        (10, 13, set()),
        (-10, -12, {"max"}),
        (-10, -9, {"min"}),
        (0, 0, {"max", "min"}),
        (0, -1, set()),
        (True, 1, set()),
        (1, True, set()),
        ("1", 1, set()),
    ],
)
def test_threshold_is_near(limit: object, value: object, kinds: set[str]) -> None:
    rows = {"a": returning(of(x=value, nbytes=value), kwargs={"minmax": limit})}
    assert threshold.hypotheses(rows) == {(kind, "f", "minmax", 0, ("x",)) for kind in kinds}
    assert len(threshold.hypotheses(rows, all_hypotheses=True)) == 2 * len(kinds)


def test_threshold_binds_arguments_by_known_names_only() -> None:
    trace = Trace()
    for parameters, args, result in (
        (["x", "max_n"], [0, 10], of(x=10)),
        (["x", "max_n"], [0, 10], of(x=100)),
        (["x", "max_n"], [0], of(x=10)),
        (None, [0, 10], of(x=10)),
        (["x", "max_n"], [0, 10], of(y=10)),
    ):
        with trace.call("f", args=args, parameters=parameters, result=result):
            pass
    rows = {"a": trace.rows()}
    assert ("max", "f", "max_n", 0, ("x",)) in threshold.hypotheses(rows)
    assert counts(threshold.examples(rows, ("max", "f", "max_n", 0, ("x",)))) == (1, 1)
