from __future__ import annotations

import json
import re
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from tests.cli.conftest import Cli, training

KINDS = "SELECT kind, count(*) AS n FROM events GROUP BY ALL ORDER BY kind"


def test_csv_where_no_person_reads(cli: Cli, good: Path) -> None:
    outcome = cli("sql", good, "-c", KINDS)
    assert (outcome.code, outcome.out, outcome.err) == (0, "kind,n\ncall,8\nstate,5\n", "")


def test_each_format(cli: Cli, good: Path) -> None:
    expected = {
        "table": "kind   n\n-----  -\ncall   8\nstate  5\n",
        "csv": "kind,n\ncall,8\nstate,5\n",
        "json": '[\n{"kind": "call", "n": 8},\n{"kind": "state", "n": 5}\n]\n',
        "jsonl": '{"kind": "call", "n": 8}\n{"kind": "state", "n": 5}\n',
    }
    for form, text in expected.items():
        assert cli("sql", good, "--format", form, "-c", KINDS).out == text


@pytest.mark.parametrize("suffix", ["csv", "json", "jsonl", "table"])
def test_a_file_says_its_format(cli: Cli, good: Path, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"rows.{suffix}"
    outcome = cli("sql", good, "-o", file, "-c", KINDS)
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
    assert file.read_text() == cli("sql", good, "--format", suffix, "-c", KINDS).out
    assert list(tmp_path.iterdir()) == [file]


def test_parquet_keeps_types(cli: Cli, good: Path, tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    query = "SELECT step, attributes FROM events WHERE kind = 'state' ORDER BY event_id LIMIT 2"
    assert cli("sql", good, "-o", file, "-c", query).code == 0
    table = pq.read_table(file)
    assert [str(field.type) for field in table.schema] == ["int64", "extension<arrow.json>"]
    assert table.to_pylist() == [
        {"step": 0, "attributes": '{"data": 1}'},
        {"step": 0, "attributes": '{"data": 2}'},
    ]
    assert duckdb.sql(f"SELECT max(attributes ->> 'data') FROM '{file}'").fetchall() == [("2",)]


def test_parquet_holds_one_result(cli: Cli, good: Path, tmp_path: Path) -> None:
    outcome = cli("sql", good, "-o", tmp_path / "x.parquet", "-c", "SELECT 1; SELECT 2")
    assert outcome.code == 2
    assert "a Parquet file holds one result" in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_an_output_file_is_whole_or_not_there(cli: Cli, good: Path, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("before")
    assert cli("sql", good, "-o", file, "-c", "SELECT 1", "-c", "SELECT nope").code == 2
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]


def test_an_output_that_cannot_be_written(cli: Cli, good: Path, tmp_path: Path) -> None:
    outcome = cli("sql", good, "-o", tmp_path / "no" / "x.csv", "-c", "SELECT 1")
    assert outcome.code == 3
    assert f"cannot write {tmp_path / 'no' / 'x.csv'}: No such file or directory" in outcome.err


def test_an_output_without_a_format(cli: Cli, good: Path, tmp_path: Path) -> None:
    outcome = cli("sql", good, "-o", tmp_path / "rows.txt", "-c", "SELECT 1")
    assert outcome.code == 2
    assert "Add --format table|csv|json|jsonl|parquet" in outcome.err


def test_queries_from_everywhere_in_order(cli: Cli, good: Path, tmp_path: Path) -> None:
    file = tmp_path / "q.sql"
    file.write_text("SELECT 3 AS c;\nSELECT 4 AS d;")
    outcome = cli(
        "sql", good, "-c", "SELECT 1 AS a", "-c", "SELECT 2 AS b", "--file", file, "-",
        stdin="SELECT 5 AS e",
    )  # fmt: skip
    assert outcome.out == "a\n1\n\nb\n2\n\nc\n3\n\nd\n4\n\ne\n5\n"


def test_queries_from_standard_input(cli: Cli, good: Path) -> None:
    assert cli("sql", good, stdin="SELECT 1 AS a;").out == "a\n1\n"
    assert cli("sql", good, "--file", "-", stdin="SELECT 1 AS a;").out == "a\n1\n"
    assert cli("sql", good, stdin="").out == ""


def test_a_query_file_that_is_not_there(cli: Cli, good: Path) -> None:
    outcome = cli("sql", good, "--file", "no.sql")
    assert outcome.code == 2
    assert "no.sql cannot be read: No such file or directory. Check the path" in outcome.err


def test_several_runs(cli: Cli, good: Path, bad: Path) -> None:
    query = "SELECT trace, count(*) AS n FROM calls GROUP BY ALL ORDER BY trace"
    assert cli("sql", good, bad, "-c", query).out == "trace,n\nbad,8\ngood,8\n"


def test_runs_of_one_name(cli: Cli, good: Path, tmp_path: Path) -> None:
    other = training(steps=1).write(tmp_path / "good")
    query = "SELECT trace, count(*) AS n FROM calls GROUP BY ALL ORDER BY n"
    outcome = cli("sql", good, other, good, "-c", query)
    names = [line.split(",") for line in outcome.out.splitlines()[1:]]
    assert sorted(name for name, _ in names) == ["good", "good_1"]
    assert [count for _, count in names] == ["2", "8"]


def test_the_limit_of_a_table(cli: Cli, good: Path) -> None:
    query = "SELECT range AS n FROM range(100)"
    note = "tc-engine: note: only the first {} rows are shown; --limit 0 shows all\n"
    shown = cli("sql", good, "--format", "table", "-c", query)
    assert len(shown.out.splitlines()) == 2 + 50
    assert shown.err == note.format(50)
    assert (
        len(cli("sql", good, "--format", "table", "--limit", 0, "-c", query).out.splitlines())
        == 102
    )
    assert cli("sql", good, "--format", "table", "--limit", 100, "-c", query).err == ""


def test_the_limit_of_other_formats(cli: Cli, good: Path, tmp_path: Path) -> None:
    query = "SELECT range AS n FROM range(100000)"
    assert len(cli("sql", good, "-c", query).out.splitlines()) == 100001
    outcome = cli("sql", good, "--limit", 2, "-c", query)
    assert outcome.out == "n\n0\n1\n"
    assert "only the first 2 rows" in outcome.err
    file = tmp_path / "x.parquet"
    assert "only the first 3 rows" in cli("sql", good, "--limit", 3, "-o", file, "-c", query).err
    assert pq.read_table(file).num_rows == 3


def test_an_error_of_the_query_is_2_in_duckdb_s_words(cli: Cli, good: Path) -> None:
    outcome = cli("sql", good, "-c", "SELECT nope FROM calls")
    assert outcome.code == 2
    lines = outcome.err.splitlines()
    assert lines[0].startswith('tc-engine: error: Binder Error: Referenced column "nope" not found')
    assert lines[-2:] == ["LINE 1: SELECT nope FROM calls", "               ^^^^"]


def test_an_error_in_the_middle_of_the_rows(cli: Cli, good: Path) -> None:
    outcome = cli(
        "sql", good, "-c", "SELECT if(range = 99999, error('stop'), 1) FROM range(100000)"
    )
    assert outcome.code == 2
    assert "stop" in outcome.err


def test_an_unknown_table_suggests_names(cli: Cli, good: Path) -> None:
    outcome = cli("sql", good, "-c", "FROM event")
    assert outcome.code == 2
    assert 'Did you mean "events"?' in outcome.err
    assert outcome.err.endswith("`tc-engine sql --list` names the tables\n")


def test_a_query_cannot_write(cli: Cli, good: Path, tmp_path: Path) -> None:
    outcome = cli("sql", good, "-c", f"COPY events TO '{tmp_path}/x.csv'")
    assert outcome.code == 2
    assert outcome.err.startswith("tc-engine: error: COPY is not for reading, so it is not run.")
    assert list(tmp_path.iterdir()) == []


def test_every_table_of_the_list_can_be_asked(cli: Cli, good: Path) -> None:
    listed = cli("sql", "--list", "--format", "json")
    assert (listed.code, listed.err) == (0, "")
    rows = json.loads(listed.out)
    tables = [row["table"] for row in rows if row["table"]]
    assert {"events", "traces", "calls", "var_changes"} <= set(tables)
    assert all(row["what one row is"] for row in rows)
    queries = [word for table in tables for word in ("-c", f"SELECT count(*) FROM {table}")]
    assert cli("sql", good, *queries).code == 0


def test_every_file_of_the_list_can_be_shown(cli: Cli) -> None:
    for row in json.loads(cli("sql", "--list", "--format", "json").out):
        shown = cli("sql", "--show", row["file"])
        assert shown.code == 0
        assert shown.out.endswith(Path(shown.out.split("\n", 1)[0][3:]).read_text())


def test_show_sets_what_the_file_reads(cli: Cli, good: Path, tmp_path: Path) -> None:
    text = "SELECT getvariable('min_support'), getvariable('max_repeats');\n"
    (tmp_path / "own.sql").write_text(text)
    options = ["--sql-path", tmp_path, "--set", "min_support=5"]
    assert cli("sql", good, "--show", "own", *options).out == (
        f"-- {tmp_path}/own.sql\n"
        f"SET VARIABLE dataset = ['{good.resolve()}'];\n"
        "SET VARIABLE min_support = 5;\n"
        "SET VARIABLE max_repeats = coalesce(getvariable('max_repeats'), 2);\n"
        f"{text}"
    )


def test_what_is_shown_runs_in_the_shell(cli: Cli, good: Path) -> None:
    with duckdb.connect(":memory:") as connection:
        for file in (
            "settings",
            "macros",
            "1_load/traces",
            "1_load/events",
            "2_derive/trace_bounds",
        ):
            connection.execute(cli("sql", good, "--show", file).out)
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (13,)


def test_show_of_an_unknown_file(cli: Cli) -> None:
    outcome = cli("sql", "--show", "nope")
    assert outcome.code == 2
    assert "there is no SQL file 'nope'. There are: " in outcome.err


def test_own_sql_files(cli: Cli, good: Path, tmp_path: Path) -> None:
    (tmp_path / "2_derive").mkdir()
    (tmp_path / "2_derive" / "functions.sql").write_text(
        "CREATE OR REPLACE TABLE functions AS SELECT 'mine' AS function, false AS is_skipped;"
    )
    outcome = cli("sql", good, "--sql-path", tmp_path, "-c", "SELECT function FROM functions")
    assert outcome.out == "function\nmine\n"


def test_verbose_tells_the_phases(cli: Cli, good: Path) -> None:
    outcome = cli("sql", good, "-v", "-c", "SELECT min(1) AS a FROM calls")
    assert outcome.out == "a\n1\n"
    assert re.search(r"^tc-engine: \d+\.\d s: 2_derive/calls$", outcome.err, re.MULTILINE)


def test_the_type_of_a_name_is_shown_without_all_names(cli: Cli, good: Path) -> None:
    lines = cli("sql", good, "-c", "DESCRIBE calls").out.splitlines()
    assert {"trace,ENUM,YES,,,", "function,ENUM,YES,,,", "step,BIGINT,YES,,,"} <= set(lines)
    summary = cli("sql", good, "-c", "SUMMARIZE calls", "--format", "jsonl").out.splitlines()
    assert {json.loads(line)["column_type"] for line in summary} >= {"ENUM", "BIGINT"}
