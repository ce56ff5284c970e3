"""From files to a dataset: which files, where to, and that the same input gives the same bytes."""

from __future__ import annotations

import gzip
import json
import os
import random
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from tc_engine.dataset import SCHEMA_VERSION, VERSION_KEY, open_dataset
from tc_engine.engine.session import Limits
from tc_engine.errors import DataError, UsageError
from tc_engine.ingest import convert as convert_module
from tc_engine.ingest import ingest, ingest_cached, is_traincheck
from tc_engine.schema import EVENT_SCHEMA
from tests.ingest.traces import LIMITS, Row, call, convert, pre, read, state, write


def some_rows() -> list[Row]:
    rows: list[Row] = []
    for process in (1, 2):
        rows += [pre(f"{process}-open", 0, process_id=process)]
        for number in range(50):
            start = number * 10 + 1
            rows += call(f"{process}-{number}", start, start + 8, process_id=process)
            rows += call(f"{process}-{number}-in", start + 2, start + 3, process_id=process)
            rows += [state("w", start + 4, {"data": number}, process_id=process)]
    return rows


def contents(run: Path) -> dict[str, bytes]:
    return {
        path.relative_to(run).as_posix(): path.read_bytes()
        for path in sorted(run.rglob("*"))
        if path.is_file()
    }


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    folder, run = write(tmp_path / "trace", some_rows()), tmp_path / "run"
    ingest([folder], run, limits=LIMITS)
    first = contents(run)
    ingest([folder], run, limits=Limits(threads=1))
    assert contents(run) == first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "trace"]


def test_how_rows_are_split_into_files_and_ordered_does_not_matter(tmp_path: Path) -> None:
    rows = some_rows()
    _, expected = convert(write(tmp_path / "one", rows))
    random.Random(0).shuffle(rows)
    several = tmp_path / "several"
    write(several, rows[:100], "proxy_log.json")
    write(several, rows[100:150], "trace_VAR_1.log")
    (several / "trace_API_9.log.gz").write_bytes(
        gzip.compress("\n".join(json.dumps(row) for row in rows[150:]).encode())
    )
    report, found = convert(several)
    assert found == expected
    assert report.files == 3


def test_parts_hold_a_limited_number_of_rows_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = some_rows()
    _, expected = convert(write(tmp_path / "one", rows))
    monkeypatch.setattr(convert_module, "PART_ROWS", 64)
    _, found = convert(write(tmp_path / "two", rows))
    assert found == expected
    parts = open_dataset(tmp_path / "two-run").parts
    assert [path.name for path in parts[:3]] == [f"part-0000{n}.parquet" for n in range(3)]
    assert [pq.read_metadata(part).num_rows for part in parts] == [64, 64, 23] * 2
    ids = [row["event_id"] for part in parts[:3] for row in pq.read_table(part).to_pylist()]
    assert ids == list(range(1, 152))


def test_parts_read_well_with_pyarrow_and_polars(tmp_path: Path) -> None:
    convert(write(tmp_path / "trace", some_rows()))
    part = open_dataset(tmp_path / "trace-run").parts[0]
    schema = pq.read_schema(part)
    assert schema.equals(EVENT_SCHEMA)
    assert schema.metadata[VERSION_KEY.encode()] == str(SCHEMA_VERSION).encode()
    assert pq.read_metadata(part).row_group(0).column(0).compression == "ZSTD"
    frame = pl.read_parquet(tmp_path / "trace-run" / "events" / "*" / "*.parquet")
    assert frame.group_by("kind").len().sort("kind").rows() == [("call", 202), ("state", 100)]
    data = (
        frame["attributes"].drop_nulls().ext.storage().str.json_path_match("$.data").cast(pl.Int64)
    )
    assert data.sum() == 2 * sum(range(50))


def test_the_manifest_says_what_was_read(tmp_path: Path) -> None:
    folder = write(tmp_path / "trace", [*call("a", 1, 2), pre("b", 3), state("w", 4, {}), "{"])
    convert(folder)
    manifest = open_dataset(tmp_path / "trace-run").manifest
    assert manifest.created_by.startswith("tc_engine ")
    assert manifest.created_by.endswith(" ingest")
    size = (folder / "trace_API_1_7.log").stat().st_size
    assert manifest.notes == {
        "format": "TrainCheck",
        "sources": [{"name": "trace_API_1_7.log", "bytes": size}],
    }
    parts = tmp_path.glob("trace-run/events/*/*.parquet")
    assert manifest.counts == {
        "files": 1,
        "rows": 5,
        "events": 3,
        "calls": 2,
        "states": 1,
        "incomplete": 1,
        "variables": 1,
        "bad_json": 1,
        "missing_keys": 0,
        "unknown_types": 0,
        "orphan_posts": 0,
        "duplicate_calls": 0,
        "bytes": sum(part.stat().st_size for part in parts),
    }
    assert str(tmp_path) not in (tmp_path / "trace-run" / "manifest.json").read_text()


def test_only_trace_files_of_the_folder_itself_are_read(tmp_path: Path) -> None:
    folder = write(tmp_path / "trace", call("a", 1, 2), "trace_a.log")
    write(folder, call("b", 1, 2), "notes.log")
    write(folder / "trace_sub", call("c", 1, 2), "trace_c.log")
    write(folder, [state("w", 1, {})], "proxy_log.json.1")
    report, rows = convert(folder)
    assert (report.files, len(rows)) == (2, 2)


def test_folders_given_together_are_one_run(tmp_path: Path) -> None:
    one = write(tmp_path / "one", [pre("a", 1)], "trace_x")
    two = write(tmp_path / "two", [call("a", 1, 2)[1], "{"], "trace_x")
    report = ingest([two, one], tmp_path / "run", limits=LIMITS)
    assert (report.calls, report.incomplete) == (1, 0)
    assert report.problems[0].file == "two/trace_x"


def test_files_can_be_given_themselves(tmp_path: Path) -> None:
    folder = write(tmp_path / "trace", call("a", 1, 2), "any name.jsonl")
    file = folder / "any name.jsonl"
    assert ingest([file], tmp_path / "run", limits=LIMITS, trace_files=True).calls == 1
    with pytest.raises(DataError, match="there is no trace file at"):
        ingest([folder], tmp_path / "run", limits=LIMITS, trace_files=True)


def test_progress_names_the_files(tmp_path: Path) -> None:
    told: list[str] = []
    convert(write(tmp_path / "trace", call("a", 1, 2)), progress=told.append)
    assert told == [
        "reading trace_API_1_7.log (1 of 1)",
        "pairing calls",
        "writing the dataset",
    ]


def test_sources_that_are_missing_or_empty(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for source, message in [("gone", "no folder of traces at"), ("empty", "no TrainCheck trace")]:
        with pytest.raises(DataError, match=message):
            ingest([tmp_path / source], tmp_path / "run", limits=LIMITS)
    assert not (tmp_path / "run").exists()


def test_something_else_in_the_place_of_the_dataset_is_left_alone(tmp_path: Path) -> None:
    folder = write(tmp_path / "trace", call("a", 1, 2))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    for place in ("mine", "trace", "mine/thesis.tex"):
        with pytest.raises(UsageError, match="exists and is not a trace dataset"):
            ingest([folder], tmp_path / place, limits=LIMITS)
    assert contents(tmp_path / "mine") == {"thesis.tex": b""}


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    folder = write(tmp_path / "trace", call("a", 1, 2))
    (tmp_path / "run").mkdir()
    ingest([folder], tmp_path / "run", limits=LIMITS)
    assert len(read(tmp_path / "run")) == 1


def test_a_dataset_is_replaced_by_a_whole_one_or_not_at_all(tmp_path: Path) -> None:
    run = tmp_path / "run"
    ingest([write(tmp_path / "trace", call("a", 1, 2))], run, limits=LIMITS)
    before = contents(run)
    worse = write(tmp_path / "worse", ["{"])
    with pytest.raises(DataError):
        ingest([worse], run, limits=LIMITS)

    def interrupt(message: str) -> None:
        if message == "writing the dataset":
            raise KeyboardInterrupt

    better = write(tmp_path / "better", call("b", 1, 2))
    with pytest.raises(KeyboardInterrupt):
        ingest([better], run, limits=LIMITS, progress=interrupt)
    assert contents(run) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["better", "run", "trace", "worse"]
    ingest([better], run, limits=LIMITS)
    assert [row["source_id"] for row in read(run)] == ["b"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    folder = write(tmp_path / "trace", call("a", 1, 2))
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    with pytest.raises(DataError, match="cannot write"):
        ingest([folder], closed / "run", limits=LIMITS)


def test_a_place_under_a_file_cannot_be_written(tmp_path: Path) -> None:
    folder = write(tmp_path / "trace", call("a", 1, 2))
    with pytest.raises(DataError, match=r"cannot write .*: Not a directory"):
        ingest([folder], folder / "trace_API_1_7.log" / "run", limits=LIMITS)


def test_is_traincheck(tmp_path: Path) -> None:
    folder = write(tmp_path / "trace", call("a", 1, 2))
    convert(folder)
    assert is_traincheck(folder)
    assert not is_traincheck(tmp_path)
    assert not is_traincheck(tmp_path / "trace-run")
    assert not is_traincheck(folder / "trace_API_1_7.log")
    assert not is_traincheck(tmp_path / "gone")


def test_a_cached_dataset_is_made_once_and_again_when_a_source_changes(tmp_path: Path) -> None:
    folder = write(tmp_path / "trace", call("a", 1, 2))
    told: list[str] = []
    run = ingest_cached(folder, limits=LIMITS, progress=told.append)
    assert run == tmp_path / "trace.tc-engine"
    assert (len(read(run)), len(told)) == (1, 3)

    assert ingest_cached(folder, limits=LIMITS, progress=told.append) == run
    assert len(told) == 3

    write(folder, [state("w", 1, {})], "proxy_log.json")
    ingest_cached(folder, limits=LIMITS, progress=told.append)
    assert (len(read(run)), len(told)) == (2, 7)

    file = folder / "trace_API_1_7.log"
    changed = file.stat().st_mtime_ns + 1_000_000_000
    os.utime(file, ns=(changed, changed))
    ingest_cached(folder, limits=LIMITS, progress=told.append)
    assert len(told) == 11

    next(run.glob("events/*/*.parquet")).write_bytes(b"damaged")
    ingest_cached(folder, limits=LIMITS, progress=told.append)
    assert len(read(run)) == 2
