"""Compare the verdicts of tc_engine and TrainCheck on the same invariants and traces."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.compatibility_rules import ADDRESS, UNEXPLAINED, Finding
from benchmarks.compatibility_trace import (
    Trace,
    arguments,
    is_about_address,
    precondition,
)
from tc_engine.check import Result, check
from tc_engine.dataset import open_dataset
from tc_engine.invariants import Clause, Condition, Invariant

VIOLATED, PASSED, NOT_TRIGGERED = "violated", "passed", "not triggered"
COVER_PASSES = "theirs never files a satisfied Cover invariant as passed (Q52)"
UNNAMED = "names arguments given by position (Q35, Q66)"
LOGS = {VIOLATED: "failed.log", PASSED: "passed.log", NOT_TRIGGERED: "not_triggered.log"}


@dataclass(frozen=True)
class Verdicts:
    """The comparison: `matrix` counts (relation, theirs, ours).

    `violated` invariants are violated in both, `same_time` of them at the same event.
    """

    matrix: Counter[tuple[str, str, str]]
    differences: list[Finding]
    violated: int
    same_time: int


@dataclass(frozen=True)
class Published:
    """A published case: the stored verdict and ours, each with the records that it reports."""

    name: str
    theirs: str
    their_records: list[str]
    result: Result

    @property
    def our_records(self) -> list[str]:
        """The records of our violation."""
        violation = self.result.violation
        return [_describe(record) for record in violation.records] if violation else []


@dataclass(frozen=True)
class Drift:
    """Pairs of parameters of two replicas: those that the published precondition accepts, those
    of them with one name, and how many of each differ. `agreeing` counts, by step, the parameters
    that are equal on all replicas; `parameters` is how many there are.
    """

    pairs: int
    violations: int
    named_pairs: int
    named_violations: int
    parameters: int
    agreeing: Mapping[int, int]


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
            differences.append(_explain(trace, one, *pair))
    return Verdicts(matrix, differences, violated, same_time)


def published(folder: Path, run: Path, invariants: Sequence[Invariant]) -> list[Published]:
    """Check a published case and compare with the logs that were published with it."""
    stored = {}
    for name, log in LOGS.items():
        for content in _objects((folder / "expected" / log).read_text(encoding="utf-8")):
            stored[json.dumps(content["invariant"]["params"])] = (name, content.get("trace", []))
    found = []
    for result in check([open_dataset(run)], invariants).results:
        name, records = stored[json.dumps(list(result.invariant.params))]
        described = [_describe(record) for record in records]
        found.append(Published(folder.name, name, described, result))
    return found


def drift(run: Path, published: Result) -> Drift:
    """Ask whether replicas differ in parameters of one name, or only where names differ."""
    invariant = published.invariant
    whole = precondition(invariant)
    named = Condition(
        tuple((*one, Clause("consistent", "var_name")) for one in whole.alternatives),
        whole.inverted,
    )
    (group,) = invariant.precondition
    narrowed = replace(invariant, precondition={group: named})
    (checked,) = check([open_dataset(run)], [narrowed]).results
    return Drift(
        published.examples,
        published.violation.count if published.violation else 0,
        checked.examples,
        checked.violation.count if checked.violation else 0,
        *_agreeing(run),
    )


def _explain(trace: Trace, invariant: Invariant, theirs: str, ours: str) -> Finding:
    if is_about_address(invariant):
        return Finding(invariant, ADDRESS, theirs)
    if invariant.relation == "FunctionCoverRelation" and (theirs, ours) == (NOT_TRIGGERED, PASSED):
        return Finding(invariant, COVER_PASSES, theirs)
    if arguments(invariant) and ours == NOT_TRIGGERED:
        calls, found = trace.found_by_value(invariant)
        by_value = VIOLATED if found < calls else PASSED if calls else NOT_TRIGGERED
        if by_value == theirs:
            return Finding(invariant, UNNAMED, theirs)
    return Finding(invariant, UNEXPLAINED, f"{theirs} / {ours}")


def _agreeing(run: Path) -> tuple[int, dict[int, int]]:
    """Count, by step, the parameters whose last value is the same on all processes."""
    rows = Trace(run).session.rows("""
        WITH last AS (
            SELECT variable, step, process_id,
                arg_max(CAST(attributes -> '$.data' AS VARCHAR), (start_ts, event_id)) AS data
            FROM events WHERE kind = 'state' GROUP BY ALL
        ), by_variable AS (
            SELECT variable, step, count(DISTINCT data) = 1 AS agrees FROM last GROUP BY ALL
        )
        SELECT step, count_if(agrees), count(*) FROM by_variable GROUP BY step ORDER BY step
    """)
    return max(row[2] for row in rows), {row[0]: row[1] for row in rows}


def _objects(text: str) -> list[dict[str, Any]]:
    """Read JSON objects that follow each other."""
    decoder = json.JSONDecoder()
    found = []
    rest = text.strip()
    while rest:
        content, end = decoder.raw_decode(rest)
        found.append(content)
        rest = rest[end:].lstrip()
    return found


def _describe(record: Mapping[str, Any]) -> str:
    what = record.get("function") or record.get("var_name")
    return f"`{what}` (process {record['process_id']}, step {record['meta_vars.step']})"
