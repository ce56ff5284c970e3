"""Make large runs of a small one: more steps, more ranks, more functions.

    python -m benchmarks.scaled RUN TARGET [--steps N] [--ranks N] [--functions N]

TARGET holds what RUN recorded N times: one copy after the other in time with the steps counted on,
in as many processes, and with names of functions that differ from one to the next copy in time.
Contents are those of RUN, so what holds of it mostly holds of TARGET, and its size is N times.
"""

from __future__ import annotations

import argparse
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tc_engine.dataset import Dataset, open_dataset, write_manifest
from tc_engine.parts import write_part
from tc_engine.schema import EVENT_SCHEMA

MADE_BY = "tc_engine benchmarks"
GAP = 1_000_000  # ns between two copies


def scaled(
    source: Path, target: Path, *, steps: int = 1, ranks: int = 1, functions: int = 1
) -> Path:
    """Write a run that holds another one `steps` * `functions` times in `ranks` processes each."""
    run = open_dataset(source)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    length = _length(run)
    for part, table in _parts(run):
        process = part.parent.name.removeprefix("process=")
        for rank in range(ranks):
            for copy in range(steps * functions):
                moved = _moved(table, copy, rank, copy % functions, length)
                number = int(part.stem.removeprefix("part-")) * steps * functions + copy
                write_part(target, f"{int(process) + rank * 2**22}", number, moved, MADE_BY)
    times = steps * functions * ranks
    counts = {name: count * times for name, count in run.manifest.counts.items()}
    write_manifest(target, replace(run.manifest, counts=counts, created_by=MADE_BY))
    return target


def _parts(run: Dataset) -> list[tuple[Path, pa.Table]]:
    return [
        (part, pq.ParquetFile(part).read().replace_schema_metadata(None).cast(EVENT_SCHEMA))
        for part in run.parts
    ]


def _length(run: Dataset) -> dict[str, int]:
    """Return by how much a copy is later than the one before it, per column."""
    tables = [table for _, table in _parts(run)]
    whole = pa.concat_tables(tables)
    first, last = (pc.min(whole["start_ts"]).as_py(), pc.max(whole["start_ts"]).as_py())
    ended = pc.max(whole["end_ts"]).as_py() or last
    events = (pc.max(whole["event_id"]).as_py() or 0) + 1
    return {
        "start_ts": (time := max(last, ended) - first + GAP),
        "end_ts": time,
        "event_id": events,
        "parent_id": events,
        "cause_id": events,
        "step": (pc.max(whole["step"]).as_py() or 0) + 1,
    }


def _moved(table: pa.Table, copy: int, rank: int, name: int, length: dict[str, int]) -> pa.Table:
    def put(column: str, values: pa.ChunkedArray) -> None:
        nonlocal table
        at = table.schema.get_field_index(column)
        table = table.set_column(at, table.schema.field(at), values)

    for column, distance in length.items():
        put(column, pc.add(table[column], copy * distance))
    put("process_id", pc.add(table["process_id"], rank * 2**22))
    if name:
        put("function", pc.binary_join_element_wise(table["function"], f"{name}", "_"))
    return table


def main() -> None:
    """Read the command line and write the run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("target", type=Path)
    for option in ("--steps", "--ranks", "--functions"):
        parser.add_argument(option, type=int, default=1)
    given = parser.parse_args()
    scaled(given.run, given.target, steps=given.steps, ranks=given.ranks, functions=given.functions)


if __name__ == "__main__":
    main()
