"""Tell in Markdown what became of our invariants in TrainCheck, in the marked part of a page."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- begin: written by benchmarks/interop.py -->", "<!-- end -->"
VIOLATED, PASSED, NOT_TRIGGERED = "violated", "passed", "not triggered"
MISSING = "missing"
UNEXPLAINED = "no explanation"
_ORDER = (VIOLATED, PASSED, NOT_TRIGGERED)


@dataclass(frozen=True)
class Verdict:
    """What a result file says of an invariant, and the object that says it."""

    says: str
    content: Mapping[str, Any]


@dataclass(frozen=True)
class Compared:
    """An invariant with the two verdicts; `reason` is why they differ, empty if they don't."""

    relation: str
    text: str
    theirs: Verdict
    ours: Verdict
    reason: str

    @property
    def same_time(self) -> bool:
        """Whether both found it violated, by records of one time."""
        times = [one.content.get("detection_time") for one in (self.theirs, self.ours)]
        return self.theirs.says == self.ours.says == VIOLATED and times[0] == times[1]


@dataclass(frozen=True)
class Reading:
    """A relation, how many invariants of it TrainCheck was given, and its words if it refused."""

    relation: str
    invariants: int
    refused: str

    @property
    def unknown(self) -> bool:
        """Whether TrainCheck has no such relation."""
        return self.refused.endswith(f"Relation {self.relation} not found")


Cases = Mapping[str, Sequence[Compared]]


def tables(readings: Sequence[Reading], cases: Cases) -> str:
    """Return the generated part of the page."""
    parts = ["### What TrainCheck reads", _readings(readings)]
    for title, compared in cases.items():
        violated = [one for one in compared if one.theirs.says == one.ours.says == VIOLATED]
        parts += [
            f"### {title}: verdicts on the faulty run",
            _matrix(compared),
            f"{len(compared)} invariants. Violated for both: {len(violated)}; at the same time of "
            f"detection: {sum(one.same_time for one in violated)}.",
        ]
        if different := [one for one in compared if one.reason]:
            parts += ["The differences:", _differences(different)]
    parts += ["### Differences without an explanation"]
    parts += ["\n".join(f"- {line}" for line in unexplained(readings, cases)) or "None."]
    return "\n\n".join(parts)


def put(text: str, path: Path) -> None:
    """Replace what is between the marks of a page."""
    before, begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        sys.exit(f"{path} has no place for the tables: mark it with {BEGIN} and {END}")
    path.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def unexplained(readings: Sequence[Reading], cases: Cases) -> list[str]:
    """Return the differences that no reason was found for, a line each."""
    lines = [
        f"{one.relation}: {one.refused}" for one in readings if one.refused and not one.unknown
    ]
    lines += [
        f"{title}: {one.text}: {one.theirs.says} / {one.ours.says}"
        for title, compared in cases.items()
        for one in compared
        if one.reason == UNEXPLAINED
    ]
    return lines


def _readings(readings: Sequence[Reading]) -> str:
    rows = [
        (
            one.relation,
            one.invariants,
            "no: it has no such relation" if one.unknown else one.refused or "yes",
        )
        for one in readings
    ]
    return _table(("relation", "invariants", "read by TrainCheck"), rows)


def _matrix(compared: Sequence[Compared]) -> str:
    counts = Counter((one.relation, one.theirs.says, one.ours.says) for one in compared)
    rows = [
        (relation, theirs, *(counts[relation, theirs, ours] for ours in _ORDER))
        for relation in sorted({one.relation for one in compared})
        for theirs in (*_ORDER, MISSING)
        if any(counts[relation, theirs, ours] for ours in _ORDER)
    ]
    return _table(("relation", "TrainCheck", *(f"tc_engine: {ours}" for ours in _ORDER)), rows)


def _differences(different: Iterable[Compared]) -> str:
    counts = Counter(
        (one.reason, one.relation, one.theirs.says, one.ours.says) for one in different
    )
    header = ("reason", "relation", "TrainCheck says", "tc_engine says", "invariants")
    return _table(header, [(*key, count) for key, count in sorted(counts.items())])


def _table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Lay out a table; numbers go to the right."""
    numbers = [all(isinstance(cell, int) for cell in column) for column in zip(*rows, strict=True)]
    lines = [
        header,
        ["---:" if number else "---" for number in numbers],
        *([str(cell).replace("|", "\\|") for cell in row] for row in rows),
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
