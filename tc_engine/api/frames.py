"""What was learned and what a check found, as polars frames; docs/python.md tells every column.

Columns have the names, and the order, of the files where a file has them. A frame without rows has
the same columns of the same types.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import polars as pl

from tc_engine.diagnosis import Diagnosis
from tc_engine.diagnosis.findings import key_of
from tc_engine.invariant_sets import describe
from tc_engine.invariants import Failed, Invariant, failed_in_order, in_order
from tc_engine.pipelines.check import Check, Result

INVARIANTS = pl.Schema(
    {
        "id": pl.String(),
        "relation": pl.String(),
        "text": pl.String(),
        "precondition": pl.String(),
        "positive": pl.Int64(),
        "negative": pl.Int64(),
        "programs": pl.List(pl.String()),
        "is_local": pl.Boolean(),
        "params": pl.String(),
    }
)
FAILED = pl.Schema(
    {
        "reason": pl.String(),
        "over_budget": pl.Boolean(),
        "relation": pl.String(),
        "text": pl.String(),
        "positive": pl.Int64(),
        "negative": pl.Int64(),
        "params": pl.String(),
    }
)
FINDINGS = pl.Schema(
    {
        "number": pl.Int64(),
        "id": pl.String(),
        "trace": pl.String(),
        "is_telling": pl.Boolean(),
        "title": pl.String(),
        "hint": pl.String(),
        "points": pl.Int64(),
        "reasons": pl.List(pl.Struct({"points": pl.Int64(), "text": pl.String()})),
        "first_step": pl.Int64(),
        "last_step": pl.Int64(),
        "violations": pl.List(pl.String()),
    }
)
VIOLATIONS = pl.Schema(
    {
        "finding": pl.Int64(),
        "trace": pl.String(),
        "id": pl.String(),
        "relation": pl.String(),
        "rule": pl.String(),
        "broken": pl.String(),
        "holds_when": pl.List(pl.String()),
        "held_in_good_runs": pl.Int64(),
        "judged": pl.Int64(),
        "violated": pl.Int64(),
        "first_step": pl.Int64(),
        "last_step": pl.Int64(),
        "source": pl.String(),
        "first_violation": pl.List(pl.String()),
        "suppressed": pl.Boolean(),
    }
)
VERDICTS = pl.Schema(
    {
        "trace": pl.String(),
        "id": pl.String(),
        "relation": pl.String(),
        "rule": pl.String(),
        "outcome": pl.String(),
        "suppressed": pl.Boolean(),
        "judged": pl.Int64(),
        "violated": pl.Int64(),
        "first_step": pl.Int64(),
        "last_step": pl.Int64(),
        "detected_step": pl.Int64(),
        "detected_ts": pl.Int64(),
        "detected_share": pl.Float64(),
        "decided_ts": pl.Int64(),
        "unsupported": pl.String(),
    }
)


def invariants(learned: Iterable[Invariant]) -> pl.DataFrame:
    """Return a row per invariant, in the order of files."""
    return _frame((_invariant(one) for one in in_order(learned)), INVARIANTS)


def failed(hypotheses: Iterable[Failed]) -> pl.DataFrame:
    """Return a row per hypothesis that failed, in the order of files."""
    return _frame((_failed(one) for one in failed_in_order(hypotheses)), FAILED)


def findings(document: Mapping[str, Any]) -> pl.DataFrame:
    """Return a row per finding of results.json, the most telling first."""
    numbered = enumerate(document["findings"], start=1)
    return _frame((_finding(number, one) for number, one in numbered), FINDINGS)


def violations(document: Mapping[str, Any]) -> pl.DataFrame:
    """Return a row per violation of results.json: finding by finding, then those suppressed."""
    return _frame(_violations(document), VIOLATIONS)


def verdicts(check: Check, diagnosis: Diagnosis) -> pl.DataFrame:
    """Return a row per verdict, trace by trace."""
    keys = {id(one): key_of(one) for one in check.invariants}
    suppressed = {id(one) for one in diagnosis.suppressed}
    rows = (
        {"id": keys[id(one.invariant)], "suppressed": id(one) in suppressed, **_verdict(one)}
        for one in check.results
    )
    return _frame(rows, VERDICTS)


def _frame(rows: Iterable[Mapping[str, Any]], schema: pl.Schema) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=schema)


def _invariant(one: Invariant) -> dict[str, Any]:
    return {
        "id": key_of(one),
        "relation": one.relation,
        "text": one.text,
        "precondition": "; ".join(describe(condition) for condition in one.precondition.values()),
        "positive": one.positive,
        "negative": one.negative,
        "programs": list(one.programs),
        "is_local": one.is_local,
        "params": json.dumps(one.params),
    }


def _failed(one: Failed) -> dict[str, Any]:
    return {
        "reason": one.reason,
        "over_budget": one.is_over_budget,
        "relation": one.invariant.relation,
        "text": one.invariant.text,
        "positive": one.invariant.positive,
        "negative": one.invariant.negative,
        "params": json.dumps(one.invariant.params),
    }


def _finding(number: int, finding: Mapping[str, Any]) -> dict[str, Any]:
    first = [one["first_step"] for one in finding["violations"] if one["first_step"] is not None]
    last = [one["last_step"] for one in finding["violations"] if one["last_step"] is not None]
    return {
        **finding,
        "number": number,
        "first_step": min(first, default=None),
        "last_step": max(last, default=None),
        "violations": [one["id"] for one in finding["violations"]],
    }


def _violations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for number, finding in enumerate(document["findings"], start=1):
        place = {"finding": number, "trace": finding["trace"], "suppressed": False}
        yield from ({**place, **_violation(one)} for one in finding["violations"])
    for one in document["suppressed"]:
        yield {"finding": None, "suppressed": True, **_violation(one)}


def _violation(violation: Mapping[str, Any]) -> dict[str, Any]:
    records = [json.dumps(record) for record in violation["first_violation"]]
    return {**violation, "first_violation": records}


def _verdict(one: Result) -> dict[str, Any]:
    found = one.violation
    return {
        "trace": one.trace,
        "relation": one.invariant.relation,
        "rule": one.invariant.text,
        "outcome": one.outcome,
        "judged": one.examples,
        "violated": found.count if found else 0,
        "first_step": found and found.first_step,
        "last_step": found and found.last_step,
        "detected_step": found and found.step,
        "detected_ts": found and found.detected_ts,
        "detected_share": found and found.detected_share,
        "decided_ts": found and found.decided_ts,
        "unsupported": one.unsupported or None,
    }
