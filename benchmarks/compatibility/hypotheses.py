"""What became of every hypothesis, on both sides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from benchmarks.compatibility.reasons import ABSENT, ADDRESS, OF_MODULE, SWITCHED_OFF
from benchmarks.compatibility.statements import (
    UNEXPLAINED,
    is_about_address,
    is_about_module,
    is_unwritable,
    statement,
)
from tc_engine.invariants import Failed, Invariant
from tc_engine.pipelines.infer import Inference

KEPT = "invariant"
NONE = "no hypothesis"
LEFT_OUT = "not looked at"
NO_DIFFERENCE = "no calls with different arguments: theirs does not list it (section 8.8)"
BUDGET = "neither looks at what is called over and over (sections 8.6 and 8.8)"

# Theirs of Contain differ in arguments and stages: see `rules`.
_NOT_COMPARED = ("APIContainRelation",)


@dataclass(frozen=True)
class Fate:
    """What became of a hypothesis; `same_counts`: of as many positive and negative examples.

    `reason` says why the two differ; empty where they do not.
    """

    invariant: Invariant
    theirs: str
    ours: str
    same_counts: bool
    reason: str


def read_given_up(contents: Iterable[Mapping[str, Any]]) -> list[Failed]:
    """Read the hypotheses that TrainCheck gave up; they have no precondition."""
    return [
        Failed(
            one["failed_reason"],
            Invariant(
                one["invariant"]["relation"],
                tuple(one["invariant"]["params"]),
                {},
                one["invariant"]["text_description"],
                one["num_positive_examples"],
                one["num_negative_examples"],
            ),
        )
        for one in contents
    ]


def compare(
    inference: Inference, theirs: Sequence[Invariant], given_up: Sequence[Failed]
) -> list[Fate]:
    """Compare the hypotheses of all relations but Contain."""
    fates_of_theirs, fates_of_ours = (
        {statement(one.invariant): one for one in (*failed, *(Failed(KEPT, one) for one in kept))}
        for kept, failed in ((theirs, given_up), (inference.invariants, inference.failed))
    )
    looked_at = {
        (one.invariant.relation, param.get("api_full_name"))
        for one in fates_of_theirs.values()
        for param in one.invariant.params
    }
    found = []
    for key in sorted(fates_of_theirs.keys() | fates_of_ours.keys()):
        if key[0] in _NOT_COMPARED:
            continue
        their, our = fates_of_theirs.get(key), fates_of_ours.get(key)
        present = [one for one in (our, their) if one]
        fate = Fate(
            invariant=present[0].invariant,
            theirs=their.reason if their else NONE,
            ours=NONE if our is None else LEFT_OUT if _is_left_out(our) else our.reason,
            same_counts=len(present) == 2 and _counts(present[0]) == _counts(present[1]),
            reason=_reason(their, our, looked_at),
        )
        found.append(fate)
    return found


def _counts(one: Failed) -> tuple[int | None, int | None]:
    return one.invariant.positive, one.invariant.negative


def _reason(
    theirs: Failed | None, ours: Failed | None, looked_at: Set[tuple[str, str | None]]
) -> str:
    """Say why the two differ; `looked_at` are the relations and functions of their hypotheses."""
    if theirs and ours:
        return "" if theirs.reason == ours.reason else UNEXPLAINED
    if ours:
        return _only_ours(ours, looked_at)
    if theirs and is_about_address(theirs.invariant):
        return ADDRESS
    return ABSENT if theirs and is_unwritable(theirs.invariant) else UNEXPLAINED


def _only_ours(ours: Failed, looked_at: Set[tuple[str, str | None]]) -> str:
    relation = ours.invariant.relation
    function = ours.invariant.params[0].get("api_full_name")
    if all(other != relation for other, _ in looked_at):
        return SWITCHED_OFF
    if _is_left_out(ours) and (relation, function) not in looked_at:
        return BUDGET
    if is_about_module(ours.invariant):
        return OF_MODULE
    if relation == "DistinctArgumentRelation" and ours.invariant.positive == 0:
        return NO_DIFFERENCE
    return UNEXPLAINED


def _is_left_out(ours: Failed) -> bool:
    """Tell whether this is no hypothesis, but what a budget kept from becoming one."""
    return ours.invariant.positive is None
