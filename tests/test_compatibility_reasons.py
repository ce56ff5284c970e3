"""The tests behind the reasons of the compatibility page say no where a reason does not hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.compatibility import hypotheses, reasons
from benchmarks.compatibility.payloads import (
    Property,
    properties,
    says_nothing,
    tells_apart_by_address,
    values,
)
from benchmarks.compatibility.reasons import Examined, why_not_implied
from benchmarks.compatibility.statements import UNEXPLAINED, statement
from benchmarks.compatibility.trace import Group
from benchmarks.compatibility.trace import Trace as Loaded
from benchmarks.compatibility.verdicts import BY_ADDRESS, PASSED, VIOLATED, why
from tc_engine.invariants import ALWAYS, Clause, Condition, Failed, Invariant
from tc_engine.pipelines.infer import Inference
from tests.builder import Payload, Trace

TRAINING = Condition(((Clause("constant", "meta_vars.stage", (), ('"training"',), "str"),),))


def tensor(**properties: object) -> Payload:
    return Payload("torch.FloatTensor", properties)


def output(name: str, value: object, condition: Condition = ALWAYS) -> Invariant:
    params: tuple[dict[str, Any], ...] = (
        {"param_type": "APIParam", "api_full_name": "f"},
        {"param_type": "VarTypeParam", "attr_name": name, "const_value": value},
    )
    return Invariant("ConsistentOutputRelation", params, {"pre_event": condition}, name)


def distinct(function: str, positive: int | None = None) -> Invariant:
    params = ({"param_type": "APIParam", "api_full_name": function},)
    group = {"distinct_arg": ALWAYS}
    return Invariant("DistinctArgumentRelation", params, group, function, positive, 0)


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    """Two calls in training, one in testing; address 7 is given twice to f, never to g."""
    trace = Trace()
    given = {"_TRAINCHECK_data_ID": 7}
    for stage, number, returned in (
        ("training", 0, {"grad": None, "dtype": "float32"}),
        ("training", 1, {"grad": None, "dtype": "float32"}),
        ("testing", 2, {"grad": None, "dtype": "float32", "grad_fn": None, "is_leaf": True}),
    ):
        trace.at(step=0, stage=stage)
        with trace.call("f", args=[tensor(**given)], result=tensor(**returned)):
            pass
        with trace.call("g", args=[tensor(_TRAINCHECK_data_ID=number)]):
            pass
    return Loaded(trace.write(tmp_path / "run"))


def test_values_are_those_of_the_calls_that_the_precondition_accepts(loaded: Loaded) -> None:
    training = output("grad_fn", None, TRAINING)
    returned = Property("f", "grad_fn")
    assert values(loaded, training, returned) == {None}
    assert values(loaded, output("grad_fn", None), returned) == {None, "null"}


def test_properties_of_both_sides_are_named() -> None:
    params = tuple(
        {"api_name": "f", "additional_path": path, "is_input": is_input, "index": index}
        for path, is_input, index in ((["shape", 0], True, 1), (["ndim"], False, 0))
    )
    stated = (params[0], {"param_type": "APIParam", "api_full_name": "f"}, params[1])
    invariant = Invariant("ConsistentInputOutputRelation", stated, {"pre_event": ALWAYS}, "")
    assert properties(invariant) == [
        Property("f", "shape", True, 1),
        Property("f", "ndim", False, 0),
    ]


def test_only_flags_and_sizes_say_nothing(loaded: Loaded) -> None:
    names = ["is_leaf", "dtype", "nbytes", "ndim"]
    assert says_nothing(loaded, names, returned=False) == ["is_leaf", "nbytes"]
    assert says_nothing(loaded, names, returned=True) == ["is_leaf", "nbytes", "ndim"]


@pytest.mark.parametrize(
    ("invariant", "in_all_hypotheses", "reason"),
    [
        (output("grad", None), True, reasons.NULL),
        (output("is_leaf", True), True, reasons.FLAG),
        (output("dtype", "float32"), True, UNEXPLAINED),
        (output("is_leaf", True), False, UNEXPLAINED),
        (output("grad_fn", "NOT SERIALIZABLE: <NA>", TRAINING), False, reasons.ABSENT),
        (output("grad_fn", "NOT SERIALIZABLE: <NA>"), False, UNEXPLAINED),
    ],
)
def test_a_reason_is_given_only_where_it_holds(
    loaded: Loaded, invariant: Invariant, in_all_hypotheses: bool, reason: str
) -> None:
    examined = Examined(invariant, own=[], all_calls=[], in_all_hypotheses=in_all_hypotheses)
    assert why_not_implied(loaded, examined).verdict == reason


def test_a_precondition_that_accepts_a_negative_example_is_not_safe(loaded: Loaded) -> None:
    broken = Group("1", {}, is_positive=False, examples=3)
    found = why_not_implied(loaded, Examined(output("dtype", "x"), [broken], [], False))
    assert (found.verdict, found.evidence) == (reasons.UNSAFE, "3 calls")


def test_addresses_tell_calls_apart_only_if_none_comes_back(loaded: Loaded) -> None:
    assert tells_apart_by_address(loaded, "g")
    assert not tells_apart_by_address(loaded, "f")
    assert why(loaded, distinct("g"), PASSED, VIOLATED) == BY_ADDRESS
    assert why(loaded, distinct("f"), PASSED, VIOLATED) == UNEXPLAINED


@pytest.mark.parametrize(
    ("theirs", "ours", "reason"),
    [
        (Failed("few", distinct("f", 1)), Failed("few", distinct("f", 2)), ""),
        (Failed("few", distinct("f", 1)), Failed("other", distinct("f", 1)), UNEXPLAINED),
        (Failed("few", distinct("f", 1)), None, UNEXPLAINED),
        (None, Failed("few", distinct("f", 0)), hypotheses.NO_DIFFERENCE),
        (None, Failed("few", distinct("f", 1)), UNEXPLAINED),
        (None, Failed("Over budget", distinct("f")), hypotheses.BUDGET),
    ],
)
def test_fates_differ_for_a_reason(theirs: Failed | None, ours: Failed | None, reason: str) -> None:
    known = Failed("few", distinct("known", 1))
    found = hypotheses.compare(
        Inference([], [known, *([ours] if ours else [])]),
        [],
        [known, *([theirs] if theirs else [])],
    )
    by_function = {json.loads(statement(one.invariant)[1])["api_full_name"]: one for one in found}
    assert by_function["f"].reason == reason
    assert by_function["known"].reason == ""


def test_a_relation_that_theirs_does_not_know_is_switched_off() -> None:
    (fate,) = hypotheses.compare(Inference([distinct("f", 3)], []), [], [])
    assert fate.reason == reasons.SWITCHED_OFF
