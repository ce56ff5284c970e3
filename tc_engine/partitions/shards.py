"""A command in shards, which a scheduler starts: each looks at some runs, then they are merged.

Shards talk through their folder alone and never wait for each other. Those of an inference are
started twice: hypotheses are made of the candidates of all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from tc_engine.errors import DataError
from tc_engine.partitions import checking, inference
from tc_engine.partitions.store import Partition


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
    return _numbers(inference.lacks_candidates(asked, one) for one in partitions)


def without_examples(
    asked: inference.Asked, partitions: Sequence[Partition], scratch: Path
) -> list[int]:
    """Return the numbers of the shards that have not counted the examples of all hypotheses."""
    return _numbers(inference.lacking_examples(asked, partitions, scratch))


def without_verdicts(partitions: Sequence[Partition]) -> list[int]:
    """Return the numbers of the shards that have not judged."""
    return _numbers(map(checking.lacks_verdicts, partitions))


def _numbers(lacking: Iterable[object]) -> list[int]:
    return [number for number, lacks in enumerate(lacking, start=1) if lacks]


def refuse(lacking: Sequence[int], what: str) -> None:
    """Raise DataError where shards are not done."""
    if lacking:
        raise DataError(f"{_named(lacking)} {what}", "Start what is left, then merge again")


def _named(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:10])) + (", ..." if len(numbers) > 10 else "")
    return f"shard {shown}" if len(numbers) == 1 else f"shards {shown}"
