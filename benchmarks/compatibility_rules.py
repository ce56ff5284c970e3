"""Compare the invariants that tc_engine and TrainCheck learn from one trace, example by example."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.compatibility_trace import (
    Group,
    Trace,
    arguments,
    is_about_address,
    precondition,
    statement,
    without_arguments,
)
from tc_engine.infer import FEW_POSITIVES, Inference
from tc_engine.invariants import Invariant
from tc_engine.relations._base import Relation

KEPT = "invariant"
SAME = "implied"
UNEXPLAINED = "unexplained"
ADDRESS = "about the address of an object (Q3, Q11)"
UNSAFE = "its precondition accepts a call that breaks it (Q29, Q65, section 12)"
ONE_CALL = "one call contains it, several times (section 8.1)"
BY_POSITION = "given by position (Q35, Q66)"
OBJECT_BY_POSITION = "given by position, and it is an object"
OBJECT = "given by name, and it is an object"
VARIES = "given by name, and not the same in all calls (section 12)"
PER_STAGE = "several of theirs together: one for each stage, with other arguments (section 8.1)"
PER_STAGE_FEW = "theirs has one for each stage, and gave up the one with one example (section 8.1)"
STAGE_BEGINS = "where a stage begins, theirs sees no change (Q12)"

Stated = Mapping[tuple[str, ...], Sequence[Invariant]]


@dataclass(frozen=True)
class Finding:
    """How one invariant stands to the other side's: a verdict, and what shows it."""

    invariant: Invariant
    verdict: str
    evidence: str = ""


@dataclass(frozen=True)
class Weaker:
    """An invariant of theirs that ours implies but for some of its arguments.

    `missing` tells of each such argument why ours does not have it. Of the `calls` that its
    precondition holds for, `found` contain a child with these values, whatever their names.
    """

    invariant: Invariant
    missing: Mapping[str, str]
    calls: int
    found: int


@dataclass(frozen=True)
class Rules:
    """The comparison: theirs seen from ours, ours from theirs, and what both gave up.

    `hypotheses` counts, per relation, what became of each hypothesis: (theirs, ours).
    """

    theirs: list[Finding]
    weaker: list[Weaker]
    ours: list[Finding]
    hypotheses: Counter[tuple[str, str, str]]


def compare(
    trace: Trace,
    relations: Sequence[Relation],
    inference: Inference,
    theirs: Sequence[Invariant],
    their_failures: Sequence[Mapping[str, Any]],
) -> Rules:
    """Compare what was learned from the trace; the relations are those to look at."""
    result = Rules([], [], [], Counter())
    failed = _given_up(their_failures)
    for relation in relations:
        mine = [one for one in inference.invariants if one.relation == relation.title]
        given = [one for one in theirs if one.relation == relation.title]
        _compare_theirs(trace, relation, given, by_statement(mine), result)
        _compare_ours(trace, relation, mine, by_statement(given), failed, result)
    _compare_hypotheses(inference, theirs, failed, result.hypotheses)
    return result


def by_statement(invariants: Sequence[Invariant]) -> Stated:
    """Group invariants by what they state."""
    found: dict[tuple[str, ...], list[Invariant]] = defaultdict(list)
    for one in invariants:
        found[statement(one)].append(one)
    return found


def covers(weaker: Sequence[Invariant], groups: Sequence[Group]) -> bool:
    """Tell whether some precondition of the invariants holds for each of the examples."""
    return all(any(group.accepted_by(precondition(one)) for one in weaker) for group in groups)


def _compare_theirs(
    trace: Trace, relation: Relation, theirs: Sequence[Invariant], ours: Stated, result: Rules
) -> None:
    exact = trace.examples(relation, theirs)
    plain = trace.examples(relation, [without_arguments(one) for one in theirs])
    for one, own, all_calls in zip(theirs, exact, plain, strict=True):
        accepted = [group for group in all_calls if group.accepted_by(precondition(one))]
        match = [
            mine
            for mine in ours.get(statement(one), [])
            if arguments(mine).items() <= arguments(one).items() and covers([mine], accepted)
        ]
        if is_about_address(one):
            result.theirs.append(Finding(one, ADDRESS, f"our query makes {len(own)} examples"))
        elif any(arguments(mine) == arguments(one) for mine in match):
            result.theirs.append(Finding(one, SAME))
        elif match:
            result.weaker.append(_weaker(trace, one, match[0]))
        else:
            result.theirs.append(_not_implied(trace, one, own, all_calls))


def _not_implied(
    trace: Trace, invariant: Invariant, own: Sequence[Group], all_calls: Sequence[Group]
) -> Finding:
    broken = sum(
        group.examples
        for group in own
        if not group.is_positive and group.accepted_by(precondition(invariant))
    )
    if broken:
        return Finding(invariant, UNSAFE, f"{broken} calls")
    positive = sum(group.examples for group in all_calls if group.is_positive)
    if positive == 1 and "api_full_name" in invariant.params[1]:
        inside = len(trace.calls_inside(invariant))
        if inside >= (invariant.positive or 0) > 1:
            return Finding(
                invariant,
                ONE_CALL,
                f"{inside} child calls in 1 call; TrainCheck counts {invariant.positive}",
            )
    return Finding(invariant, UNEXPLAINED, "no invariant of ours accepts all that it accepts")


def _weaker(trace: Trace, invariant: Invariant, ours: Invariant) -> Weaker:
    calls = trace.calls_inside(invariant)
    named = {name for call in calls for name in call.by_name}
    missing = {}
    for name, value in arguments(invariant).items():
        if name in arguments(ours):
            continue
        is_object = any(isinstance(content, dict) for content in value.values())
        if name not in named:
            missing[name] = OBJECT_BY_POSITION if is_object else BY_POSITION
        elif is_object:
            missing[name] = OBJECT
        elif len({json.dumps(call.by_name.get(name)) for call in calls}) > 1:
            missing[name] = VARIES
        else:
            missing[name] = UNEXPLAINED
    return Weaker(invariant, missing, *trace.found_by_value(invariant))


def _compare_ours(
    trace: Trace,
    relation: Relation,
    ours: Sequence[Invariant],
    theirs: Stated,
    failed: Mapping[tuple[str, ...], Sequence[Mapping[str, Any]]],
    result: Rules,
) -> None:
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
            result.ours.append(Finding(one, SAME))
        elif not missed:
            result.ours.append(Finding(one, PER_STAGE, f"{len(match)} of theirs"))
        else:
            twins = failed.get(statement(one), [])
            result.ours.append(_not_theirs(trace, relation, one, missed, twins))


def _not_theirs(
    trace: Trace,
    relation: Relation,
    invariant: Invariant,
    missed: Sequence[Group],
    failed: Sequence[Mapping[str, Any]],
) -> Finding:
    count = sum(group.examples for group in missed)
    evidence = f"theirs leaves out {count} of {invariant.positive} calls"
    few = [one for one in failed if one["failed_reason"] == FEW_POSITIVES]
    if count == sum(one["num_positive_examples"] for one in few):
        return Finding(invariant, PER_STAGE_FEW, evidence)
    is_change = "attr_name" in invariant.params[1] and relation.by_stage
    if is_change and not trace.has_earlier_observation(relation, invariant, missed):
        return Finding(invariant, STAGE_BEGINS, evidence)
    return Finding(invariant, UNEXPLAINED, evidence)


def _given_up(
    failures: Sequence[Mapping[str, Any]],
) -> dict[tuple[str, ...], list[Mapping[str, Any]]]:
    found: dict[tuple[str, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for one in failures:
        stated = one["invariant"]
        invariant = Invariant(stated["relation"], tuple(stated["params"]), {}, "")
        found[statement(invariant)].append(one)
    return found


def _compare_hypotheses(
    inference: Inference,
    theirs: Sequence[Invariant],
    failed: Mapping[tuple[str, ...], Sequence[Mapping[str, Any]]],
    counts: Counter[tuple[str, str, str]],
) -> None:
    """Count what became of each hypothesis of Cover and Lead, which have no arguments."""
    fate_of_theirs = {key: many[0]["failed_reason"] for key, many in failed.items()}
    fate_of_theirs |= {statement(one): KEPT for one in theirs}
    fate_of_ours = {statement(one.invariant): one.reason for one in inference.failed}
    fate_of_ours |= {statement(one): KEPT for one in inference.invariants}
    for key in fate_of_theirs.keys() | fate_of_ours.keys():
        if key[0] in ("FunctionCoverRelation", "FunctionLeadRelation"):
            fates = [fate.get(key, "no hypothesis") for fate in (fate_of_theirs, fate_of_ours)]
            counts[key[0], fates[0], fates[1]] += 1
