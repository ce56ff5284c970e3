"""The summary of a check: counts, then the findings, the most telling first, on one screen."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tc_engine.diagnosis import Diagnosis, Finding
from tc_engine.pipelines.check import Check, Result
from tc_engine.report.results import describe_failure

SHOWN = 5
SHOWN_MINOR = 3
WIDTH, INDENT = 100, "     "


def render(
    check: Check, diagnosis: Diagnosis, folder: Path | None = None, *, shown: int = SHOWN
) -> str:
    """Return the text of the summary; `folder` is where the result files are, if there are any."""
    total = len(check.invariants)
    lines = [f"Checking finished. {total} invariants checked"]
    for trace in check.traces:
        results = [result for result in check.results if result.trace == trace]
        lines += _counts(trace, results, named=len(check.traces) > 1)
    found = diagnosis.findings
    if found:
        lines += ["", "Findings, the most telling first:"]
        for number, finding in enumerate(found[:shown], start=1):
            lines += _describe(number, finding)
        if len(found) > shown:
            where = " in the result files" if folder else ""
            lines.append(f"... and {len(found) - shown} more findings{where}.")
    if diagnosis.minor:
        lines += ["", *_minor(diagnosis.minor, alone=not found)]
    if diagnosis.suppressed:
        lines.append(f"Suppressed: {len(diagnosis.suppressed)} broken rules that may be broken")
    foreign = sum(one.is_foreign for one in check.results)
    if foreign:
        lines.append(f"Not checked: about other programs only ({foreign})")
    reasons = Counter(one.unsupported for one in check.results if one.unsupported)
    lines += [f"Not checked: {reason} ({count})" for reason, count in sorted(reasons.items())]
    if folder:
        lines += ["", f"Results: {folder}"]
    return "\n".join(lines)


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
    if violation.source:
        where.append(f"at {violation.source}")
    lines = [
        f"{number:3}. {finding.title}",
        f"     {_since(violation.first_step, violation.last_step)}: {share}"
        + (f"; it {learned}" if head.invariant.positive else ""),
        f"     first seen in {', '.join(where)}",
    ]
    lines += [f"     also: {describe_failure(other)}" for other in finding.others[:2]]
    if len(finding.others) > 2:
        lines.append(f"     and {len(finding.others) - 2} more rules about the same")
    if finding.hint:
        lines += textwrap.wrap(finding.hint, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT)
    return lines


def _minor(found: Sequence[Finding], *, alone: bool) -> list[str]:
    """Describe what tells little: in full where there is nothing else to look at."""
    rules = sum(1 + len(one.others) for one in found)
    said = f"Broken rules that alone tell little: {rules}"
    if not alone:
        return [f"{said} ({found[0].title}{', ...' * (rules > 1)})"]
    shown = enumerate(found[:SHOWN_MINOR], start=1)
    return [said, *(line for number, one in shown for line in _describe(number, one))]


def _since(first: int | None, last: int | None) -> str:
    if first is None:
        return "at no known step"
    return f"in step {first}" if first == last else f"from step {first} on, last in step {last}"
