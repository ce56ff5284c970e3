"""A session runs SQL files by name, within limits, and its errors name file, line and statement."""

from __future__ import annotations

from pathlib import Path

import pytest

from tc_engine.engine.session import Limits, Session
from tc_engine.errors import DataError, QueryError, UsageError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "good.sql").write_text("-- One row.\nCREATE TABLE t AS SELECT 1 AS x;\n")
    (tmp_path / "mine" / "bad.sql").write_text("-- One row.\nSELECT 1;\n\nSELECT missing FROM t;\n")
    (tmp_path / "mine" / "torn.sql").write_text("-- One row.\nSELEC 1;\n")
    (tmp_path / "mine" / "huge.sql").write_text(
        "-- One row.\nCREATE TABLE big AS SELECT range AS x, random() AS y FROM range(100000000);\n"
    )
    return tmp_path


def test_runs_a_file_of_the_users_own(folder: Path) -> None:
    seen: list[str] = []
    with Session(sql_path=[folder], tracer=lambda text, _: seen.append(text)) as session:
        session.run("mine/good")
        assert session.rows("FROM t") == [(1,)]
    assert seen == ["CREATE TABLE t AS SELECT 1 AS x;"] or len(seen) == 1


@pytest.mark.parametrize(("name", "line"), [("mine/bad", 4), ("mine/torn", 1)])
def test_an_error_names_file_line_and_statement(folder: Path, name: str, line: int) -> None:
    with Session(sql_path=[folder]) as session:
        session.run("mine/good")
        with pytest.raises(QueryError) as caught:
            session.run(name)
    assert f"{name}.sql:{line}: " in caught.value.message
    assert ".read" in caught.value.hint


def test_unknown_file_and_setting_are_usage_errors() -> None:
    with Session() as session:
        with pytest.raises(UsageError, match="contain/examples"):
            session.run("contain/exampels")
        with pytest.raises(UsageError):
            session.set("x; DROP TABLE t", 1)


def test_limits_hold(folder: Path) -> None:
    limits = Limits(threads=1, memory_limit="50MB", temp_dir=folder / "spill")
    with Session(limits, sql_path=[folder]) as session:
        assert session.value("SELECT current_setting('threads')") == 1
        session.connection.execute("SET max_temp_directory_size = '1MB'")
        with pytest.raises(DataError, match="--memory-limit"):
            session.run("mine/huge")


def test_limits_that_make_no_sense_are_refused() -> None:
    with pytest.raises(UsageError, match="--memory-limit"):
        Session(Limits(memory_limit="lots"))
