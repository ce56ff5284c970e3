"""The summary of a check: four lines of counts, then the findings, the most telling first.

Violations that speak of one function or variable, or miss the same change, are one finding.
Findings are ranked by what they say: that a step changes no parameter comes before an order of
calls that differs; broken every time before broken sometimes; early before late.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tc_engine.check import Check, Result
from tc_engine.report.results import describe_failure

SHOWN = 10


@dataclass(frozen=True)
class Finding:
    """Violations of one cause in one trace: the one to look at, and the others."""

    head: Result
    others: tuple[Result, ...]


def render(check: Check, folder: Path, *, shown: int = SHOWN) -> str:
    """Return the text of the summary; `folder` is where the result files are."""
    total = len(check.invariants)
    lines = [f"Checking finished. {total} invariants checked"]
    for trace in check.traces:
        results = [result for result in check.results if result.trace == trace]
        lines += _counts(trace, results, named=len(check.traces) > 1)
    found = findings(check)
    if found:
        lines += ["", "Findings, the most telling first:"]
        for number, finding in enumerate(found[:shown], start=1):
            lines += _describe(number, finding)
        if len(found) > shown:
            lines.append(f"... and {len(found) - shown} more findings in the result files.")
    unsupported = {r.invariant.relation: r.unsupported for r in check.results if r.unsupported}
    lines += [f"Not checked: {reason}" for _, reason in sorted(unsupported.items())]
    lines += ["", f"Results: {folder}"]
    return "\n".join(lines)


def findings(check: Check) -> list[Finding]:
    """Group violations by cause and rank them."""
    groups: list[list[Result]] = []
    causes: list[set[str]] = []
    for result in sorted((r for r in check.results if r.violation), key=_rank):
        about = _causes(result)
        same = [n for n, known in enumerate(causes) if known & about]
        merged = [result]
        for number in reversed(same):
            merged = groups.pop(number) + merged
            about |= causes.pop(number)
        groups.append(merged)
        causes.append(about)
    found = [sorted(group, key=_rank) for group in groups]
    return [
        Finding(group[0], tuple(group[1:])) for group in sorted(found, key=lambda g: _rank(g[0]))
    ]


def _causes(result: Result) -> set[str]:
    """Name what a violation is about: its function or variable, and the change that is missing."""
    record = result.violation.records[0] if result.violation else {}
    subject = record.get("function") or record.get("var_type") or result.invariant.relation
    about = {f"{result.trace}: {subject}"}
    about |= {
        f"{result.trace}: {json.dumps(param, sort_keys=True)}"
        for param in result.invariant.params[1:]
        if "pre_value" in param
    }
    return about


def _rank(result: Result) -> tuple[Any, ...]:
    violation = result.violation
    if violation is None or result.relation is None:
        raise ValueError("only violations of a known relation are ranked")
    return (
        result.relation.rank(result.invariant.params),
        -violation.count / result.examples,
        violation.first_step is None,
        violation.first_step or 0,
        violation.detected_ts,
        -(result.invariant.positive or 0),
        result.trace,
        describe_failure(result),
    )


def _counts(trace: str, results: Sequence[Result], *, named: bool) -> list[str]:
    total = len(results)
    failed = sum(result.violation is not None for result in results)
    idle = sum(not result.triggered for result in results)
    prefix = f"{trace}: " if named else ""
    return [
        f"{prefix}Total failed invariants: {failed}/{total}",
        f"{prefix}Total passed invariants: {total - failed}/{total}",
        f"{prefix}Total invariants that are not triggered: {idle}/{total}",
    ]


def _describe(number: int, finding: Finding) -> list[str]:
    head = finding.head
    violation = head.violation
    if violation is None:
        return []
    record = violation.records[0]
    share = f"{violation.count:,} of {head.examples:,} times it was judged"
    learned = f"held {head.invariant.positive:,} times in the good runs"
    where = [f"trace {head.trace}", f"process {record['process_id']}"]
    if "meta_vars.stage" in record:
        where.append(f"stage {record['meta_vars.stage']}")
    lines = [
        f"{number:3}. {describe_failure(head)}",
        f"     {_since(violation.first_step, violation.last_step)}: {share}"
        + (f"; it {learned}" if head.invariant.positive else ""),
        f"     first seen in {', '.join(where)}",
    ]
    lines += [f"     also: {describe_failure(other)}" for other in finding.others[:2]]
    if len(finding.others) > 2:
        lines.append(f"     and {len(finding.others) - 2} more rules about the same")
    return lines


def _since(first: int | None, last: int | None) -> str:
    if first is None:
        return "at no known step"
    return f"in step {first}" if first == last else f"from step {first} on, last in step {last}"
