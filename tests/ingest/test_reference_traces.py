"""Real traces, where the checkout has them beside it."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from tc_engine.ingest import IngestReport
from tests.ingest.test_parents import found as found_parents
from tests.ingest.traces import Row, convert

TRACES = Path(__file__).resolve().parents[3] / "shared" / "traces"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not TRACES.is_dir(), reason="the reference traces are not at ../shared/traces"
    ),
]


def ingested(name: str, tmp_path: Path) -> tuple[Path, IngestReport, list[Row]]:
    with tarfile.open(TRACES / name / "trace.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    [folder] = [path for path in tmp_path.iterdir() if path.is_dir()]
    return folder, *convert(folder)


@pytest.mark.parametrize(
    ("name", "rows", "calls", "states"),
    [
        ("tutorial-mnist", 196_296 + 2_443, 98_148, 2_443),
        ("tutorial-84911", 115_774 + 7_205, 57_887, 7_205),
        ("mmpretrain-702", 4, 2, 0),
        ("pytorch-104336", 28_334, 0, 28_334),
        ("transformers-17877", 7_842, 3_921, 0),
    ],
)
def test_nothing_is_lost(name: str, rows: int, calls: int, states: int, tmp_path: Path) -> None:
    folder, report, found = ingested(name, tmp_path)
    assert (report.rows, report.calls, report.states) == (rows, calls, states)
    assert (report.problem_count, report.incomplete) == (0, 0)
    assert sorted(map(fingerprint, found)) == sorted(map(fingerprint, naive_events(folder)))


def test_parents_on_a_real_trace(tmp_path: Path) -> None:
    _, _, rows = ingested("transformers-17877", tmp_path)
    calls = [(row["thread_id"], row["event_id"], row["start_ts"], row["end_ts"]) for row in rows]
    assert {row["event_id"]: row["parent_id"] for row in rows if "parent_id" in row} == {
        inner[1]: max(around, key=lambda outer: outer[2])[1]
        for inner in calls
        if (around := [c for c in calls if c[2] < inner[2] and inner[3] < c[3]])
    }
    assert len(found_parents(calls)) > 1000


def fingerprint(row: Row) -> str:
    """The row as text, without what ingest adds."""
    kept = {key: value for key, value in row.items() if key not in ("event_id", "parent_id")}
    return json.dumps(kept, sort_keys=True)


def naive_events(folder: Path) -> list[Row]:
    """The events of a trace without damage, read the slow way."""
    lines = [line for file in folder.iterdir() for line in file.read_text().splitlines()]
    rows = [json.loads(line.replace("_ML_DAIKON_", "_TRAINCHECK_")) for line in lines]
    ends = {
        (row["process_id"], row["func_call_id"]): row
        for row in rows
        if row["type"].startswith("function_call (post)")
    }
    return [
        naive_event(row, ends.get((row["process_id"], row.get("func_call_id")), {}))
        for row in rows
        if not row["type"].startswith("function_call (post)")
    ]


def naive_event(row: Row, end: Row) -> Row:
    row, meta = dict(row), dict(row["meta_vars"])
    kind = "state" if row.pop("type") == "state_change" else "call"
    del row["meta_vars"]
    event = {
        "kind": kind,
        "process_id": row.pop("process_id"),
        "thread_id": row.pop("thread_id"),
        "start_ts": row.pop("time"),
        "end_ts": end.get("time"),
        "outcome": "ok" if end else None,
        "function": row.pop("function", None),
        "receiver": row.pop("obj_id", None),
        "args": row.pop("args", None),
        "kwargs": row.pop("kwargs", None),
        "result": end.get("return_values"),
        "variable": row.pop("var_name", None),
        "variable_type": row.pop("var_type", None),
        "attributes": row.pop("attributes", None),
        "step": meta.pop("step", None),
        "stage": meta.pop("stage", None),
        "meta": meta or None,
        "source_id": row.pop("func_call_id", None),
        "extra": row or None,
    }
    return {key: value for key, value in event.items() if value is not None}
