"""`results.json`: the outcome of a check as one document; docs/commands.md describes it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tc_engine
from tc_engine.diagnosis import Diagnosis, Finding
from tc_engine.diagnosis.findings import key_of
from tc_engine.invariant_sets import describe
from tc_engine.pipelines.check import OUTCOMES, Check, Result
from tc_engine.report.results import describe_failure

VERSION = 1


def to_document(
    check: Check,
    diagnosis: Diagnosis,
    settings: Mapping[str, Any],
    sql_path: Sequence[Path] = (),
) -> dict[str, Any]:
    """Return the document; `settings` and `sql_path` are those of the check."""
    return {
        "schema_version": VERSION,
        "created_by": f"tc_engine {tc_engine.__version__}",
        "settings": dict(settings),
        "sql_path": [str(path.resolve()) for path in sql_path],
        "traces": [_trace(check, name) for name in check.traces],
        "suppressed": [{"trace": one.trace, **_violation(one)} for one in diagnosis.suppressed],
        "findings": [_finding(one) for one in (*diagnosis.findings, *diagnosis.minor)],
    }


def to_text(document: Mapping[str, Any]) -> str:
    """Return the text of the file."""
    return json.dumps(document, indent=2) + "\n"


def counts(results: Sequence[Result]) -> dict[str, int]:
    """Count verdicts by their outcome."""
    found = Counter(one.outcome for one in results)
    return {name: found[name] for name in OUTCOMES}


def _trace(check: Check, name: str) -> dict[str, Any]:
    results = [one for one in check.results if one.trace == name]
    return {
        "name": name,
        "path": check.places[name],
        "invariants": len(results),
        **counts(results),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.key,
        "trace": finding.trace,
        "is_telling": finding.is_telling,
        "title": finding.title,
        "hint": finding.hint,
        "points": finding.points,
        "reasons": [{"points": one.points, "text": one.text} for one in finding.reasons],
        "violations": [_violation(one) for one in (finding.head, *finding.others)],
    }


def _violation(result: Result) -> dict[str, Any]:
    invariant, found = result.invariant, result.violation
    if found is None:
        raise ValueError("a finding is made of violations")
    return {
        "id": key_of(invariant),
        "relation": invariant.relation,
        "rule": invariant.text,
        "broken": describe_failure(result),
        "holds_when": [describe(one) for one in invariant.precondition.values()],
        "held_in_good_runs": invariant.positive,
        "judged": result.examples,
        "violated": found.count,
        "first_step": found.first_step,
        "last_step": found.last_step,
        "source": found.source,
        "first_violation": list(found.records),
    }
