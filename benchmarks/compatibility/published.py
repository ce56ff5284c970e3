"""Compare the verdicts on the published cases, and ask whether these are what they seem."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.compatibility.statements import precondition
from benchmarks.compatibility.trace import Trace
from benchmarks.compatibility.verdicts import NOT_TRIGGERED, PASSED, VIOLATED, verdict, why
from tc_engine import invariants
from tc_engine.dataset import open_dataset
from tc_engine.invariants import Clause, Condition
from tc_engine.pipelines.check import Result, check

LOGS = {VIOLATED: "failed.log", PASSED: "passed.log", NOT_TRIGGERED: "not_triggered.log"}

_LAST_VALUES = """
WITH last AS (
    SELECT variable, step, process_id,
        arg_max(CAST(attributes -> '$.data' AS VARCHAR), (start_ts, event_id)) AS data
    FROM events WHERE kind = 'state' GROUP BY ALL
), by_variable AS (
    SELECT variable, step, count(DISTINCT data) = 1 AS agrees FROM last GROUP BY ALL
)
SELECT step, count_if(agrees), count(*) FROM by_variable GROUP BY step ORDER BY step
"""

_INITIALISED = """
SELECT
    json_extract_string(args, '$."0".*.shape')[1],
    coalesce(
        json_extract_string(args, '$."2".*')[1], json_extract_string(kwargs, '$.std.*')[1]
    ) AS std,
    count(*)
FROM events
WHERE kind = 'call' AND function = 'torch._C.TensorBase.normal_'
GROUP BY ALL
ORDER BY ALL
"""


@dataclass(frozen=True)
class Published:
    """A published case: the stored verdict and ours, each with the records that it reports.

    `reason` says why the verdicts differ; empty where they do not.
    """

    name: str
    theirs: str
    their_records: list[str]
    result: Result
    reason: str

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


@dataclass(frozen=True)
class Repeated:
    """How many calls fill a tensor of this shape with random numbers of this deviation."""

    shape: str
    deviation: str
    calls: int


def compare(folder: Path, run: Path) -> list[Published]:
    """Check a published case and compare with the logs that were published with it."""
    stored = {}
    for name, log in LOGS.items():
        for content in _objects((folder / "expected" / log).read_text(encoding="utf-8")):
            stored[json.dumps(content["invariant"]["params"])] = (name, content.get("trace", []))
    found = []
    for result in check([open_dataset(run)], invariants.read([folder / "invariants.json"])).results:
        name, records = stored[json.dumps(list(result.invariant.params))]
        described = [_describe(record) for record in records]
        differ = name != verdict(result)
        reason = why(Trace(run), result.invariant, name, verdict(result)) if differ else ""
        found.append(Published(folder.name, name, described, result, reason))
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
    rows = Trace(run).session.rows(_LAST_VALUES)
    return Drift(
        published.examples,
        published.violation.count if published.violation else 0,
        checked.examples,
        checked.violation.count if checked.violation else 0,
        parameters=max(row[2] for row in rows),
        agreeing={row[0]: row[1] for row in rows},
    )


def repeated(run: Path) -> list[Repeated]:
    """Count the calls of normal_ by what they fill, and how."""
    return [Repeated(*row) for row in Trace(run).session.rows(_INITIALISED)]


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
    where = f"process {record['process_id']}, step {record['meta_vars.step']}"
    given = next(iter((record.get("args") or {}).values()), None)
    if given is None:
        return f"`{what}` ({where})"
    (properties,) = given.values()
    shape = properties.get("shape") if isinstance(properties, dict) else None
    return f"`{what}` of {shape} ({where})" if shape else f"`{what}` ({where})"
