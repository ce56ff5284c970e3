"""A dataset's files: whole or not at all, readable by others, of this version or refused."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tc_engine.dataset import SCHEMA_VERSION, VERSION_KEY, is_dataset, open_dataset
from tc_engine.engine.session import Session
from tc_engine.engine.stages import prepare
from tc_engine.errors import DataError
from tc_engine.files import write_whole
from tc_engine.parts import write_part
from tc_engine.schema import EVENT_SCHEMA
from tests.builder import Trace


@pytest.fixture
def run(tmp_path: Path) -> Path:
    trace = Trace().at(step=0)
    with trace.call("train", kwargs={"seed": 2**53 + 1}):
        trace.state("w", data=-(2**62) - 1, grad=None)
    return trace.write(tmp_path / "run")


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        open_dataset(path)
    text = str(caught.value)
    assert "\n" not in text
    assert caught.value.hint
    return text


def test_any_parquet_reader_can_read_it(run: Path) -> None:
    (part,) = open_dataset(run).parts
    assert pq.read_table(part).num_rows == 2
    assert pl.read_parquet(part).height == 2
    with duckdb.connect() as connection:
        query = f"SELECT attributes -> 'data' FROM '{part}' WHERE kind = 'state'"
        found = connection.execute(query).fetchall()
    assert found == [("-4611686018427387905",)]


def test_columns_are_those_of_the_schema(run: Path) -> None:
    (part,) = open_dataset(run).parts
    assert pq.read_schema(part).names == EVENT_SCHEMA.names


def test_missing_folder(tmp_path: Path) -> None:
    assert "there is no trace at" in refusal(tmp_path / "nowhere")


def test_folder_without_manifest(tmp_path: Path) -> None:
    assert "manifest.json" in refusal(tmp_path)
    assert not is_dataset(tmp_path)


def test_folder_without_events(run: Path) -> None:
    for part in open_dataset(run).parts:
        part.unlink()
    assert "holds no events" in refusal(run)


def test_truncated_part(run: Path) -> None:
    (part,) = open_dataset(run).parts
    part.write_bytes(part.read_bytes()[:-20])
    with Session() as session, pytest.raises(DataError, match="is damaged"):
        prepare(session, [open_dataset(run)])


@pytest.mark.parametrize(
    ("version", "advice"), [("3", "upgrade"), ("1", "again"), ("x", "again"), (None, "again")]
)
def test_part_of_another_version(run: Path, version: str | None, advice: str) -> None:
    (part,) = open_dataset(run).parts
    metadata = {} if version is None else {VERSION_KEY: version}
    pq.write_table(pq.read_table(part).replace_schema_metadata(metadata), part)
    with Session() as session, pytest.raises(DataError, match="part-00000") as caught:
        prepare(session, [open_dataset(run)])
    assert advice in f"{caught.value} {caught.value.hint}"


def test_corrupt_manifest(run: Path) -> None:
    (run / "manifest.json").write_text("{")
    assert "cannot be read" in refusal(run)


@pytest.mark.parametrize(
    ("version", "advice"), [(SCHEMA_VERSION + 1, "upgrade"), (0, "again"), ("x", "again")]
)
def test_other_schema_version(run: Path, version: object, advice: str) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    (run / "manifest.json").write_text(json.dumps({**manifest, "schema_version": version}))
    assert advice in refusal(run)


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot write"):
        write_whole(tmp_path / "missing" / "file.json", "text")
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(DataError, match="cannot write"):
        write_whole(tmp_path / "folder.json", "text")
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder.json"]


def test_parts_that_another_one_covers_are_left_out(tmp_path: Path) -> None:
    """What a process leaves that was killed after joining its parts and before removing them."""
    run = Trace().write(tmp_path / "empty")
    tables = []
    for number in range(5):
        trace = Trace()
        with trace.call(f"function_{number}"):
            pass
        written = trace.write(tmp_path / str(number))
        tables.append(pq.read_table(open_dataset(written).parts[0]))
        write_part(run, "1", number, tables[-1], "test")
    write_part(run, "2", 2, tables[0], "test")
    write_part(run, "1", 1, pa.concat_tables(tables[1:4]), "test", last=3)
    parts = [f"{part.parent.name}/{part.name}" for part in open_dataset(run).parts]
    assert parts == [
        "process=1/part-00000.parquet",
        "process=1/part-00001-00003.parquet",
        "process=1/part-00004.parquet",
        "process=2/part-00002.parquet",
    ]
    with Session() as session:
        prepare(session, [open_dataset(run)])
        (count,) = session.connection.execute("SELECT count(*) FROM events").fetchone() or ()
    assert count == 6
