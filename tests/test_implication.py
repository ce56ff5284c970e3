"""When one invariant implies another: against what its preconditions accept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tc_engine.implication import condition_implies, implies
from tc_engine.invariants import ALWAYS, Clause, Condition, Invariant
from tc_engine.learn.clauses import accepts

STEP = Clause("constant", "meta_vars.step", values=("0",), dtype="int")
NEVER = Condition(((),), inverted=True)

values = st.sampled_from(["0", "1", "2"])
clauses = st.one_of(
    st.builds(
        lambda name, some: Clause("constant", name, values=tuple(sorted(some))),
        st.sampled_from("ab"),
        st.sets(values, min_size=1),
    ),
    st.builds(Clause, st.sampled_from(["consistent", "unequal", "exist"]), st.sampled_from("ab")),
)
conditions = st.builds(
    lambda alternatives, inverted: Condition(tuple(map(tuple, alternatives)), inverted),
    st.lists(st.lists(clauses, max_size=2), max_size=2),
    st.booleans(),
)
SIGNATURES = [
    {(name, ()): value for name, value in (("a", a), ("b", b)) if value}
    for a in ("0", "1", "2", "<>", "<null>", "{}", "")
    for b in ("0", "1", "2", "<>", "<null>", "{}", "")
]


@given(conditions, conditions)
def test_a_condition_that_is_implied_holds_wherever_the_other_does(
    first: Condition, second: Condition
) -> None:
    if condition_implies(first, second):
        for signature in SIGNATURES:
            assert not accepts(first, signature, records=2) or accepts(second, signature, records=2)


@given(conditions)
def test_every_condition_implies_itself_and_lies_between_never_and_always(one: Condition) -> None:
    assert condition_implies(one, one)
    assert condition_implies(one, ALWAYS)
    assert condition_implies(NEVER, one)


def rule(*params: dict[str, Any], relation: str = "APIContainRelation", **other: Any) -> Invariant:
    return replace(Invariant(relation, params, {"g": ALWAYS}, "text"), **other)


def function(name: str, **other: Any) -> dict[str, Any]:
    return {"param_type": "APIParam", "api_full_name": name, **other}


def change(before: Any, after: Any) -> Invariant:
    values = {"attr_name": "data", "pre_value": before, "post_value": after}
    return rule(function("a"), {"param_type": "VarTypeParam", "var_type": "T", **values})


def test_a_rule_that_always_holds_implies_one_with_a_precondition() -> None:
    limited = rule(function("a"), precondition={"g": Condition(((STEP,),))})
    always = rule(function("a"))
    assert implies(always, limited)
    assert not implies(limited, always)


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ((0, 1), ("non_negative", "above_zero")),
        ((None, 2.5), (None, "non_zero")),
        (("above_zero", None), ("non_none", "anything")),
        ((-1, 0), ("below_zero", "non_positive")),
    ],
)
def test_a_change_implies_the_same_with_wider_values(narrow: Any, wide: Any) -> None:
    assert implies(change(*narrow), change(*wide))
    assert not implies(change(*wide), change(*narrow))


def test_values_of_other_types_and_a_missing_value_are_not_equal() -> None:
    assert not implies(change(True, 0), change(1, 0))
    assert not implies(rule(function("a", exception=None)), rule(function("a")))


def test_a_chain_implies_the_chains_in_it_and_no_shortcut() -> None:
    def chain(names: str) -> Invariant:
        return rule(*map(function, names), relation="FunctionLeadRelation")

    assert implies(chain("abc"), chain("ab"))
    assert implies(chain("abc"), chain("bc"))
    assert not implies(chain("abc"), chain("ac"))
    assert not implies(chain("ab"), chain("abc"))


def test_consistency_reads_in_both_directions() -> None:
    names = [{"param_type": "VarTypeParam", "var_type": "T", "attr_name": one} for one in "xy"]
    relation = "ConsistencyRelation"
    assert implies(rule(*names, relation=relation), rule(*reversed(names), relation=relation))
