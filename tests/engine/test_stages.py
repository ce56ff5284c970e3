"""Tables are made when something reads them, and are then the same as if all had been made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tc_engine.dataset import Dataset, open_dataset
from tc_engine.engine import sqlfiles, stages
from tc_engine.engine.session import Session
from tc_engine.errors import DataError
from tests.builder import Trace
from tests.worked_examples_tensors import tensor

FILES = [name for name in stages.flow() if name.startswith(stages.DERIVED)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    trace = Trace()
    for step in range(3):
        trace.at(step=step, stage="training")
        with trace.call("m.step", args=[step], result=tensor(2, 2)):
            with trace.call("m.inner"):
                pass
            trace.state("w", type="m.W", data=step, requires_grad=True)
    return open_dataset(trace.write(tmp_path_factory.mktemp("runs") / "run"))


@pytest.fixture(scope="module")
def whole(run: Dataset) -> Iterator[Session]:
    with Session() as session:
        stages.prepare(session, [run])
        yield session


@pytest.mark.parametrize("name", FILES)
def test_a_file_runs_after_only_those_that_it_needs(
    run: Dataset, whole: Session, name: str
) -> None:
    with Session() as part:
        stages.load(part, [run])
        stages.run(part, name)
        made = _tables(part)
        assert made <= _tables(whole)
        for table in made:
            query = f'SELECT count(*), max(hash(t)) FROM "{table}" AS t'
            assert part.rows(query) == whole.rows(query), table


def test_a_query_makes_what_it_reads_and_no_more(run: Dataset) -> None:
    with Session() as session:
        stages.load(session, [run])
        before = _tables(session)
        stages.derive_asked(session, "SELECT 1")
        assert _tables(session) == before
        stages.derive_asked(session, 'SELECT * FROM "trace_bounds"')
        assert _tables(session) == before | {"trace_bounds"}
        stages.derive_asked(session, "SELECT '--', * FROM query_table('Calls')")
        assert "calls" in _tables(session)
        assert "var_runs" not in _tables(session)


@pytest.mark.parametrize("query", ["SHOW TABLES", "FROM duckdb_tables()"])
def test_a_query_for_the_tables_makes_all(run: Dataset, query: str) -> None:
    with Session() as session:
        stages.load(session, [run])
        stages.derive_asked(session, query)
        assert {"calls", "var_runs", "state_vectors"} <= _tables(session)


def test_a_file_of_the_user_is_read_too(run: Dataset, tmp_path: Path) -> None:
    own = tmp_path / "2_derive"
    own.mkdir()
    text = sqlfiles.find("2_derive/functions").text
    (own / "functions.sql").write_text(
        f"{text}\nCREATE OR REPLACE TABLE more AS FROM context_managers;"
    )
    with Session(sql_path=[tmp_path]) as session:
        stages.load(session, [run])
        stages.derive_asked(session, "FROM functions")
        assert {"functions", "more", "context_managers"} <= _tables(session)


def _tables(session: Session) -> set[str]:
    rows = session.rows(
        "SELECT table_name FROM duckdb_tables() WHERE NOT temporary "
        "UNION SELECT view_name FROM duckdb_views() WHERE NOT internal"
    )
    return {row[0] for row in rows}


def test_many_small_parts_are_gathered(
    run: Dataset, whole: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "MANY_PARTS", 1)
    with Session() as gathered:
        stages.load(gathered, [run])
        stages.gather(gathered, [run])
        assert (gathered.scratch / "events.parquet").is_file()
        stages.derive(gathered, None)
        for table in _tables(whole):
            query = f'SELECT count(*), max(hash(t)) FROM "{table}" AS t'
            assert gathered.rows(query) == whole.rows(query), table
    assert not gathered.scratch.exists()


def test_a_part_that_is_gone_is_named(run: Dataset) -> None:
    gone = replace(run, parts=(*run.parts, run.path / "events/process=1/part-00009.parquet"))
    with Session() as session, pytest.raises(DataError, match="part-00009"):
        stages.load(session, [gone])
