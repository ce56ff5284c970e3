"""The random traces: well formed, readable as datasets, and rich enough for a comparison."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings

from tc_engine.dataset import open_dataset
from tests.builder import Trace
from tests.random_traces import random_traces
from tests.reference.events import Examples
from tests.reference.relations import MORE_RELATIONS, RELATIONS

QUICK = settings(max_examples=30, deadline=None)
ALL_RELATIONS = {**RELATIONS, **MORE_RELATIONS}
SEARCH = settings(
    max_examples=2000,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@QUICK
@given(random_traces())
def test_events_are_numbered_in_order_of_time_and_nested(traces: dict[str, Trace]) -> None:
    for trace in traces.values():
        rows = trace.rows()
        times = [row[name] for row in rows for name in ("start_ts", "end_ts") if name in row]
        assert len(set(times)) == len(times)
        for row in rows:
            assert ("end_ts" in row) == (row.get("outcome") in ("ok", "exception"))
        for process in {row["process_id"] for row in rows}:
            own = [row for row in rows if row["process_id"] == process]
            assert [row["event_id"] for row in own] == list(range(1, len(own) + 1))
            assert sorted(own, key=lambda row: row["start_ts"]) == own
            for row in own:
                if "parent_id" in row:
                    parent = own[row["parent_id"] - 1]
                    assert parent["start_ts"] < row["start_ts"]
                    assert parent["thread_id"] == row["thread_id"]


@QUICK
@given(random_traces(most=1))
def test_a_written_trace_is_a_dataset_with_the_same_events(traces: dict[str, Trace]) -> None:
    rows = traces["run_0"].rows()
    with tempfile.TemporaryDirectory() as folder:
        path = traces["run_0"].write(Path(folder) / "run")
        parts = open_dataset(path).parts
        written = [row for part in parts for row in pl.read_parquet(part).to_dicts()]
    assert [row["start_ts"] for row in written] == [row["start_ts"] for row in rows]
    assert [row["function"] for row in written] == [row.get("function") for row in rows]


@pytest.mark.parametrize("name", ALL_RELATIONS)
def test_every_relation_finds_something_that_holds_twice_and_fails_once(name: str) -> None:
    relation = ALL_RELATIONS[name]

    def is_rich(traces: dict[str, Trace]) -> bool:
        rows = {run: trace.rows() for run, trace in traces.items()}
        found: Iterator[Examples] = (
            relation.examples(rows, params) for params in relation.hypotheses(rows)
        )
        return any(len(one.positive) >= 2 and one.negative for one in found)

    find(random_traces(), is_rich, settings=SEARCH)
