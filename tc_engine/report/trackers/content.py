"""What every tracker is told of a check: numbers, tables, facts and the result files."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tc_engine.pipelines.check import OUTCOMES
from tc_engine.report.results import PAGE

PREFIX = "tc-engine"  # of every name, so that it stays apart from what the training told

_FINDING = (
    *("place", "trace", "is_telling", "points", "finding", "hint", "relation", "rule", "broken"),
    *("rules", "violated", "judged", "first_step", "last_step"),
)
_TRACE = ("name", "invariants", *OUTCOMES)


@dataclass(frozen=True)
class Table:
    """Rows under the names of their columns."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Content:
    """What a tracker is told: `folder` holds the result files."""

    title: str
    folder: Path
    numbers: Mapping[str, int]
    tables: Mapping[str, Table]
    facts: Mapping[str, Any]

    @property
    def files(self) -> list[Path]:
        """The result files."""
        return sorted(file for file in self.folder.rglob("*") if file.is_file())

    @property
    def page(self) -> Path | None:
        """The report, if it was written."""
        file = self.folder / PAGE
        return file if file.is_file() else None


def to_content(document: Mapping[str, Any], folder: Path) -> Content:
    """Return what a tracker is told of a document."""
    traces, findings = document["traces"], document["findings"]
    names = [one["name"] for one in traces]
    telling = [one for one in findings if one["is_telling"]]
    numbers = {
        "telling_findings": len(telling),
        "minor_findings": len(findings) - len(telling),
        "suppressed": len(document["suppressed"]),
        **{key: sum(one[key] for one in traces) for key in _TRACE[1:]},
    }
    steps = [rule["first_step"] for one in telling for rule in one["violations"]]
    known = [step for step in steps if step is not None]
    if known:
        numbers["first_step"] = min(known)
    return Content(
        textwrap.shorten(f"check of {', '.join(names)}", 100, placeholder=" ..."),
        folder,
        numbers,
        {
            "findings": Table(_FINDING, [_row(n, one) for n, one in enumerate(findings, start=1)]),
            "traces": Table(_TRACE, [[one[key] for key in _TRACE] for one in traces]),
        },
        {
            "traces": names,
            "settings": document["settings"],
            "created_by": document["created_by"],
        },
    )


def _row(place: int, finding: Mapping[str, Any]) -> list[Any]:
    head = finding["violations"][0]
    known = {
        **head,
        **finding,
        "place": place,
        "finding": finding["title"],
        "rules": len(finding["violations"]),
    }
    return [known[column] for column in _FINDING]
