"""Compare the invariants that tc_engine and TrainCheck learn from one trace, example by example."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.compatibility import reasons
from benchmarks.compatibility.reasons import Examined, Weaker
from benchmarks.compatibility.statements import (
    Finding,
    Stated,
    arguments,
    by_statement,
    is_about_address,
    precondition,
    statement,
    without_arguments,
)
from benchmarks.compatibility.trace import Group, Trace
from tc_engine.invariants import Failed, Invariant
from tc_engine.pipelines.infer import Inference
from tc_engine.relations._base import Relation

SAME = "implied"
WEAKER = "implied but for arguments"


@dataclass(frozen=True)
class Rules:
    """The comparison: theirs seen from ours, ours from theirs.

    Theirs that ours imply but for arguments are in `theirs` and, with these, in `weaker`.
    `everything` is what ours become with `all_hypotheses`: the verdicts of those alone that are
    not among `ours`.
    """

    theirs: list[Finding]
    weaker: list[Weaker]
    ours: list[Finding]
    everything: list[Finding]


def compare(
    trace: Trace,
    relations: Sequence[Relation],
    inference: Inference,
    everything: Sequence[Invariant],
    theirs: Sequence[Invariant],
    given_up: Sequence[Failed],
) -> Rules:
    """Compare what was learned from the trace; `everything` is learned with `all_hypotheses`."""
    result = Rules([], [], [], [])
    known = {statement(one) for one in inference.invariants}
    more = [one for one in everything if statement(one) not in known]
    failed = by_statement([one.invariant for one in given_up])
    few = by_statement([one.invariant for one in given_up if one.reason == reasons.FEW_POSITIVES])
    for relation in relations:
        mine, added, given = (
            [one for one in many if one.relation == relation.title]
            for many in (inference.invariants, more, theirs)
        )
        looked_at = bool(given) or any(key[0] == relation.title for key in failed)
        stated = by_statement(given)
        _compare_theirs(trace, relation, given, (by_statement(mine), by_statement(added)), result)
        for findings, many in ((result.ours, mine), (result.everything, added)):
            _compare_ours(trace, relation, many, stated, few if looked_at else None, findings)
    return result


def covers(weaker: Sequence[Invariant], groups: Sequence[Group]) -> bool:
    """Tell whether some precondition of the invariants holds for each of the examples."""
    return all(any(group.accepted_by(precondition(one)) for one in weaker) for group in groups)


def _compare_theirs(
    trace: Trace,
    relation: Relation,
    theirs: Sequence[Invariant],
    ours: tuple[Stated, Stated],
    result: Rules,
) -> None:
    """Find out of each of theirs whether ours, or else those with all properties, imply it."""
    exact = trace.examples(relation, theirs)
    plain = trace.examples(relation, [without_arguments(one) for one in theirs])
    for one, own, all_calls in zip(theirs, exact, plain, strict=True):
        accepted = [group for group in all_calls if group.accepted_by(precondition(one))]
        match, later = (
            [
                mine
                for mine in stated.get(statement(one), [])
                if arguments(mine).items() <= arguments(one).items() and covers([mine], accepted)
            ]
            for stated in ours
        )
        if is_about_address(one):
            examples = sum(group.examples for group in own)
            result.theirs.append(
                Finding(one, reasons.ADDRESS, f"our query makes {examples} examples")
            )
        elif any(arguments(mine) == arguments(one) for mine in match):
            result.theirs.append(Finding(one, SAME))
        elif match:
            result.theirs.append(Finding(one, WEAKER))
            result.weaker.append(reasons.weaker(trace, one, match[0]))
        else:
            examined = Examined(one, own, all_calls, in_all_hypotheses=bool(later))
            result.theirs.append(reasons.why_not_implied(trace, examined))


def _compare_ours(
    trace: Trace,
    relation: Relation,
    ours: Sequence[Invariant],
    theirs: Stated,
    few: Stated | None,
    findings: list[Finding],
) -> None:
    """Find out of each of ours whether one of theirs implies it.

    `few` are theirs that had too few examples; None if they have no hypothesis of the relation.
    """
    examples = trace.examples(relation, [without_arguments(one) for one in ours])
    for one, all_calls in zip(ours, examples, strict=True):
        accepted = [group for group in all_calls if group.accepted_by(precondition(one))]
        match = [
            other
            for other in theirs.get(statement(one), [])
            if arguments(one).items() <= arguments(other).items()
        ]
        missed = [group for group in accepted if not covers(match, [group])]
        if any(covers([other], accepted) for other in match):
            findings.append(Finding(one, SAME))
        elif not missed:
            findings.append(Finding(one, reasons.PER_STAGE, f"{len(match)} of theirs"))
        elif few is None:
            findings.append(Finding(one, reasons.SWITCHED_OFF, "no hypothesis of theirs"))
        else:
            twins = few.get(statement(one), [])
            findings.append(reasons.why_not_theirs(trace, relation, one, missed, twins))
