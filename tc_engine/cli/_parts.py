"""Options that divide the runs of a command, and what they come to."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tc_engine.cli._console import Console
from tc_engine.errors import UsageError
from tc_engine.scratch import scratch_folder

if TYPE_CHECKING:
    from tc_engine.dataset import Dataset
    from tc_engine.engine.session import Limits
    from tc_engine.partitions import checking, inference
    from tc_engine.partitions.executors import Executor
    from tc_engine.partitions.plan import Plan
    from tc_engine.partitions.store import Partition
    from tc_engine.pipelines.check import Check
    from tc_engine.pipelines.infer import Inference

LOCAL = "local"

Partitions = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Divide the runs into N groups, each looked at by a process of its own.",
        show_default=False,
    ),
]
Work = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Keep what is found in the runs here: what is known of a run is not looked for again.",
        show_default=False,
    ),
]
Shard = Annotated[
    str | None,
    typer.Option(
        metavar="K/N",
        help="Look at the K-th of N groups of runs only; `merge` concludes from what all found "
        "in --work.",
        show_default=False,
    ),
]
Ray = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help=f"Look at the groups on a Ray cluster; `{LOCAL}` starts one on this machine.",
        show_default=False,
    ),
]


@dataclass(frozen=True)
class Division:
    """How a command divides its runs, in the words of its options."""

    partitions: int | None
    work: Path | None
    shard: str | None
    ray: str | None

    def checked(self, traces: Sequence[Path]) -> Division:
        """Raise UsageError where options do not go together."""
        if self.shard is not None:
            if self.work is None:
                raise UsageError("--shard needs a folder that all shards share", "Give --work DIR")
            if self.partitions is not None or self.ray is not None:
                raise UsageError("--shard goes with neither --partitions nor --ray")
            self._place()
        if traces and self.work is not None:
            raise UsageError("-t makes a run for this command alone", "`ingest` them, then use -f")
        if self.ray is not None and self.ray != LOCAL and self.work is None:
            raise UsageError(
                "machines need a folder that they all see", "Give --work DIR on a shared disk"
            )
        return self

    def infer(
        self, asked: inference.Asked, runs: Sequence[Dataset], plan: Plan, console: Console
    ) -> Inference | None:
        """Infer from runs; None for a shard, which tells what comes next."""
        from tc_engine.pipelines import infer as flow

        if not self._divides:
            return flow.infer(
                runs,
                relations=asked.relations,
                limits=asked.limits,
                settings=asked.settings,
                sql_path=asked.sql_path,
                progress=console.phase,
            )
        from tc_engine.partitions import inference, shards

        with scratch_folder(self.work or asked.limits.temp_dir) as scratch:
            context = asked.context(self.work or scratch)
            if self.shard is not None:
                number, divided = self._own(context, runs, plan)
                _tell(self.shard, shards.infer_shard(asked, divided, number, scratch))
                return None
            executor, divided, each = self._divided(context, runs, asked.limits)
            asked = replace(asked, part_limits=each)
            return inference.infer(asked, divided, executor, scratch, console.phase)

    def check(self, asked: checking.Asked, plan: Plan, console: Console) -> Check | None:
        """Check runs; None for a shard, which tells what comes next."""
        from tc_engine.partitions import checking

        if not self._divides:
            return checking.check_together(asked, console.phase)
        from tc_engine.partitions import shards

        with scratch_folder(self.work or asked.limits.temp_dir) as scratch:
            context = asked.context(self.work or scratch)
            if self.shard is not None:
                number, divided = self._own(context, asked.runs, plan)
                _tell(self.shard, shards.check_shard(asked, divided, number))
                return None
            executor, divided, each = self._divided(context, asked.runs, asked.limits)
            asked = replace(asked, part_limits=each)
            return checking.check(asked, divided, executor, console.phase)

    @property
    def _divides(self) -> bool:
        return any(one is not None for one in (self.partitions, self.work, self.shard, self.ray))

    def _place(self) -> tuple[int, int]:
        """Return K and N of the shard."""
        number, slash, count = (self.shard or "").partition("/")
        if slash and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count):
            return int(number), int(count)
        raise UsageError(f"--shard {self.shard} is not K/N", "Write --shard 1/4 up to 4/4")

    def _own(
        self, context: Path, runs: Sequence[Dataset], plan: Plan
    ) -> tuple[int, list[Partition]]:
        """Return the number of the shard, and the partitions of all."""
        from tc_engine.partitions import store

        number, count = self._place()
        replace(plan, shards=count).agree(context.parent)
        return number, store.new_partitions(context, runs, count)

    def _divided(
        self, context: Path, runs: Sequence[Dataset], limits: Limits
    ) -> tuple[Executor, list[Partition], Limits]:
        """Return what does the work, the partitions, and what each of them may use."""
        from tc_engine.partitions import store

        executor, count, each = self._executor(limits)
        return executor, store.partitions(context, runs, count), each

    def _executor(self, limits: Limits) -> tuple[Executor, int, Limits]:
        from tc_engine.engine.resources import default_memory, default_threads, parse_size
        from tc_engine.partitions import executors

        threads = limits.threads or default_threads()
        memory = parse_size(limits.memory_limit) if limits.memory_limit else default_memory()
        if self.ray is not None:
            own = limits.threads or 1
            executor, cores = executors.on_ray(None if self.ray == LOCAL else self.ray, own)
            each = replace(limits, threads=own)
            if not limits.memory_limit:
                each = replace(each, memory_limit=_mebibytes(memory * own / default_threads()))
            return executor, self.partitions or max(1, cores // own), each
        count = self.partitions or 1
        if count == 1:
            return executors.here, 1, limits
        at_once = min(count, threads)
        each = replace(
            limits, threads=threads // at_once, memory_limit=_mebibytes(memory / at_once)
        )
        return executors.processes(at_once), count, each


def _mebibytes(size: float) -> str:
    return f"{int(size / 2**20)}MiB"


def _tell(shard: str, text: str) -> None:
    sys.stdout.write(f"shard {shard}: {text}\n")
