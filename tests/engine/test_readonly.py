from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tc_engine.dataset import open_dataset
from tc_engine.engine import readonly
from tc_engine.engine.session import Limits, Session
from tc_engine.errors import UsageError
from tests.builder import Trace


@pytest.fixture
def run(tmp_path: Path) -> Path:
    trace = Trace()
    trace.state("w", data=1)
    return trace.write(tmp_path / "it's a run")


@pytest.fixture
def session(run: Path) -> Iterator[Session]:
    dataset = open_dataset(run)
    with Session() as session:
        session.set("dataset", [str(run.resolve())])
        session.run("settings")
        session.run("1_load/traces")
        session.run("1_load/events")
        session.connection.execute("CREATE TABLE t AS SELECT 1 AS a")
        readonly.lock(session, [dataset])
        yield session


def snapshot(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def ask(session: Session, text: str) -> list[list[tuple[object, ...]] | None]:
    relations = (readonly.query(session, one) for one in readonly.split(session, text))
    return [None if relation is None else relation.fetchall() for relation in relations]


READS = [
    ("SELECT a FROM t", [[(1,)]]),
    ("FROM t", [[(1,)]]),
    ("VALUES (1), (2)", [[(1,), (2,)]]),
    ("WITH x AS (SELECT 2 AS b) FROM x", [[(2,)]]),
    ("SELECT 1; SELECT 2;", [[(1,)], [(2,)]]),
    ("", []),
    ("-- nothing", []),
    ("SELECT kind, variable FROM events", [[("state", "w")]]),
    ("SHOW TABLES", [[("events",), ("t",), ("traces",)]]),
    ("DESCRIBE t", [[("a", "INTEGER", "YES", None, None, None)]]),
    ("SET VARIABLE x = 3; SELECT getvariable('x')", [[], [(3,)]]),
    ("CREATE TEMP TABLE own AS FROM t; FROM own", [[(1,)], [(1,)]]),
    ("CREATE OR REPLACE TEMPORARY VIEW own AS FROM t; FROM own", [[], [(1,)]]),
    ("PIVOT t ON a IN (1, 2) USING count(*)", [[(1, 0)]]),
    (
        "SELECT query, copy FROM (SELECT 'COPY t TO x' AS query, 'INSERT' AS copy)",
        [[("COPY t TO x", "INSERT")]],
    ),
]


@pytest.mark.parametrize(("text", "rows"), READS)
def test_reading_is_allowed(session: Session, text: str, rows: object) -> None:
    assert ask(session, text) == rows


@pytest.mark.parametrize(
    "text",
    [
        "EXPLAIN FROM t",
        "EXPLAIN ANALYZE FROM t",
        "explain /* why */ analyze FROM t",
        "EXPLAIN (FORMAT json, ANALYZE) FROM t",
        "SUMMARIZE t",
    ],
)
def test_explaining_is_allowed(session: Session, text: str) -> None:
    assert len(ask(session, text)) == 1


# PART is a file of the run, which the session may open: only the query itself can be stopped.
WRITE = "COPY t TO 'PART' (FORMAT parquet, USE_TMP_FILE false)"
HIDDEN = (
    f"json_execute_serialized_sql(json_serialize_sql('{f'WITH c AS ({WRITE}) SELECT 1 AS a'}'))"
)

ATTACKS = [
    WRITE,
    "COPY t TO 'FOLDER/new.csv'",
    "EXPORT DATABASE 'FOLDER/db'",
    "IMPORT DATABASE 'FOLDER'",
    "ATTACH 'FOLDER/x.db'",
    "ATTACH ':memory:' AS other",
    "INSTALL httpfs",
    "LOAD httpfs",
    "UPDATE EXTENSIONS",
    "CONNECT 'x'",
    "PRAGMA enable_profiling",
    "PRAGMA table_info('t')",
    "CALL pragma_version()",
    "SET threads = 1",
    "SET enable_external_access = true",
    "RESET allowed_paths",
    "SET VARIABLE parts = (SELECT content FROM read_text('/etc/passwd'))",
    "USE memory",
    "CHECKPOINT",
    "VACUUM",
    "BEGIN",
    "CREATE TABLE x AS SELECT 1",
    "CREATE OR REPLACE TABLE t AS SELECT 2 AS a",
    "CREATE MACRO f(a) AS a + 1",
    "CREATE SECRET s (TYPE s3)",
    "COMMENT ON TABLE t IS 'x'",
    "DROP TABLE t",
    "INSERT INTO t VALUES (2)",
    "DELETE FROM t",
    "UPDATE t SET a = 2",
    "MERGE INTO t USING t AS s ON t.a = s.a WHEN MATCHED THEN DELETE",
    f"PREPARE p AS {WRITE}",
    "EXECUTE p",
    # A statement that reads, with one inside that does not.
    f"WITH c AS ({WRITE}) SELECT 1",
    f"WITH c AS MATERIALIZED ({WRITE}) SELECT 1",
    "WITH c AS (INSERT INTO t VALUES (2) RETURNING a) FROM c",
    "WITH c AS (DELETE FROM t RETURNING a) FROM c",
    "WITH c AS (UPDATE t SET a = 2 RETURNING a) FROM c",
    f"EXPLAIN ANALYZE {WRITE}",
    f"explain/**/analyze {WRITE}",
    f"EXPLAIN (ANALYZE) {WRITE}",
    f"EXPLAIN (FORMAT json, ANALYZE) WITH c AS ({WRITE}) SELECT 1",
    f"CREATE TEMP TABLE x AS WITH c AS ({WRITE}) SELECT 1",
    f"CREATE TEMP VIEW x AS WITH c AS ({WRITE}) SELECT 1",
    f"SET VARIABLE x = (WITH c AS ({WRITE}) SELECT 1)",
    "PIVOT t ON a USING count(*)",
    f"WITH c AS ({WRITE}) PIVOT t ON a USING count(*)",
    f"WITH c AS ({WRITE}) PIVOT t ON a IN (1) USING count(*)",
    "COPY (PIVOT t ON a USING count(*)) TO 'PART' (FORMAT parquet, USE_TMP_FILE false)",
    # SQL in a text.
    f"FROM {HIDDEN}",
    f"SELECT (SELECT max(a) FROM {HIDDEN})",
    f"SET VARIABLE x = (SELECT a FROM {HIDDEN})",
    f"CREATE TEMP TABLE x AS FROM {HIDDEN}",
    f"CREATE TEMP VIEW x AS FROM {HIDDEN}; FROM x",
    f"EXPLAIN ANALYZE FROM {HIDDEN}",
    "FROM query('FROM json_execute_' || 'serialized_sql(json_serialize_sql(''SELECT 1''))')",
    "FROM query('COPY t TO ''PART''')",
    # Files and places outside the runs.
    "FROM read_csv('/etc/passwd')",
    "FROM read_text('/etc/passwd')",
    "FROM read_blob('/proc/self/environ')",
    "FROM '/etc/passwd'",
    "FROM read_text('FOLDER/../../outside.txt')",
    "FROM read_text('OUTSIDE')",
    "FROM glob('/etc/*')",
    "FROM sniff_csv('/etc/passwd')",
    "FROM read_csv('https://example.com/x.csv')",
    "FROM 'https://example.com/x.csv'",
    "FROM query_table('/etc/passwd')",
    "CREATE TEMP TABLE x AS FROM read_text('/etc/passwd')",
    "SET VARIABLE parts = ['OUTSIDE']; FROM events",
    "SELECT getenv('HOME')",
    "FROM duckdb_secrets()",
    "FROM enable_logging(storage = 'file', storage_path = 'FOLDER/log')",
    # A name of this process.
    "FROM dataset",
    "FROM session",
    # The bad one is not the first.
    f"SELECT 1; {WRITE}",
    f"SELECT 1; WITH c AS ({WRITE}) SELECT 1",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_else_is(session: Session, run: Path, tmp_path: Path, attack: str) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("secret")
    part = next(run.rglob("*.parquet"))
    before = snapshot(tmp_path)
    names = {"PART": part, "FOLDER": run, "OUTSIDE": outside}
    for name, path in names.items():
        attack = attack.replace(name, str(path).replace("'", "''"))
    with pytest.raises((UsageError, duckdb.PermissionException)):
        ask(session, attack)
    assert snapshot(tmp_path) == before
    assert session.rows("FROM t") == [(1,)]


def test_a_bad_statement_stops_those_before_it(session: Session) -> None:
    with pytest.raises(UsageError, match="COPY is not for reading"):
        readonly.split(session, "SET VARIABLE x = 1; COPY t TO 'x.csv'")
    assert session.value("SELECT getvariable('x')") is None


def test_an_error_shows_the_person_s_own_lines(session: Session) -> None:
    with pytest.raises(UsageError) as caught:
        ask(session, "SELECT 1;\nSELECT\n    nope\nFROM t")
    assert "LINE 2:     nope" in caught.value.message
    assert "EXPLAIN" not in caught.value.message


def test_an_unknown_table_says_where_the_names_are(session: Session) -> None:
    with pytest.raises(UsageError) as caught:
        ask(session, "FROM event")
    assert 'Did you mean "events"?' in caught.value.message
    assert "--list" in caught.value.hint


def test_the_rows_keep_their_order(session: Session) -> None:
    relation = readonly.query(session, "SELECT range AS n FROM range(300000)")
    assert relation is not None
    assert [row[0] for row in relation.fetchall()] == list(range(300000))


def test_large_results_spill(run: Path, tmp_path: Path) -> None:
    limits = Limits(memory_limit="60MB", temp_dir=tmp_path / "spill")
    with Session(limits) as session:
        session.run("settings")
        readonly.lock(session, [open_dataset(run)])
        ask(session, "CREATE TEMP TABLE x AS SELECT md5(range::VARCHAR) AS m FROM range(2000000)")
        assert ask(session, "SELECT count(DISTINCT m) FROM x") == [[(2000000,)]]
