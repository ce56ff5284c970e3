"""What must not matter does not: the order of rows, the split into parts, the number of threads."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings

from tc_engine import relations
from tc_engine.dataset import Dataset, open_dataset, write_manifest
from tc_engine.engine.session import Limits
from tc_engine.invariants import read, write, write_failed
from tc_engine.parts import write_part
from tc_engine.pipelines.check import check
from tc_engine.pipelines.infer import infer
from tc_engine.report import results
from tests.builder import Trace
from tests.random_traces import random_traces
from tests.worked_examples import WORKED

SHUFFLER = random.Random(7)


def outputs(run: Dataset, bad: Dataset, folder: Path, threads: int) -> dict[str, bytes]:
    """Infer from one run, check another, and return every byte that was written."""
    limits = Limits(threads=threads)
    inference = infer([run], relations=relations.select(), limits=limits)
    folder.mkdir()
    write(folder / "invariants.json", inference.invariants)
    write_failed(folder / "invariants.json.failed", inference.failed)
    verdicts = check([bad], read([folder / "invariants.json"]), limits=limits)
    results.write(verdicts, folder / "results", (folder / "invariants.json").read_text(), {})
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def shuffled(run: Dataset, folder: Path, parts: int) -> Dataset:
    """Return a copy of a dataset with its rows in another order, in more parts."""
    for number, part in enumerate(run.parts):
        table = pq.read_table(part)
        order = list(range(table.num_rows))
        SHUFFLER.shuffle(order)
        mixed = pc.take(table, pa.array(order))
        size = max(1, table.num_rows // parts)
        process = part.parent.name.removeprefix("process=")
        for piece, start in enumerate(range(0, table.num_rows, size)):
            write_part(folder, process, 100 * number + piece, mixed.slice(start, size), "test")
    write_manifest(folder, run.manifest)
    return open_dataset(folder)


@pytest.mark.parametrize("name", ["loop_covers", "replicas_by_size", "zero_grad_clears_gradients"])
def test_no_byte_depends_on_rows_parts_or_threads(name: str, tmp_path: Path) -> None:
    worked = WORKED[name]()
    good = open_dataset(worked.traces["good"].write(tmp_path / "a" / "good"))
    bad = open_dataset((worked.checked or worked.traces["good"]).write(tmp_path / "a" / "bad"))
    expected = outputs(good, bad, tmp_path / "expected", threads=2)

    for parts in (1, 4):
        where = tmp_path / f"parts-{parts}"
        mixed = shuffled(good, where / "good", parts), shuffled(bad, where / "bad", parts)
        assert outputs(*mixed, tmp_path / f"found-{parts}", threads=1) == expected


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(random_traces())
def test_a_run_breaks_no_rule_learned_from_it(
    tmp_path_factory: pytest.TempPathFactory, traces: dict[str, Trace]
) -> None:
    folder = tmp_path_factory.mktemp("runs")
    runs = [open_dataset(trace.write(folder / name)) for name, trace in traces.items()]
    inference = infer(runs, relations=relations.select())
    assert not check(runs, inference.invariants).violated
