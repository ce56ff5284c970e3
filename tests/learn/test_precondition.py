"""The learner: what it finds is exact, does not depend on order, and prefers what carries over."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from tc_engine.invariants import ALWAYS, Clause, Condition
from tc_engine.learn.clauses import Signature
from tc_engine.learn.precondition import Examples, deduce, deduce_by_stage, is_exact

STEP = ("meta_vars.step", ())
STAGE = ("meta_vars.stage", ())
NAME = ("var_name", ())

fields = st.sampled_from(["meta_vars.step", "meta_vars.stage", "var_name", "a", "b", "process_id"])
values = st.sampled_from(["0", "1", "2", "true", "false", '"x"', '"y"', "null", "<>", "<null>"])
signatures = st.dictionaries(st.tuples(fields, st.just(())), values, max_size=5)
sides = st.lists(signatures, max_size=7)


def single(*steps: int, stage: str = '"training"') -> list[Signature]:
    return [{STEP: str(step), STAGE: stage} for step in steps]


@given(sides, sides, st.sampled_from([1, 2]))
def test_what_is_found_accepts_all_positives_and_no_negative(
    positive: list[Signature], negative: list[Signature], records: int
) -> None:
    examples = Examples(positive, negative, records)
    found = deduce(examples)
    assert found is None or is_exact(found, examples)


@given(sides, sides, st.randoms(use_true_random=False))
def test_order_does_not_matter(
    positive: list[Signature], negative: list[Signature], order: random.Random
) -> None:
    expected = deduce(Examples(positive, negative, 2))
    order.shuffle(positive)
    order.shuffle(negative)
    assert deduce(Examples(positive, negative, 2)) == expected


@given(sides, sides)
def test_no_process_or_thread_is_named(
    positive: list[Signature], negative: list[Signature]
) -> None:
    found = deduce(Examples(positive, negative, 2)) or ALWAYS
    literal = {c.field for one in found.alternatives for c in one if c.kind == "constant"}
    assert "process_id" not in literal


def test_without_negatives_it_always_holds() -> None:
    assert deduce(Examples(single(0, 1), [])) == ALWAYS


def test_what_was_seen_in_one_process_only_says_nothing_of_others() -> None:
    field = ("process_id", ())
    within, across = {field: "<int>"}, {field: "<>"}
    found = deduce(Examples([within, {field: "7"}], [], records=2))
    assert found == Condition(((Clause("consistent", "process_id", dtype="int"),),))
    assert deduce(Examples([within, across], [], records=2)) == ALWAYS
    assert deduce(Examples([within, {}], [], records=2)) == ALWAYS
    assert deduce(Examples([within], [])) == ALWAYS


def test_the_first_step_is_excluded_by_inversion() -> None:
    first = Clause("constant", "meta_vars.step", values=("0",), dtype="int")
    found = deduce(Examples(single(1, 2, 3), single(0)))
    assert found == Condition(((first,),), inverted=True)


def test_a_stage_is_preferred_to_a_step() -> None:
    negative = single(7, stage='"testing"')
    found = deduce(Examples(single(3, 3), negative))
    assert found is not None
    assert {c.field for one in found.alternatives for c in one} == {"meta_vars.stage"}


def test_positives_that_share_nothing_are_split() -> None:
    positive = [{NAME: '"w"', STEP: "<>"}, {NAME: '"b"', STEP: "<>"}]
    negative = [{NAME: "<>", STEP: "<>"}]
    found = deduce(Examples(positive, negative, 2))
    assert found is not None
    assert [[(c.field, c.values) for c in one] for one in found.alternatives] == [
        [("var_name", ('"b"',))],
        [("var_name", ('"w"',))],
    ]


def test_a_split_keeps_what_all_positives_share() -> None:
    """Without the name, the part (false, false) would accept the second negative (Q65)."""
    flags = [(("x", ()), ("y", ())), ("false", "true")]
    (x, y), (no, yes) = flags
    positive = [{NAME: f'"{n}"', x: no, y: no} for n in "ab"]
    positive += [{NAME: f'"{n}"', x: yes, y: yes} for n in "cdef"]
    negative = [{NAME: '"a"', x: yes, y: no}, {NAME: "<>", x: no, y: no}]
    examples = Examples(positive, negative, 2)
    found = deduce(examples)
    assert found is not None
    assert is_exact(found, examples)


def test_a_rule_may_hold_in_some_stages_only() -> None:
    same: Signature = {STAGE: '"testing"', ("a", ()): "1"}
    examples = Examples([*single(0, 1), same], [same])
    found = deduce_by_stage(examples, ['"training"', '"testing"', '"init"'])
    assert found is not None
    condition, stages = found
    assert stages == {'"training"'}
    inside = Clause("constant", "meta_vars.stage", values=('"training"',), dtype="str")
    assert condition == Condition(((inside,),))


def test_nothing_separates_equal_examples() -> None:
    assert deduce(Examples(single(1), single(1))) is None
