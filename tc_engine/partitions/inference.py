"""Infer from partitions: what pipelines/infer.py does in one session, as two rounds over many.

First every partition finds its candidates, and hypotheses are made of those of all. Then every
partition counts the examples of these, and invariants are made of the counts of all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tc_engine.dataset import open_dataset
from tc_engine.engine import stages
from tc_engine.engine.session import Limits, Session
from tc_engine.files import digest
from tc_engine.partitions import store
from tc_engine.partitions.store import Partition
from tc_engine.pipelines.infer import (
    UNNAMED,
    Inference,
    conclude,
    count_examples,
    find_candidates,
    state_hypotheses,
    together,
)
from tc_engine.relations._base import Relation

if TYPE_CHECKING:
    from tc_engine.partitions.executors import Call, Executor

CANDIDATES, EXAMPLES = "candidates", "examples"
# What a partition tells of the examples of a relation.
COUNTED = (
    "hypotheses",
    "classed_examples",
    "position_fields",
    "pair_columns",
    "known_stages",
    "teachers",
)

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Asked:
    """What is asked of every partition, and what its process may use; other processes are told.

    `limits` are those of this process, which concludes.
    """

    relations: tuple[Relation, ...]
    settings: dict[str, Any]
    sql_path: tuple[Path, ...]
    limits: Limits
    part_limits: Limits

    def context(self, work: Path) -> Path:
        """Return the folder of what partitions find that are asked so."""
        return store.context(work, self.sql_path, "infer", self.settings)


def infer(
    asked: Asked,
    partitions: Sequence[Partition],
    executor: Executor,
    scratch: Path,
    progress: Progress = lambda _: None,
) -> Inference:
    """Learn the rules that hold in all runs of all partitions; the outcome is that of one session.

    What partitions have found already is not looked for again. `scratch` is a folder for files that
    the processes share.
    """
    seek(asked, partitions, executor, progress)
    state(asked, partitions, scratch)
    count(asked, partitions, executor, scratch, progress)
    return learn(asked, partitions, progress)


def seek(
    asked: Asked, partitions: Sequence[Partition], executor: Executor, progress: Progress
) -> None:
    """Let every partition find its candidates."""
    calls: list[Call] = [
        partial(seek_in, asked, one) for one in partitions if lacks_candidates(asked, one)
    ]
    _run(executor, calls, "candidates", progress)


def lacks_candidates(asked: Asked, partition: Partition) -> bool:
    """Tell whether a partition has not found all candidates yet."""
    return any(not _candidates(partition, one).is_dir() for one in asked.relations)


def seek_in(asked: Asked, partition: Partition) -> None:
    """Find the candidates of one partition."""
    with _session(asked, partition) as session:
        for relation in asked.relations:
            place = _candidates(partition, relation)
            if not place.is_dir():
                find_candidates(session, relation, lambda _: None)
                tables = stages.made_by(session, f"{relation.name}/candidates")
                store.write(session, tables, place)


def state(asked: Asked, partitions: Sequence[Partition], folder: Path) -> None:
    """Make hypotheses of the candidates of all partitions: for each relation a file in a folder."""
    with _session(asked) as session:
        for relation in asked.relations:
            _state(session, relation, partitions)
            store.write(session, ["hypotheses"], folder / relation.name)


def count(
    asked: Asked,
    partitions: Sequence[Partition],
    executor: Executor,
    folder: Path,
    progress: Progress,
) -> None:
    """Let every partition count the examples of the hypotheses that are in a folder."""
    calls: list[Call] = [
        partial(count_in, replace(asked, relations=lacking), one, folder)
        for one, lacking in zip(
            partitions, lacking_examples(asked, partitions, folder), strict=True
        )
        if lacking
    ]
    _run(executor, calls, "examples", progress)


def lacking_examples(
    asked: Asked, partitions: Sequence[Partition], folder: Path
) -> list[tuple[Relation, ...]]:
    """Return for each partition the relations with hypotheses that it has not counted yet."""
    with _session(asked) as session:
        return [
            tuple(one for one in asked.relations if _take_new(session, one, partition, folder))
            for partition in partitions
        ]


def count_in(asked: Asked, partition: Partition, folder: Path) -> None:
    """Count the examples of the hypotheses in one partition that it has not counted yet."""
    with _session(asked, partition) as session:
        for relation in asked.relations:
            if key := _take_new(session, relation, partition, folder):
                count_examples(session, relation, lambda _: None)
                store.write(session, COUNTED, _examples(partition, relation) / key)


def learn(asked: Asked, partitions: Sequence[Partition], progress: Progress) -> Inference:
    """Make invariants of what all partitions counted."""
    found = []
    with _session(asked) as session:
        for relation in asked.relations:
            if _state(session, relation, partitions):
                pieces = [
                    piece for one in partitions for piece in _pieces(_examples(one, relation))
                ]
                store.read_pieces(session, COUNTED, pieces)
                session.run("4_learn/united_classes")
            found.append(conclude(session, relation, progress))
    return together(found)


def _state(session: Session, relation: Relation, partitions: Sequence[Partition]) -> int:
    tables = stages.made_by(session, f"{relation.name}/candidates")
    store.read(session, tables, [_candidates(one, relation) for one in partitions])
    return state_hypotheses(session, relation)


def _take_new(session: Session, relation: Relation, partition: Partition, folder: Path) -> str:
    """Make the table of the hypotheses that a partition has not counted; name it if it has rows."""
    store.read(session, ["hypotheses"], [folder / relation.name])
    if pieces := _pieces(_examples(partition, relation)):
        store.read_pieces(session, ["hypotheses"], pieces)
        session.execute(
            "DELETE FROM hypotheses WHERE CAST(params AS VARCHAR) IN "
            "(SELECT CAST(params AS VARCHAR) FROM part_hypotheses)"
        )
    rows = session.rows("SELECT CAST(params AS VARCHAR) FROM hypotheses ORDER BY ALL")
    return digest("\n".join(row[0] for row in rows)) if rows else ""


def _pieces(folder: Path) -> list[Path]:
    return sorted(one for one in folder.glob("*") if not one.name.startswith("."))


def _candidates(partition: Partition, relation: Relation) -> Path:
    return partition.folder / CANDIDATES / relation.name


def _examples(partition: Partition, relation: Relation) -> Path:
    return partition.folder / EXAMPLES / relation.name


@contextmanager
def _session(asked: Asked, partition: Partition | None = None) -> Iterator[Session]:
    """Open a session on the runs of a partition, or on none."""
    settings = {**asked.settings, **UNNAMED}
    limits = asked.part_limits if partition else asked.limits
    with Session(limits, sql_path=asked.sql_path, comments=False) as session:
        if partition is None:
            stages.configure(session, settings)
        else:
            runs = [open_dataset(run) for run in partition.runs]
            stages.load(session, runs, settings)
            stages.gather(session, runs)
        yield session


def _run(executor: Executor, calls: Sequence[Call], what: str, progress: Progress) -> None:
    if calls:
        progress(f"{what}: 0 of {len(calls)} partitions")
        executor(calls, lambda done: progress(f"{what}: {done} of {len(calls)} partitions"))
