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
from functools import cached_property

from tc_engine.invariants import Invariant
from tc_engine.learn.clauses import POSITION
from tc_engine.pipelines.check import Check, Result
from tc_engine.relations._base import Claim, is_training

CLAIMS: Mapping[Claim, int] = {
    Claim.UPDATE: 60,
    Claim.AGREEMENT: 55,
    Claim.SAME_ARGUMENT: 55,
    Claim.GRADIENT: 50,
    Claim.MISSING: 50,
    Claim.TRAINING_ORDER: 45,
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
OTHER_PROGRAM = -8  # no good run of such a program; less for each further one that taught it
AGREEING = 2
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

# What every program that trains calls.
_EXPECTED = re.compile(
    r"\.(zero_grad|backward|train|eval)$|^torch\.optim\.(?!lr_scheduler).*\.step$"
)


@dataclass(frozen=True)
class Reason:
    """Points for or against a violation, and what they are for."""

    points: int
    text: str


@dataclass(frozen=True)
class Broken:
    """A violation, what its rule speaks of, and the function of an order that is never called.

    `others` are the programs that taught the rule where the run is of none of these.
    """

    result: Result
    claim: Claim
    missing: str | None = None
    others: tuple[str, ...] = ()

    @property
    def points(self) -> int:
        """The sum of the points of all reasons."""
        return sum(one.points for one in self.reasons)

    @cached_property
    def reasons(self) -> tuple[Reason, ...]:
        """Why it stands where it stands, the weightiest first."""
        return tuple(sorted(_reasons(self), key=lambda one: -abs(one.points)))

    @property
    def functions(self) -> list[str]:
        """The functions that its rule names."""
        return functions(self.result.invariant)

    @property
    def step(self) -> int | None:
        """The first step in which the rule was broken; None where unknown."""
        return self.result.violation.first_step if self.result.violation else None


def broken(result: Result, check: Check) -> Broken:
    """Tell what a violation of a check speaks of.

    Not every program has a scheduler, or clips gradients, or uses this optimizer: that such a call
    never comes tells something where good runs of the program have it, or where nothing else does
    what it does.
    """
    if result.relation is None:
        raise ValueError("nothing is violated of a relation that is not known")
    trace, invariant = result.trace, result.invariant
    is_own = any((trace, program) in check.own for program in invariant.programs)
    others = () if is_own else invariant.programs
    about = result.relation.claim(invariant.params)
    absent = [one for one in functions(invariant) if (trace, one) not in check.called]
    if about is Claim.ARGUMENT and absent:
        # No other argument: it is not called at all.
        return Broken(result, Claim.CALL, others=others)
    if about not in (Claim.ORDER, Claim.TRAINING_ORDER) or not absent:
        return Broken(result, about, others=others)
    telling = is_training(absent[0]) and (is_own or _nothing_else_does(absent[0], trace, check))
    return Broken(result, Claim.MISSING if telling else Claim.ORDER, absent[0], others)


def _nothing_else_does(function: str, trace: str, check: Check) -> bool:
    """Tell whether every program that trains does what a function does, and a trace does not."""
    role = _role(function)
    return role is not None and all(
        of != trace or _role(called) != role for of, called in check.called
    )


def _role(function: str) -> str | None:
    """Return what a call does in training, if every program that trains has one that does it."""
    role = _EXPECTED.search(function)
    return role and role[0].rpartition(".")[2]


def corroborated(others: int) -> Reason:
    """Return what further violations of the same cause add."""
    text = f"{others} more rule{'s' * (others != 1)} broken with it"
    return Reason(min(MOST_CORROBORATED, CORROBORATED * others), text)


def functions(invariant: Invariant) -> list[str]:
    """Return the functions that a rule names."""
    params = invariant.params
    return [str(param["api_full_name"]) for param in params if "api_full_name" in param]


def _reasons(one: Broken) -> Iterator[Reason]:
    result, violation, invariant = one.result, one.result.violation, one.result.invariant
    if violation is None:
        return
    yield Reason(CLAIMS[one.claim], f"it speaks of {one.claim.value}")
    share = violation.count / result.examples
    judged = f"broken {violation.count:,} of {result.examples:,} times"
    yield Reason(round(ALWAYS_BROKEN * share), judged)
    held = invariant.positive or 1
    support = min(MOST_SUPPORT, round(SUPPORT * math.log10(held)))
    yield Reason(support, f"held {held:,} times in good runs")
    if one.others:
        known = len(one.others)
        points = min(0, OTHER_PROGRAM + AGREEING * (known - 1))
        programs = f"{known} other program{'s' * (known != 1)}"
        yield Reason(points, f"learned from {programs}, none like this one")
    if _names_a_step(invariant):
        yield Reason(AT_A_STEP, "its precondition names a step")
    if one.claim is not Claim.MISSING and any(map(_HELPER.search, one.functions)):
        yield Reason(HELPER, "it speaks of a helper function")


def _names_a_step(invariant: Invariant) -> bool:
    return any(
        clause.kind == "constant" and re.search(POSITION, clause.field)
        for condition in invariant.precondition.values()
        for alternative in condition.alternatives
        for clause in alternative
    )
