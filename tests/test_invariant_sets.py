"""Merge, subtract, choose and describe invariants."""

from __future__ import annotations

from typing import Any

import pytest

from tc_engine.invariant_sets import choose, describe, drop_implied, merge, subtract
from tc_engine.invariants import ALWAYS, Clause, Condition, Invariant

STAGE = Clause("constant", "meta_vars.stage", values=('"evaluation"', '"training"'))
AUTOCAST = "meta_vars.context_managers.torch.amp.autocast"
LIMITED = Condition(((STAGE,),))


def lead(names: str, condition: Condition = ALWAYS, positive: int = 2, **other: Any) -> Invariant:
    params = tuple({"param_type": "APIParam", "api_full_name": f"m.{name}"} for name in names)
    relation = "FunctionLeadRelation"
    return Invariant(relation, params, {"func_lead": condition}, names, positive, 0, **other)


def test_of_one_rule_the_best_supported_is_kept() -> None:
    rules = [lead("ab", positive=3), lead("ab", positive=5), lead("ab", LIMITED), lead("ba")]
    assert merge(rules) == [rules[1], rules[2], rules[3]]


def test_unknown_keys_make_no_other_rule() -> None:
    assert len(merge([lead("ab"), lead("ab", source={"note": 1})])) == 1


def test_subtracting_takes_the_rule_with_the_same_precondition_only() -> None:
    assert subtract([lead("ab"), lead("ab", LIMITED)], [lead("ab", positive=9)]) == [
        lead("ab", LIMITED)
    ]


def test_what_another_one_implies_is_dropped_and_of_two_equal_ones_the_second() -> None:
    rules = [lead("ab", LIMITED), lead("abc"), lead("ab"), lead("ba"), lead("ba", positive=7)]
    assert drop_implied(rules) == [lead("abc"), lead("ba")]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, ["ab", "Bc"]),
        ({"relations": ["FunctionLeadRelation"]}, ["ab", "Bc"]),
        ({"relations": ["FunctionCoverRelation"]}, []),
        ({"api": "m.a"}, ["ab"]),
        ({"text": "b"}, ["ab", "Bc"]),
        ({"min_support": 3}, ["Bc"]),
        ({"min_support": 3, "api": "m.a"}, []),
    ],
)
def test_all_conditions_choose(wanted: dict[str, Any], expected: list[str]) -> None:
    rules = [lead("ab"), lead("Bc", positive=3)]
    assert [one.text for one in choose(rules, **wanted)] == expected


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (ALWAYS, "always"),
        (Condition(((),), inverted=True), "never"),
        (Condition((), inverted=True), "always"),
        (Condition(()), "never"),
        (LIMITED, "stage = evaluation or training"),
        (Condition(((STAGE,),), inverted=True), "not (stage = evaluation or training)"),
        (
            Condition(((Clause("exist", AUTOCAST), Clause("unequal", "process_id")),)),
            "in autocast and different process_id",
        ),
        (
            Condition(
                (
                    (Clause("constant", AUTOCAST, ("enabled",), ("true",)),),
                    (Clause("consistent", "attributes.dtype"),),
                )
            ),
            "autocast.enabled = True or same dtype",
        ),
    ],
)
def test_a_precondition_in_words(condition: Condition, words: str) -> None:
    assert describe(condition) == words
