"""What the shards of a command have in common: a file in the folder that they share."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tc_engine.dataset import Dataset
from tc_engine.errors import DataError, UsageError
from tc_engine.files import write_whole

PLAN = "plan.json"


@dataclass(frozen=True)
class Plan:
    """What the shards of a command have in common."""

    command: str
    runs: list[str]
    sql_path: list[str]
    settings: dict[str, Any]
    relations: list[str] = field(default_factory=list)
    merge_sequences: bool = False
    invariant_files: list[str] = field(default_factory=list)
    shards: int = 1

    def agree(self, work: Path) -> None:
        """Leave the plan in the folder of the shards. Raises UsageError where there is another."""
        file = work / PLAN
        try:
            work.mkdir(parents=True, exist_ok=True)
            known = Plan.read(work) if file.exists() else None
        except OSError as error:
            raise UsageError(f"no folder can be made at {work}: {error.strerror}") from error
        if known is None:
            write_whole(file, json.dumps(asdict(self), indent=2) + "\n")
        elif known != self:
            raise UsageError(
                f"{work} holds the shards of another command",
                f"Give --work another folder, or remove this one; {file} says what it is for",
            )

    @classmethod
    def of(
        cls, command: str, runs: Sequence[Dataset], sql_path: Sequence[Path], **others: Any
    ) -> Plan:
        """State a plan with full paths: shards may be started from anywhere."""
        folders = [str(run.path.resolve()) for run in runs]
        return cls(command, folders, [str(one.resolve()) for one in sql_path], **others)

    @classmethod
    def read(cls, work: Path) -> Plan:
        """Return the plan of a folder. Raises DataError where there is none."""
        file = work / PLAN
        try:
            return cls(**json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise DataError(
                f"{work} is no folder of shards: {file} cannot be read: {error}",
                "Make one with `tc-engine infer --work DIR --shard 1/N ...`",
            ) from error
