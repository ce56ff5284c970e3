"""Findings: violations of one cause, the most telling first, and why each stands there."""

from __future__ import annotations

import json
from collections.abc import Container, Sequence
from dataclasses import dataclass

from tc_engine.diagnosis import evidence
from tc_engine.diagnosis.causes import grouped
from tc_engine.diagnosis.evidence import Broken, Reason, broken
from tc_engine.diagnosis.hints import hint
from tc_engine.files import digest
from tc_engine.invariants import Invariant, to_json
from tc_engine.pipelines.check import Check, Facts, Result
from tc_engine.relations._base import Claim, short_function
from tc_engine.report.results import describe_failure


@dataclass(frozen=True)
class Finding:
    """Violations of one cause in one trace: the one to look at, and those that go with it.

    `points` is what its rank comes from, `reasons` what the points come from, `hint` what is known
    to cause such violations. `title` says what is wrong. `key` is that of the head: the same in
    every check.
    """

    trace: str
    title: str
    head: Result
    others: tuple[Result, ...]
    reasons: tuple[Reason, ...]
    hint: str

    @property
    def points(self) -> int:
        """The sum of the points of all reasons."""
        return sum(one.points for one in self.reasons)

    @property
    def is_telling(self) -> bool:
        """Whether it is a reason to look at the program."""
        return self.points >= evidence.TELLING

    @property
    def key(self) -> str:
        """The key of its head."""
        return key_of(self.head.invariant)


@dataclass(frozen=True)
class Diagnosis:
    """All findings, the most telling first.

    `minor` are those that alone are no reason to look, `suppressed` the violations of rules that
    may be broken.
    """

    findings: tuple[Finding, ...]
    minor: tuple[Finding, ...]
    suppressed: tuple[Result, ...] = ()

    @property
    def violated(self) -> bool:
        """Whether a rule is broken that may not be."""
        return bool(self.findings or self.minor)


def diagnose(check: Check, suppressed: Container[str] = ()) -> Diagnosis:
    """Group the violations of a check by cause and rank the groups.

    Rules whose keys are `suppressed` may be broken.
    """
    blamed: list[Result] = []
    allowed: list[Result] = []
    for one in check.results:
        if one.violation:
            (allowed if key_of(one.invariant) in suppressed else blamed).append(one)
    found = [
        _finding(trace, group, check.facts)
        for trace in check.traces
        for group in grouped(
            [broken(one, check) for one in blamed if one.trace == trace],
            {pair[1:] for pair in check.nested if pair[0] == trace},
        )
    ]
    ranked = sorted(found, key=lambda one: (-one.points, *_order(one.head)))
    return Diagnosis(
        tuple(one for one in ranked if one.is_telling),
        tuple(one for one in ranked if not one.is_telling),
        tuple(allowed),
    )


def key_of(invariant: Invariant) -> str:
    """Return eight letters that name an invariant: what it says and when it holds."""
    content = to_json(invariant)
    said = [content[name] for name in ("relation", "params", "precondition")]
    return digest(json.dumps(said, sort_keys=True))[:8]


def _finding(trace: str, group: Sequence[Broken], facts: Sequence[Facts]) -> Finding:
    head, *others = sorted(group, key=lambda one: (-one.points, *_order(one.result)))
    reasons = head.reasons
    # That a function is out of place, or missing, each of its neighbours tells: no more evidence.
    if agreeing := sum(one.claim is not Claim.ORDER and not one.missing for one in others):
        reasons += (evidence.corroborated(agreeing),)
    title = describe_failure(head.result)
    if head.missing:
        owner = head.missing.rpartition(".")[0]
        absent = {one.missing for one in group if one.missing and one.claim is head.claim}
        missing = sorted(
            short_function(name) for name in absent if name.rpartition(".")[0] == owner
        )
        title = f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} never called"
    known = [one for one in facts if one.trace == trace]
    return Finding(
        trace,
        title,
        head.result,
        tuple(one.result for one in others),
        reasons,
        hint(head, known),
    )


def _order(result: Result) -> tuple[bool, int, int, str, str]:
    """Put what went wrong early first, in an order that does not depend on chance."""
    step = result.violation.first_step if result.violation else None
    detected = result.violation.detected_ts if result.violation else 0
    return step is None, step or 0, detected, result.trace, describe_failure(result)
