"""Chains of calls: they say what their pairs said, once, and are as long as they can be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tc_engine import relations
from tc_engine.dataset import open_dataset
from tc_engine.invariants import ALWAYS, Clause, Condition, Invariant
from tc_engine.pipelines.check import Result, check
from tc_engine.pipelines.infer import infer
from tc_engine.sequences import merge_sequences
from tests.builder import Trace

KNOWN = relations.discover()
TRAINING = Condition(((Clause("constant", "meta_vars.stage", values=('"training"',)),),))

names = st.sampled_from("abcdef")
pairs = st.builds(
    lambda ends, condition: pair(*ends, condition),
    st.tuples(names, names).filter(lambda ends: ends[0] != ends[1]),
    st.sampled_from([ALWAYS, TRAINING]),
)


def pair(first: str, second: str, condition: Condition = ALWAYS) -> Invariant:
    params = tuple({"param_type": "APIParam", "api_full_name": one} for one in (first, second))
    return Invariant("FunctionLeadRelation", params, {"func_lead": condition}, "text", 3, 1)


def functions(invariant: Invariant) -> list[str]:
    return [param["api_full_name"] for param in invariant.params]


def links(chains: list[Invariant]) -> list[tuple[str, str, Any]]:
    """List the pairs that chains consist of, with their preconditions."""
    return [
        (first, second, *one.precondition.values())
        for one in chains
        for first, second in zip(functions(one), functions(one)[1:], strict=False)
    ]


@given(st.lists(pairs, max_size=14))
def test_every_pair_is_in_one_chain_and_chains_cannot_be_joined(
    given_pairs: list[Invariant],
) -> None:
    chains = merge_sequences(given_pairs, KNOWN)
    assert len(links(chains)) == len(set(links(chains)))
    assert set(links(chains)) == set(links(given_pairs))
    for one in chains:
        assert len(set(functions(one))) == len(functions(one))
        for other in chains:
            joined = functions(one) + functions(other)[1:]
            same = one.precondition == other.precondition
            follows = functions(one)[-1] == functions(other)[0]
            assert not (same and follows and len(set(joined)) == len(joined))


@given(st.lists(pairs, max_size=10), st.randoms(use_true_random=False))
def test_the_order_of_pairs_does_not_matter(some: list[Invariant], order: Any) -> None:
    expected = merge_sequences(some, KNOWN)
    order.shuffle(some)
    assert merge_sequences(some, KNOWN) == expected


def test_a_loop_becomes_the_chain_of_its_calls() -> None:
    tournament = [pair("a", "b"), pair("a", "c"), pair("a", "d"), pair("b", "c"), pair("b", "d")]
    chains = merge_sequences([*tournament, pair("c", "d")], KNOWN)
    assert max((functions(one) for one in chains), key=len) == ["a", "b", "c", "d"]


def test_a_chain_says_its_pairs_and_adds_up_their_counts() -> None:
    (chain,) = merge_sequences([pair("a", "b"), pair("b", "c")], KNOWN)
    assert chain.text == "a() is always followed by b(), that by c()"
    assert (chain.positive, chain.negative) == (6, 2)


def test_chains_and_other_relations_stay() -> None:
    chain = merge_sequences([pair("a", "b"), pair("b", "c")], KNOWN)
    others = [replace(pair("a", "b"), relation="APIContainRelation"), *chain]
    assert merge_sequences(others, KNOWN) == others


def run(*calls: str) -> Trace:
    trace = Trace()
    for step, names_of_step in enumerate(calls):
        trace.at(step=step, stage="training")
        for name in names_of_step:
            with trace.call(f"m.{name}"):
                pass
    return trace


def test_a_chain_is_checked_as_its_pairs_are(tmp_path: Path) -> None:
    good = open_dataset(run("abc", "abc", "abc").write(tmp_path / "good"))
    bad = open_dataset(run("abc", "ac", "abc").write(tmp_path / "bad"))
    learned = infer([good], relations=relations.select(["lead", "cover"])).invariants
    chains = merge_sequences(learned, KNOWN)
    assert 0 < len(chains) < len(learned)

    for runs in ([good], [bad]):
        judged = check(runs, learned).results
        for result in check(runs, chains).results:
            parts = [one for one in judged if is_part(one.invariant, result.invariant)]
            assert result.examples == sum(part.examples for part in parts)
            assert violations(result) == sum(map(violations, parts))
    assert any(map(violations, check([bad], chains).results))


def is_part(small: Invariant, chain: Invariant) -> bool:
    return small.relation == chain.relation and set(links([small])) <= set(links([chain]))


def violations(result: Result) -> int:
    return result.violation.count if result.violation else 0
