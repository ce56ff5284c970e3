"""How much a violation tells of what is wrong: points, each with its reason.

All weights are in this file; docs/findings.md explains them. They are set by what a rule can say:
a step that changes no parameter is wrong whatever else the program does, while two programs that
are both right often differ in the order of their calls.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tc_engine.check import Result
from tc_engine.learn.clauses import POSITION
from tc_engine.relations._base import Claim

CLAIMS: Mapping[Claim, int] = {
    Claim.UPDATE: 60,
    Claim.AGREEMENT: 55,
    Claim.GRADIENT: 50,
    Claim.TRAINING_ORDER: 45,
    Claim.SAME_ARGUMENT: 45,
    Claim.ARGUMENT: 35,
    Claim.CALL: 25,
    Claim.BOUND: 25,
    Claim.OUTPUT: 20,
    Claim.INPUT_OUTPUT: 15,
    Claim.DISTINCT: 15,
    Claim.ORDER: 5,
}
ALWAYS_BROKEN = 15  # of every time that it was judged; less in proportion
SUPPORT = 4  # for each power of ten of the times that it held in good runs
MOST_SUPPORT = 12
AT_A_STEP = -15
HELPER = -15
CORROBORATED = 2  # for each further rule that was broken with it
MOST_CORROBORATED = 10
TELLING = 55  # fewer points: a difference that alone is no reason to look

# What a program calls to find its way or to set itself up: it says little of training.
_HELPER = re.compile(
    r"(^|\.)_[^_]|\.(is|has|get|set|find|register|check)_|^torch\.(cuda|hub|overrides|utils|jit|_)"
    r"|^torch\.nn\.init\.|\.(device|dtype|size)$"
)


@dataclass(frozen=True)
class Reason:
    """Points for or against a violation, and what they are for."""

    points: int
    text: str


def weigh(result: Result) -> tuple[Reason, ...]:
    """Return why a violation stands where it stands, the weightiest first."""
    return tuple(sorted(_reasons(result), key=lambda one: -abs(one.points)))


def points(result: Result) -> int:
    """Return the sum of the points of a violation."""
    return sum(one.points for one in _reasons(result))


def corroborated(others: int) -> Reason:
    """Return what further violations of the same cause add."""
    text = f"{others} more rule{'s' * (others != 1)} broken with it"
    return Reason(min(MOST_CORROBORATED, CORROBORATED * others), text)


def claim(result: Result) -> Claim:
    """Return what the rule of a violation speaks of."""
    if result.relation is None:
        raise ValueError("nothing is violated of a relation that is not known")
    return result.relation.claim(result.invariant.params)


def _reasons(result: Result) -> Iterator[Reason]:
    violation, invariant = result.violation, result.invariant
    if violation is None:
        return
    about = claim(result)
    yield Reason(CLAIMS[about], f"it speaks of {about.value}")
    share = violation.count / result.examples
    judged = f"broken {violation.count:,} of {result.examples:,} times"
    yield Reason(round(ALWAYS_BROKEN * share), judged)
    held = invariant.positive or 1
    support = min(MOST_SUPPORT, round(SUPPORT * math.log10(held)))
    yield Reason(support, f"held {held:,} times in good runs")
    if _names_a_step(result):
        yield Reason(AT_A_STEP, "its precondition names a step")
    if any(_HELPER.search(name) for name in functions(result)):
        yield Reason(HELPER, "it speaks of a helper function")


def functions(result: Result) -> list[str]:
    """Return the functions that the rule of a violation names."""
    params = result.invariant.params
    return [str(param["api_full_name"]) for param in params if "api_full_name" in param]


def _names_a_step(result: Result) -> bool:
    return any(
        clause.kind == "constant" and re.search(POSITION, clause.field)
        for condition in result.invariant.precondition.values()
        for alternative in condition.alternatives
        for clause in alternative
    )
