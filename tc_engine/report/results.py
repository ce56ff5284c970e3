"""The result files of a check, with TrainCheck's names and keys (relations.md 4.6)."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tc_engine.errors import UsageError
from tc_engine.files import cannot_write
from tc_engine.invariants import to_json
from tc_engine.pipelines.check import Check, Result
from tc_engine.relations._base import Relation

FAILED = "failed.log"
PASSED = "passed.log"
NOT_TRIGGERED = "not_triggered.log"
SUMMARY = "violations_summary.json"
INVARIANTS = "invariants.json"
DOCUMENT = "results.json"
PAGE = "report.html"


def write(check: Check, folder: Path, invariants: str, pages: Mapping[str, str]) -> None:
    """Write `invariants.json` and a sub-folder per trace, all at once or not at all.

    `invariants` is the text of what was checked. `pages` are further files by their names, such as
    the report. Replaces the results of an earlier check. Raises UsageError for a folder that holds
    anything else, DataError where it cannot be written.
    """
    folder = Path(os.path.normpath(folder))
    _refuse_to_replace(folder)
    building = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    try:
        building.mkdir(parents=True)
        (building / INVARIANTS).write_text(invariants, encoding="utf-8")
        for name, text in pages.items():
            (building / name).write_text(text, encoding="utf-8")
        for trace in check.traces:
            _write_trace(building / trace, [r for r in check.results if r.trace == trace])
        _move_into_place(building, folder)
    except OSError as error:
        raise cannot_write(folder, error) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)


def to_object(result: Result) -> dict[str, Any]:
    """Return the object that the .log files hold for a verdict."""
    content: dict[str, Any] = {
        "invariant": to_json(result.invariant),
        "check_passed": result.violation is None,
        "triggered": result.triggered,
        "num_triggered_examples": result.examples,
    }
    if result.unsupported:
        content["unsupported"] = result.unsupported
    if result.violation:
        found = result.violation
        content |= {
            "detection_time": found.detected_ts,
            "detection_time_percentage": found.detected_share,
            "detection_step": found.step,
            "decision_time": found.decided_ts,
            "num_violations": found.count,
            "source": found.source,
            "trace": list(found.records),
        }
    return content


def _write_trace(folder: Path, results: Sequence[Result]) -> None:
    folder.mkdir()
    logs: dict[str, list[Result]] = {FAILED: [], PASSED: [], NOT_TRIGGERED: []}
    for result in results:
        if result.violation:
            logs[FAILED].append(result)
        else:
            logs[PASSED if result.triggered else NOT_TRIGGERED].append(result)
    for name, chosen in logs.items():
        with (folder / name).open("w", encoding="utf-8") as log:
            log.writelines(json.dumps(to_object(result), indent=4) + "\n" for result in chosen)
    summary = json.dumps(_summary(logs[FAILED]), indent=4)
    (folder / SUMMARY).write_text(summary + "\n", encoding="utf-8")


def _summary(failed: Sequence[Result]) -> dict[str, Any]:
    steps = [r.violation.first_step for r in failed if r.violation]
    known = [step for step in steps if step is not None]
    return {
        "first_violation_step": min(known, default=None),
        "distinct_invariants_violated": len(failed),
        "violations": [
            {
                "display_name": describe_failure(result),
                "relation_type": result.invariant.relation,
                "first_step": result.violation.first_step,
                "last_step": result.violation.last_step,
                "occurrences": result.violation.count,
            }
            for result in failed
            if result.violation
        ],
    }


def describe_failure(result: Result) -> str:
    """Say in words what was broken."""
    relation: Relation | None = result.relation
    if relation is None:
        return result.invariant.text
    return relation.failure(result.invariant.params)


def _refuse_to_replace(folder: Path) -> None:
    """Raise UsageError unless the folder is free, empty, or holds results."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UsageError(f"{folder} is a file", "Give -o a folder")
    for entry in folder.iterdir():
        ours = entry.name in (INVARIANTS, DOCUMENT, PAGE) or (entry / FAILED).is_file()
        if not ours:
            raise UsageError(
                f"{folder} holds {entry.name}, which is no result of a check",
                "Give -o a new folder",
            )


def _move_into_place(building: Path, folder: Path) -> None:
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    if folder.exists():
        folder.rename(old)
    try:
        building.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
