from __future__ import annotations

import io
from collections.abc import Iterator

import duckdb
import pytest

from tc_engine.cli import _formats, _rows

AWKWARD = """
    SELECT
        9007199254740993::BIGINT AS big,
        170141183460469231731687303715884105727::HUGEINT AS huge,
        1.50::DECIMAL(5, 2) AS exact,
        0.1::DOUBLE AS real,
        'NaN'::DOUBLE AS nan,
        '-Infinity'::DOUBLE AS inf,
        true AS yes,
        'say "hi", ü' AS quoted,
        E'a\\nb\\x1b[31m' AS control,
        '' AS empty,
        NULL AS nothing,
        '{"n": 9007199254740993, "x": [1,\n null]}'::JSON AS json,
        {'a': 1, 'b': ['x', NULL], 'j': '{"k": 1}'::JSON} AS nested,
        ['NaN'::DOUBLE, 1] AS nan_inside,
        MAP {'k': 1} AS map,
        TIMESTAMP_NS '2026-01-02 03:04:05.123456789' AS ns,
        TIMESTAMPTZ '2026-01-02 03:04:05+00' AS tz,
        INTERVAL '1 month 2 days' AS span,
        '\\x00a'::BLOB AS bytes,
        1 AS twice,
        2 AS twice
"""

CSV = (
    "big,huge,exact,real,nan,inf,yes,quoted,control,empty,nothing,json,nested,nan_inside,map,"
    "ns,tz,span,bytes,twice,twice\n"
    "9007199254740993,170141183460469231731687303715884105727,1.50,0.1,nan,-inf,true,"
    '"say ""hi"", ü","a\nb\x1b[31m","",,'
    '"{""n"": 9007199254740993, ""x"": [1,  null]}",'
    '"{""a"":1,""b"":[""x"",null],""j"":{""k"":1}}",'
    '"[""NaN"",1.0]","{""k"":1}",'
    "2026-01-02 03:04:05.123456789,2026-01-02 03:04:05+00,1 month 2 days,\\x00a,1,2\n"
)

OBJECT = (
    '{"big": 9007199254740993, "huge": 170141183460469231731687303715884105727, "exact": 1.50, '
    '"real": 0.1, "nan": "NaN", "inf": "-Infinity", "yes": true, "quoted": "say \\"hi\\", ü", '
    '"control": "a\\nb\\u001b[31m", "empty": "", "nothing": null, '
    '"json": {"n": 9007199254740993, "x": [1,  null]}, '
    '"nested": {"a":1,"b":["x",null],"j":{"k":1}}, "nan_inside": ["NaN",1.0], "map": {"k":1}, '
    '"ns": "2026-01-02 03:04:05.123456789", "tz": "2026-01-02 03:04:05+00", '
    '"span": "1 month 2 days", "bytes": "\\\\x00a", "twice": 1, "twice_1": 2}'
)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def written(connection: duckdb.DuckDBPyConnection, query: str, form: str) -> str:
    relation = connection.sql(query)
    out = io.StringIO()
    writer = getattr(_formats, f"write_{form}")
    writer(_rows.columns(relation), _rows.stream(relation), out)
    return out.getvalue()


def test_csv(connection: duckdb.DuckDBPyConnection) -> None:
    assert written(connection, AWKWARD, "csv") == CSV


def test_json(connection: duckdb.DuckDBPyConnection) -> None:
    assert written(connection, AWKWARD, "json") == f"[\n{OBJECT}\n]\n"


def test_jsonl(connection: duckdb.DuckDBPyConnection) -> None:
    assert written(connection, AWKWARD, "jsonl") == f"{OBJECT}\n"


def test_table(connection: duckdb.DuckDBPyConnection) -> None:
    query = (
        "SELECT * FROM (VALUES "
        "(1, E'a\\nb\\t\\x1b[31m', true, 'NaN'::DOUBLE, '{}'::JSON), "
        "(-1000, '日本', NULL, 0.5, NULL)) AS t(n, text, flag, real, json)"
    )
    assert written(connection, query, "table") == (
        "    n  text       flag  real  json\n"
        "-----  ---------  ----  ----  ----\n"
        "    1  a b \N{REPLACEMENT CHARACTER}[31m  true   nan  {}\n"
        "-1000  日本       NULL   0.5  NULL\n"
    )


def test_a_long_cell_is_cut_in_a_table_only(connection: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT repeat('x', 1000) AS x"
    line = written(connection, query, "table").splitlines()[2]
    assert line == "x" * (_formats.TABLE_CELL - 1) + "…"
    assert written(connection, query, "csv") == "x\n" + "x" * 1000 + "\n"


@pytest.mark.parametrize(
    ("form", "expected"),
    [("csv", "a\n"), ("json", "[]\n"), ("jsonl", ""), ("table", "a\n-\n")],
)
def test_no_rows(connection: duckdb.DuckDBPyConnection, form: str, expected: str) -> None:
    assert written(connection, "SELECT 1 AS a WHERE false", form) == expected


def test_rows_come_in_order_and_in_batches(connection: duckdb.DuckDBPyConnection) -> None:
    relation = connection.sql("SELECT range AS n FROM range(25000) ORDER BY n DESC")
    batches = list(_rows.stream(relation))
    assert max(map(len, batches)) <= _rows.BATCH_ROWS
    assert [row[0] for batch in batches for row in batch] == list(range(24999, -1, -1))


def test_a_reader_that_stops_early_frees_the_connection(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    stream = _rows.stream(connection.sql("SELECT range AS n FROM range(10000000)"))
    next(stream)
    stream.close()
    assert connection.execute("SELECT 1").fetchall() == [(1,)]
