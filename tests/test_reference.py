"""The oracles on the worked examples, and preconditions clause by clause."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.reference import cover, events, lead
from tests.reference.precondition import clause_holds, holds
from tests.reference.relations import RELATIONS, choices
from tests.reference.safety import assert_safe
from tests.worked_examples import UNCONDITIONAL, WORKED, Expected, Worked, clause, group

EXAMPLES = {name: make for name, make in WORKED.items() if make().expected[0].relation in RELATIONS}
each_example = pytest.mark.parametrize("make", EXAMPLES.values(), ids=EXAMPLES.keys())


def counts(found: events.Examples) -> tuple[int, int]:
    return len(found.positive), len(found.negative)


@each_example
def test_worked_example_is_found_with_its_counts(make: Callable[[], Worked]) -> None:
    rows = make().rows()
    for expected in make().expected:
        relation = RELATIONS[expected.relation]
        assert expected.params in relation.hypotheses(rows, **choices(relation)[-1])
        found = relation.examples(rows, expected.params)
        assert counts(found) == (expected.positive, expected.negative), expected


@each_example
def test_worked_precondition_is_safe(make: Callable[[], Worked]) -> None:
    rows = make().rows()
    for expected in make().expected:
        found = RELATIONS[expected.relation].examples(rows, expected.params)
        assert_safe(
            expected.group,
            [events.records(rows, example) for example in found.positive],
            [events.records(rows, example) for example in found.negative],
        )


@pytest.mark.parametrize("name", [name for name, make in EXAMPLES.items() if make().checked])
def test_worked_violations_are_the_negatives_that_pass(name: str) -> None:
    worked = EXAMPLES[name]()
    assert worked.checked is not None
    rows = {"checked": worked.checked.rows()}
    first: Expected = worked.expected[0]
    found = RELATIONS[first.relation].examples(rows, first.params)
    passing = {one for one in found.negative if holds(first.group, events.records(rows, one))}
    assert passing == worked.violations


def test_the_loop_gives_no_other_pairs() -> None:
    rows = WORKED["loop_covers"]().rows()
    assert cover.hypotheses(rows) == {
        expected.params for expected in WORKED["loop_covers"]().expected
    }
    assert lead.hypotheses(rows) == {
        expected.params for expected in WORKED["loop_leads"]().expected
    }


def test_an_unsafe_precondition_is_caught() -> None:
    record = {"meta_vars.step": 1}
    with pytest.raises(AssertionError, match="a negative example passes"):
        assert_safe(UNCONDITIONAL, [], [[record]])
    with pytest.raises(AssertionError, match="a positive example does not pass"):
        assert_safe(group(), [[record]], [])


# Preconditions


STEP = [{"meta_vars.step": 3}, {"meta_vars.step": 3.0}]


@pytest.mark.parametrize(
    ("one", "records", "expected"),
    [
        (clause("constant", "meta_vars.step", 3), STEP, True),
        (clause("constant", "meta_vars.step", 2, 3.0), STEP, True),
        (clause("constant", "meta_vars.step", "3"), STEP, False),
        (clause("constant", "meta_vars.step", None), [{"meta_vars.step": None}], True),
        (clause("constant", "meta_vars.step", None), [{}], False),
        (clause("consistent", "meta_vars.step"), STEP, True),
        (clause("consistent", "meta_vars.step"), [{"meta_vars.step": None}] * 2, True),
        (clause("consistent", "meta_vars.step"), [STEP[0], {}], False),
        (clause("unequal", "meta_vars.step"), STEP, False),
        (clause("unequal", "meta_vars.step"), STEP[:1], True),
        (clause("unequal", "x"), [{"x": 1}, {"x": True}], True),
        (clause("consistent", "x"), [{"x": [1]}], False),
        (clause("exist", "x"), [{"x": {"a": 1}}], True),
        (clause("exist", "x"), [{"x": None}], True),
        (clause("exist", "x"), [{"y": 1}], False),
    ],
)
def test_clause(one: dict[str, Any], records: list[dict[str, Any]], expected: bool) -> None:
    assert clause_holds(one, records) is expected


def test_clause_on_an_argument_of_a_context_manager() -> None:
    manager = "meta_vars.context_managers.torch.amp.autocast"
    record = {manager: {"enabled": True, "dtype": "torch.float16"}}
    path = {**clause("constant", manager, True), "additional_path": ["enabled"]}
    assert clause_holds(path, [record])
    assert not clause_holds({**path, "additional_path": ["cache"]}, [record])
    assert clause_holds(clause("exist", manager), [record])
    assert not clause_holds(clause("exist", f"{manager}x"), [record])
    dotted = clause("constant", f"{manager}.dtype", "torch.float16")
    assert clause_holds(dotted, [record])
    assert not clause_holds(dotted, [{}])


def test_both_prefixes_of_addresses_are_one() -> None:
    older = clause("unequal", "attributes._ML_DAIKON_data_ID")
    assert clause_holds(older, [{"attributes._TRAINCHECK_data_ID": one} for one in (1, 2)])


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (UNCONDITIONAL, True),
        ({**UNCONDITIONAL, "inverted": True}, False),
        (group(), False),
        (group(inverted=True), True),
        (group([clause("constant", "x", 1)], [clause("constant", "x", 2)]), True),
        (group([clause("constant", "x", 2), clause("exist", "y")]), False),
        (group([clause("constant", "x", 2)], inverted=True), False),
    ],
)
def test_group(one: dict[str, Any], expected: bool) -> None:
    assert holds(one, [{"x": 2}]) is expected
