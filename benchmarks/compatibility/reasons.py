"""Why one side does not have an invariant of the other: each reason with the test for it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.compatibility.contained import (
    calls_inside,
    found_by_value,
    has_earlier_observation,
)
from benchmarks.compatibility.payloads import (
    is_option,
    not_ordered,
    properties,
    says_nothing,
    values,
)
from benchmarks.compatibility.statements import (
    UNEXPLAINED,
    Finding,
    arguments,
    is_about_module,
    is_unwritable,
    precondition,
)
from benchmarks.compatibility.trace import Group, Trace
from tc_engine.invariants import Invariant
from tc_engine.relations._base import Relation, short_function

ADDRESS = "about the address of an object (Q3, Q11)"
ABSENT = "the value is that there is no such property (Q15, Q46)"
NULL = "null in every call: only with all_hypotheses (section 8.4)"
FLAG = "a flag or a size of tensors: only with all_hypotheses (section 8.3)"
ORDER = "an order that is not the program's own doing: only with all_hypotheses (section 8.6)"
OPTION = "given by name, and an option: only with all_hypotheses (section 8.1)"
UNSAFE = "its precondition accepts a call that breaks it (Q29, Q65, section 12)"
ONE_CALL = "one call contains it, several times (section 8.1)"
BY_POSITION = "given by position (Q35, Q66)"
OBJECT_BY_POSITION = "given by position, and it is an object"
OBJECT = "given by name, and it is an object"
VARIES = "given by name, and not the same in all calls (section 12)"
PER_STAGE = "several of theirs together: one for each stage, with other arguments (section 8.1)"
PER_STAGE_FEW = "theirs has one for each stage, and gave up the one with one example (section 8.1)"
STAGE_BEGINS = "where a stage begins, theirs sees no change (Q12)"
OF_MODULE = "about a function of Module itself, which TrainCheck skips (Q32)"
SWITCHED_OFF = "TrainCheck does not infer this relation (section 8.9)"

# As TrainCheck writes it.
FEW_POSITIVES = "only one positive example"
BY_SETTING = (NULL, FLAG, ORDER)


@dataclass(frozen=True)
class Examined:
    """An invariant of theirs that ours do not imply.

    `own` are its examples, `all_calls` those without its arguments. `in_all_hypotheses`: ours imply
    it if they are inferred with `all_hypotheses`.
    """

    invariant: Invariant
    own: Sequence[Group]
    all_calls: Sequence[Group]
    in_all_hypotheses: bool


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


def why_not_implied(trace: Trace, examined: Examined) -> Finding:
    """Return the reason why ours do not imply an invariant of theirs."""
    invariant = examined.invariant
    if examined.in_all_hypotheses:
        return _left_out(trace, invariant)
    if is_unwritable(invariant):
        (returned,) = properties(invariant)
        if values(trace, invariant, returned) == {None}:
            return Finding(invariant, ABSENT, f"no tensor that it accepts has {returned.name}")
    broken = sum(
        group.examples
        for group in examined.own
        if not group.is_positive and group.accepted_by(precondition(invariant))
    )
    if broken:
        return Finding(invariant, UNSAFE, f"{broken} calls")
    positive = sum(group.examples for group in examined.all_calls if group.is_positive)
    if positive == 1 and "api_full_name" in invariant.params[1]:
        inside = len(calls_inside(trace, invariant))
        if inside >= (invariant.positive or 0) > 1:
            evidence = f"{inside} child calls in 1 call; TrainCheck counts {invariant.positive}"
            return Finding(invariant, ONE_CALL, evidence)
    return Finding(invariant, UNEXPLAINED, "no invariant of ours accepts all that it accepts")


def weaker(trace: Trace, invariant: Invariant, ours: Invariant) -> Weaker:
    """Tell of each argument that ours does not name why."""
    calls = calls_inside(trace, invariant)
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
        elif is_option(trace, invariant, value):
            missing[name] = OPTION
        else:
            missing[name] = UNEXPLAINED
    return Weaker(invariant, missing, *found_by_value(trace, invariant))


def why_not_theirs(
    trace: Trace,
    relation: Relation,
    invariant: Invariant,
    missed: Sequence[Group],
    few: Sequence[Invariant],
) -> Finding:
    """Return the reason why none of theirs accepts the `missed` examples of one of ours.

    `few` are theirs that state the same and had too few examples.
    """
    count = sum(group.examples for group in missed)
    evidence = f"theirs leaves out {count} of {invariant.positive} calls"
    if is_about_module(invariant):
        return Finding(invariant, OF_MODULE, evidence)
    if count == sum(one.positive or 0 for one in few):
        return Finding(invariant, PER_STAGE_FEW, evidence)
    is_change = relation.by_stage and "attr_name" in invariant.params[1]
    if is_change and not has_earlier_observation(trace, relation, invariant, missed):
        return Finding(invariant, STAGE_BEGINS, evidence)
    return Finding(invariant, UNEXPLAINED, evidence)


def _left_out(trace: Trace, invariant: Invariant) -> Finding:
    """Return the reason why ours state it only with `all_hypotheses`."""
    if others := not_ordered(trace, invariant):
        return Finding(invariant, ORDER, " and ".join(map(short_function, others)))
    spoken_of = properties(invariant)
    names = [one.name for one in spoken_of]
    found = {value for one in spoken_of for value in values(trace, invariant, one)}
    if found - {None} == {"null"}:
        return Finding(invariant, NULL, " and ".join(dict.fromkeys(names)))
    hidden = says_nothing(trace, names, returned=len(names) == 1)
    if hidden:
        return Finding(invariant, FLAG, " and ".join(hidden))
    return Finding(invariant, UNEXPLAINED, "ours imply it with all_hypotheses only")
