"""A command in shards, which a scheduler starts: each looks at some runs, then they are merged.

Shards talk through their folder alone and never wait for each other. Those of an inference are
started twice: hypotheses are made of the candidates of all.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tc_engine.dataset import Dataset, write_whole
from tc_engine.errors import DataError, UsageError
from tc_engine.partitions import checking, inference
from tc_engine.partitions.store import Partition

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


def infer_shard(
    asked: inference.Asked, partitions: Sequence[Partition], number: int, scratch: Path
) -> str:
    """Do what can be done for a shard, from 1; return what is to be done next."""
    own = partitions[number - 1 : number]
    for one in own:
        if inference.lacks_candidates(asked, one):
            inference.seek_in(asked, one)
    if lacking := without_candidates(asked, partitions):
        return f"candidates found; once {_named(lacking)} too, start every shard again"
    inference.state(asked, partitions, scratch)
    for one in own:
        inference.count_in(asked, one, scratch)
    if lacking := without_examples(asked, partitions, scratch):
        return f"examples counted; to be started again: {_named(lacking)}"
    return "examples counted, as in all shards: `tc-engine merge` comes next"


def check_shard(asked: checking.Asked, partitions: Sequence[Partition], number: int) -> str:
    """Do the work of a shard, from 1; return what is to be done next."""
    for one in partitions[number - 1 : number]:
        if checking.lacks_verdicts(one):
            checking.judge_in(asked, one)
    if lacking := without_verdicts(partitions):
        return f"judged; still to be started: {_named(lacking)}"
    return "judged, as in all shards: `tc-engine merge` comes next"


def without_candidates(asked: inference.Asked, partitions: Sequence[Partition]) -> list[int]:
    """Return the numbers of the shards that have not found their candidates."""
    return [
        number
        for number, one in enumerate(partitions, start=1)
        if inference.lacks_candidates(asked, one)
    ]


def without_examples(
    asked: inference.Asked, partitions: Sequence[Partition], scratch: Path
) -> list[int]:
    """Return the numbers of the shards that have not counted the examples of all hypotheses."""
    lacking = inference.lacking_examples(asked, partitions, scratch)
    return [number for number, relations in enumerate(lacking, start=1) if relations]


def without_verdicts(partitions: Sequence[Partition]) -> list[int]:
    """Return the numbers of the shards that have not judged."""
    return [
        number for number, one in enumerate(partitions, start=1) if checking.lacks_verdicts(one)
    ]


def refuse(lacking: Sequence[int], what: str) -> None:
    """Raise DataError where shards are not done."""
    if lacking:
        raise DataError(f"{_named(lacking)} {what}", "Start what is left, then merge again")


def _named(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:10])) + (", ..." if len(numbers) > 10 else "")
    return f"shard {shown}" if len(numbers) == 1 else f"shards {shown}"
