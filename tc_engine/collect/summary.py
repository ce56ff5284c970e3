"""What one process has collected: a small file in its folder, from which the manifest is made."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tc_engine.dataset import EVENTS, process_folder
from tc_engine.files import write_whole

SUMMARY = "process.json"


@dataclass(frozen=True)
class ProcessSummary:
    """One process: who it was, what it wrote, what went wrong.

    `spent_ns` of the `lasted_ns` were spent in the collector; `dropped` counts lost rows by
    function, `errors` holds the traceback of an internal error by place. `functions` are those that
    were recorded, if only certain ones were to be. `files` are those of the program that called
    them, with digests of their content; relative to `directory`, the working directory. `native`:
    fingerprints came from compiled code.
    """

    process_id: int
    host: str
    ranks: dict[str, int]
    versions: dict[str, str]
    started_at: str
    ended_at: str | None
    counts: dict[str, int]
    spent_ns: int
    lasted_ns: int
    dropped: dict[str, int] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    functions: list[str] = field(default_factory=list)
    directory: str | None = None
    files: dict[str, str] = field(default_factory=dict)
    native: bool = True


def write_summary(run: Path, summary: ProcessSummary) -> None:
    """Write the summary beside the parts; raises DataError where that is not possible."""
    folder = process_folder(run, str(summary.process_id))
    write_whole(folder / SUMMARY, json.dumps(asdict(summary), indent=2) + "\n")


def read_summaries(run: Path) -> list[ProcessSummary]:
    """Read the summaries of all processes of a run."""
    files = sorted(run.glob(f"{EVENTS}/process=*/{SUMMARY}"))
    return [ProcessSummary(**json.loads(file.read_text(encoding="utf-8"))) for file in files]
