"""A check that is over: its findings by number or id, and the records that show one of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tc_engine.dataset import open_dataset
from tc_engine.diagnosis.findings import key_of
from tc_engine.diagnosis.witnesses import Witness, find_witnesses
from tc_engine.engine.session import Limits
from tc_engine.errors import DataError, UsageError
from tc_engine.invariants import Invariant, read
from tc_engine.remote import place
from tc_engine.report import explanation
from tc_engine.report.document import VERSION
from tc_engine.report.results import DOCUMENT, INVARIANTS

SHORTEST = 4  # letters of an id


@dataclass(frozen=True)
class Saved:
    """What results.json holds, and the invariants by their keys; `name` is what people call it."""

    name: str
    document: Mapping[str, Any]
    invariants: Mapping[str, Invariant]

    def choose(self, wanted: str) -> tuple[int, Mapping[str, Any]]:
        """Return a finding and its number; a rule that is not its first is put first.

        `wanted` is a number, or the beginning of an id of a finding or rule. Raises UsageError
        where there is none.
        """
        findings = self.document["findings"]
        if not findings:
            raise UsageError(f"{self.name} holds no finding: nothing was violated")
        if wanted.isdecimal() and 1 <= int(wanted) <= len(findings):
            return int(wanted), findings[int(wanted) - 1]
        for number, one in enumerate(findings, start=1):
            for violation in one["violations"] if len(wanted) >= SHORTEST else ():
                if violation["id"].startswith(wanted):
                    rest = [other for other in one["violations"] if other is not violation]
                    title = violation["broken"]
                    return number, {**one, "title": title, "violations": [violation, *rest]}
        raise UsageError(
            f"there is no finding {wanted} in {self.name}",
            f"Give a number from 1 to {len(findings)}, or an id that the summary shows",
        )

    def witness(
        self,
        finding: Mapping[str, Any],
        limits: Limits,
        progress: Callable[[str], None],
        run: Path | None = None,
    ) -> Witness:
        """Look at the run that has a finding, or at another, for what shows it.

        Raises DataError where the run is gone.
        """
        run = run or place(self._run(finding))
        if not run.exists():
            raise DataError(f"the run is no longer at {run}", "Check again where it is now")
        (found,) = find_witnesses(
            open_dataset(run),
            [self.invariants[finding["violations"][0]["id"]]],
            limits=limits,
            settings=self.document["settings"],
            sql_path=[Path(path) for path in self.document["sql_path"]],
            progress=progress,
        )
        return found

    def explain(
        self, wanted: str, good: Path | None, limits: Limits, progress: Callable[[str], None]
    ) -> str:
        """Return the text that shows a finding in full; `good` is a run that kept the rule."""
        number, finding = self.choose(wanted)
        witness = self.witness(finding, limits, progress)
        kept = self.witness(finding, limits, progress, good) if good else None
        return explanation.explain(number, finding, witness, kept, self._run(finding))

    def _run(self, finding: Mapping[str, Any]) -> str:
        """Return where the run of a finding was when it was checked."""
        traces = self.document["traces"]
        return next(str(one["path"]) for one in traces if one["name"] == finding["trace"])


def read_saved(folder: Path) -> Saved:
    """Read a result folder. Raises DataError where it is none, or of another version."""
    file = folder / DOCUMENT
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        version = document["schema_version"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{folder} holds no results: {file} cannot be read: {error}",
            "Name the folder that `tc-engine check` wrote",
        ) from error
    if version != VERSION:
        raise DataError(
            f"{file} has schema version {version!r}, this tc_engine reads {VERSION}",
            "Check again with this version",
        )
    invariants = read([folder / INVARIANTS])
    return Saved(str(folder), document, {key_of(one): one for one in invariants})
