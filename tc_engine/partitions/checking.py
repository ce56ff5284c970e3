"""Check in partitions: every partition judges its own runs, and the verdicts are put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tc_engine.dataset import Dataset, open_dataset
from tc_engine.engine import stages
from tc_engine.engine.session import Limits, Session
from tc_engine.invariants import Invariant, to_json
from tc_engine.partitions import store
from tc_engine.partitions.store import Partition
from tc_engine.pipelines import check as flow

if TYPE_CHECKING:
    from tc_engine.partitions.executors import Call, Executor

VERDICTS = "verdicts"


@dataclass(frozen=True)
class Asked:
    """What is asked of every partition, and what its process may use; other processes are told.

    `runs` are those of all. `limits` are those of this process, which concludes.
    """

    runs: tuple[Dataset, ...]
    invariants: tuple[Invariant, ...]
    settings: dict[str, Any]
    sql_path: tuple[Path, ...]
    limits: Limits
    part_limits: Limits

    def context(self, work: Path) -> Path:
        """Return the folder of what partitions find that are asked so.

        What a trace is called, and so a verdict, depends on all runs.
        """
        runs = sorted(str(run.path.resolve()) for run in self.runs)
        stated = [to_json(one) for one in self.invariants]
        return store.context(work, self.sql_path, "check", self.settings, runs, stated)


def check_together(asked: Asked, progress: Callable[[str], None]) -> flow.Check:
    """Judge every invariant in every run in one session, without partitions."""
    return flow.check(
        asked.runs,
        asked.invariants,
        limits=asked.limits,
        settings=asked.settings,
        sql_path=asked.sql_path,
        progress=progress,
    )


def check(
    asked: Asked,
    partitions: Sequence[Partition],
    executor: Executor,
    progress: Callable[[str], None] = lambda _: None,
) -> flow.Check:
    """Judge every invariant in every run; the outcome is that of one session.

    What partitions have judged already is not looked at again.
    """
    judge(asked, partitions, executor, progress)
    return conclude(asked, partitions)


def judge(
    asked: Asked,
    partitions: Sequence[Partition],
    executor: Executor,
    progress: Callable[[str], None],
) -> None:
    """Let every partition judge the invariants in its runs."""
    calls: list[Call] = [partial(judge_in, asked, one) for one in partitions if lacks_verdicts(one)]
    if calls:
        progress(f"checking: 0 of {len(calls)} partitions")
        executor(calls, lambda done: progress(f"checking: {done} of {len(calls)} partitions"))


def lacks_verdicts(partition: Partition) -> bool:
    """Tell whether a partition has not judged yet."""
    return not (partition.folder / VERDICTS).is_dir()


def judge_in(asked: Asked, partition: Partition) -> None:
    """Judge the invariants in the runs of one partition."""
    with Session(asked.part_limits, sql_path=asked.sql_path, comments=False) as session:
        runs = [open_dataset(run) for run in partition.runs]
        settings = {**asked.settings, **flow.asked_for(asked.invariants)}
        stages.load(session, runs, settings, among=asked.runs)
        stages.gather(session, runs)
        known = flow.find_relations(asked.invariants)
        flow.judge(session, asked.invariants, known, lambda _: None)
        flow.describe(session, asked.invariants, lambda _: None)
        store.write(session, flow.JUDGED, partition.folder / VERDICTS)


def conclude(asked: Asked, partitions: Sequence[Partition]) -> flow.Check:
    """Put the verdicts of all partitions together."""
    with Session(asked.limits, sql_path=asked.sql_path, comments=False) as session:
        stages.configure(session, asked.settings)
        stages.name_traces(session, asked.runs)
        store.read(session, flow.JUDGED, [one.folder / VERDICTS for one in partitions])
        return flow.conclude(
            session, asked.runs, asked.invariants, flow.find_relations(asked.invariants)
        )
