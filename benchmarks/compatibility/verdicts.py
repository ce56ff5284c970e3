"""Compare the verdicts of tc_engine and TrainCheck on the same invariants and trace."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.compatibility.contained import found_by_value
from benchmarks.compatibility.payloads import tells_apart_by_address
from benchmarks.compatibility.reasons import ADDRESS
from benchmarks.compatibility.statements import (
    UNEXPLAINED,
    Finding,
    arguments,
    is_about_address,
)
from benchmarks.compatibility.trace import Trace
from tc_engine.dataset import open_dataset
from tc_engine.invariants import Invariant
from tc_engine.pipelines.check import Result, check

VIOLATED, PASSED, NOT_TRIGGERED = "violated", "passed", "not triggered"
COVER_PASSES = "theirs never files a satisfied Cover invariant as passed (Q52)"
UNNAMED = "names arguments given by position (Q35, Q66)"
BY_ADDRESS = "theirs tells equal arguments apart by the addresses of tensors (Q3, Q55)"


@dataclass(frozen=True)
class Verdicts:
    """The comparison: `matrix` counts (relation, theirs, ours).

    `violated` invariants are violated in both, `same_time` of them at the same event.
    """

    matrix: Counter[tuple[str, str, str]]
    differences: list[Finding]
    violated: int
    same_time: int


def verdict(result: Result) -> str:
    """Return the verdict in the words of result files."""
    if result.violation:
        return VIOLATED
    return PASSED if result.triggered else NOT_TRIGGERED


def compare(run: Path, theirs: Sequence[Invariant], stored: Path) -> Verdicts:
    """Check a run against their invariants and compare with the stored verdicts."""
    expected = {}
    for line in stored.read_text(encoding="utf-8").splitlines():
        content = json.loads(line)
        expected[content["relation"], json.dumps(content["params"])] = content
    trace = Trace(run)
    matrix: Counter[tuple[str, str, str]] = Counter()
    differences: list[Finding] = []
    violated = same_time = 0
    for result in check([open_dataset(run)], theirs).results:
        one = result.invariant
        other = expected[one.relation, json.dumps(list(one.params))]
        pair = (other["verdict"], verdict(result))
        matrix[one.relation, *pair] += 1
        if pair == (VIOLATED, VIOLATED) and result.violation:
            violated += 1
            same_time += other["detection_time"] == result.violation.detected_ts
        elif pair[0] != pair[1]:
            differences.append(Finding(one, why(trace, one, *pair), pair[0]))
    return Verdicts(matrix, differences, violated, same_time)


def why(trace: Trace, invariant: Invariant, theirs: str, ours: str) -> str:
    """Return the reason why two verdicts on an invariant differ."""
    if is_about_address(invariant) and ours == NOT_TRIGGERED:
        return ADDRESS
    if invariant.relation == "FunctionCoverRelation" and (theirs, ours) == (NOT_TRIGGERED, PASSED):
        return COVER_PASSES
    if invariant.relation == "DistinctArgumentRelation" and (theirs, ours) == (PASSED, VIOLATED):
        function = invariant.params[0]["api_full_name"]
        return BY_ADDRESS if tells_apart_by_address(trace, function) else UNEXPLAINED
    if arguments(invariant) and ours == NOT_TRIGGERED:
        calls, found = found_by_value(trace, invariant)
        by_value = VIOLATED if found < calls else PASSED if calls else NOT_TRIGGERED
        return UNNAMED if by_value == theirs else UNEXPLAINED
    return UNEXPLAINED
