"""However runs are divided, what is learned and judged is that of one session, byte for byte."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import ray
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tc_engine import relations
from tc_engine.dataset import Dataset, open_dataset
from tc_engine.engine.session import Limits
from tc_engine.errors import TcEngineError
from tc_engine.invariants import Invariant, write, write_failed
from tc_engine.partitions import checking, executors, inference, store
from tc_engine.partitions.executors import Executor
from tc_engine.pipelines import check, infer
from tc_engine.report import results
from tests.builder import Trace
from tests.partitions.mortal import mortal
from tests.random_traces import random_traces

ALL = tuple(relations.discover())
LIMITS = Limits(threads=1)


def asked(**values: object) -> inference.Asked:
    return inference.Asked(ALL, dict(values), (), LIMITS, LIMITS)


def inferred(
    runs: Sequence[Dataset], work: Path, count: int, executor: Executor = executors.here
) -> infer.Inference:
    request = asked()
    divided = store.partitions(request.context(work), runs, count)
    with tempfile.TemporaryDirectory() as scratch:
        return inference.infer(request, divided, executor, Path(scratch))


def checked(
    runs: Sequence[Dataset],
    invariants: Sequence[Invariant],
    work: Path,
    count: int,
    executor: Executor = executors.here,
) -> check.Check:
    request = checking.Asked(tuple(runs), tuple(invariants), {}, (), LIMITS, LIMITS)
    divided = store.partitions(request.context(work), runs, count)
    return checking.check(request, divided, executor)


def bytes_of(found: infer.Inference, verdicts: check.Check, folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    write(folder / "invariants.json", found.invariants)
    write_failed(folder / "failed.json", found.failed)
    results.write(verdicts, folder / "results", (folder / "invariants.json").read_text(), {})
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def compare(runs: Sequence[Dataset], folder: Path, executor: Executor, counts: range) -> None:
    found = infer.infer(runs, relations=ALL, limits=LIMITS)
    verdicts = check.check(runs, found.invariants, limits=LIMITS)
    expected = bytes_of(found, verdicts, folder / "expected")
    for count in counts:
        work = folder / f"work-{count}"
        found = inferred(runs, work, count, executor)
        verdicts = checked(runs, found.invariants, work, count, executor)
        assert bytes_of(found, verdicts, folder / f"found-{count}") == expected


SEVERAL = st.lists(random_traces(), min_size=2, max_size=3)


def written(several: Sequence[dict[str, Trace]], folder: Path) -> list[Dataset]:
    return [
        open_dataset(trace.write(folder / f"{number}" / name))
        for number, traces in enumerate(several)
        for name, trace in traces.items()
    ]


@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(SEVERAL)
def test_any_split_gives_the_same_bytes(several: list[dict[str, Trace]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        compare(written(several, Path(folder)), Path(folder), executors.here, range(2, 3))


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(SEVERAL)
def test_any_split_of_many_traces(several: list[dict[str, Trace]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        compare(written(several, Path(folder)), Path(folder), executors.here, range(1, 4))


def replicas(flag: int, *, differ: bool, also: bool = False) -> Trace:
    """Two parameters of one flag, which hold the same values over time, or do not."""
    trace = Trace().process(1).thread(1).at(step=0, stage="training")
    for step in range(8):
        trace.at(step=step)
        for name, value in (("a", step), ("b", -step if differ else step)):
            others = {"pinned": 1} if also else {}
            trace.state(name, data=value + 1, flag=flag, **others)
    return trace


def test_a_field_with_one_value_in_a_partition_and_another_elsewhere_decides(
    tmp_path: Path,
) -> None:
    """Within each run `flag` has one value, so that neither would keep the field by itself."""
    traces = {
        "good": replicas(1, differ=False, also=True),
        "more": replicas(1, differ=False),
        "bad": replicas(2, differ=True, also=True),
    }
    runs = [open_dataset(trace.write(tmp_path / name)) for name, trace in traces.items()]
    found = inferred(runs, tmp_path / "work", 3)
    stated = [one for one in found.invariants if one.relation == "ConsistencyRelation"]
    assert "attributes.flag" in str(stated[0].precondition)
    compare(runs, tmp_path, executors.here, range(2, 4))


@pytest.fixture
def runs(tmp_path: Path) -> list[Dataset]:
    traces = {
        "one": replicas(1, differ=False),
        "two": replicas(1, differ=False, also=True),
        "three": replicas(2, differ=True),
    }
    return [open_dataset(trace.write(tmp_path / name)) for name, trace in traces.items()]


def test_processes_give_the_same_bytes(runs: list[Dataset], tmp_path: Path) -> None:
    compare(runs, tmp_path, executors.processes(2), range(2, 3))


def test_a_killed_process_gives_the_same_bytes(runs: list[Dataset], tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    compare(runs, tmp_path, mortal(executors.processes(2), marks, 0.5), range(2, 3))
    assert len(list(marks.iterdir())) == 3, "candidates, examples, verdicts: each lost a process"


@pytest.fixture(scope="module")
def ray_workers() -> Iterator[Executor]:
    executor, _ = executors.on_ray(None, 1)
    yield executor
    ray.shutdown()


@pytest.mark.slow
def test_ray_gives_the_same_bytes(
    ray_workers: Executor, runs: list[Dataset], tmp_path: Path
) -> None:
    compare(runs, tmp_path, ray_workers, range(2, 3))


@pytest.mark.slow
def test_a_killed_worker_of_ray_gives_the_same_bytes(
    ray_workers: Executor, runs: list[Dataset], tmp_path: Path
) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    compare(runs, tmp_path, mortal(ray_workers, marks, 0.5), range(2, 3))
    assert len(list(marks.iterdir())) == 3


def unreadable(run: Dataset) -> None:
    """Spoil the events of a run without a trace of it in names, sizes and times."""
    for part in run.parts:
        state = part.stat()
        content = part.read_bytes()
        middle = len(content) // 2
        part.write_bytes(b"\0" * middle + content[middle:])
        os.utime(part, ns=(state.st_atime_ns, state.st_mtime_ns))


def test_adding_a_run_reads_that_run_only(tmp_path: Path) -> None:
    known = [
        open_dataset(replicas(1, differ=False).write(tmp_path / f"run{number}"))
        for number in range(6)
    ]
    seventh = open_dataset(replicas(1, differ=False).write(tmp_path / "run7"))
    expected = infer.infer([*known, seventh], relations=ALL, limits=LIMITS)
    inferred(known, tmp_path / "work", 2)
    for run in known:
        unreadable(run)
    with pytest.raises(TcEngineError):
        infer.infer(known, relations=ALL, limits=LIMITS)
    assert inferred([*known, seventh], tmp_path / "work", 1) == expected


def test_a_hypothesis_that_a_new_run_brings_is_looked_for_in_the_others(tmp_path: Path) -> None:
    known = [open_dataset(replicas(1, differ=False).write(tmp_path / f"run{n}")) for n in range(2)]
    new = replicas(1, differ=False, also=True)
    with new.call("save"), new.call("write"):
        pass
    runs = [*known, open_dataset(new.write(tmp_path / "new"))]
    inferred(known, tmp_path / "work", 1)
    expected = infer.infer(runs, relations=ALL, limits=LIMITS)
    assert inferred(runs, tmp_path / "work", 1) == expected
    assert inferred(runs, tmp_path / "work", 1) == expected, "with what is known now as well"


def test_a_run_that_was_written_to_is_looked_at_again(tmp_path: Path) -> None:
    runs = [open_dataset(replicas(1, differ=False).write(tmp_path / f"run{n}")) for n in range(2)]
    inferred(runs, tmp_path / "work", 1)
    changed = open_dataset(replicas(2, differ=True).write(tmp_path / "run1"))
    expected = infer.infer([runs[0], changed], relations=ALL, limits=LIMITS)
    assert inferred([runs[0], changed], tmp_path / "work", 1) == expected
