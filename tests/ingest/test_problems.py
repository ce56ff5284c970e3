"""Damaged traces: nothing aborts, everything is counted."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tc_engine.errors import DataError
from tc_engine.ingest import ingest
from tests.ingest.traces import LIMITS, call, convert, convert_lines, post, pre, state, write


def test_lines_that_are_not_json(tmp_path: Path) -> None:
    report, rows = convert_lines(
        tmp_path, *call("a", 1, 2), '{"type": "func', b"\xff{}", "", " \t\r", *call("b", 3, 4)
    )
    assert (report.rows, report.bad_json, report.calls) == (6, 2, 2)
    assert [str(problem) for problem in report.problems] == [
        "trace_API_1_7.log:3: not JSON",
        "trace_API_1_7.log:4: not UTF-8",
    ]
    assert [row["source_id"] for row in rows] == ["a", "b"]


def test_a_last_line_that_was_cut_off_is_no_reason_to_read_again(tmp_path: Path) -> None:
    lines = [json.dumps(row) for row in call("a", 1, 2)]
    folder = write(tmp_path / "trace", [])
    (folder / "trace_API_1_7.log").write_text("\n".join([*lines, lines[0][:-20]]))
    told: list[str] = []
    report, rows = convert(folder, progress=told.append)
    assert [str(problem) for problem in report.problems] == ["trace_API_1_7.log:3: not JSON"]
    assert len(rows) == 1
    assert told.count("reading trace_API_1_7.log (1 of 1)") == 1

    (folder / "trace_API_1_7.log").write_text("\n".join([*lines, "{}}", *lines]))
    report, _ = convert(folder, progress=told.append)
    assert report.bad_json == 1
    assert told.count("reading trace_API_1_7.log (1 of 1)") == 3


def test_a_truncated_compressed_file(tmp_path: Path) -> None:
    rows = [row for number in range(5000) for row in call(f"id-{number**3}", number, number)]
    packed = gzip.compress("\n".join(json.dumps(row) for row in rows).encode())
    folder = write(tmp_path / "trace", call("whole", 1, 2), "trace_a.log")
    (folder / "trace_b.log.gz").write_bytes(packed[: len(packed) * 2 // 3])
    report, found = convert(folder)
    assert 1000 < report.calls < 5000
    assert report.calls == len(found)
    assert (report.bad_json, report.problems[-1].file) == (1, "trace_b.log.gz")
    assert report.problems[-1].message.startswith("damaged file: ")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({}, "missing or of another type: type, time, process_id, thread_id"),
        ("[1, 2]", "missing or of another type: type, time, process_id, thread_id"),
        (pre("a", 1, time="1"), "missing or of another type: time"),
        (pre("a", 1, time=1.5), "missing or of another type: time"),
        (pre("a", 1, process_id=None), "missing or of another type: process_id"),
        (pre("a", 1, thread_id=2**64), "missing or of another type: thread_id"),
        (pre("a", 1, func_call_id=5), "missing or of another type: func_call_id"),
        (pre("a", 1, function=None), "missing or of another type: function"),
        (pre("a", 1, meta_vars=[1]), "missing or of another type: meta_vars"),
        (state("w", 1, {}, var_name=None), "missing or of another type: var_name"),
        (state("w", 1, {}, var_type=None), "missing or of another type: var_type"),
        (state("w", 1, {}, attributes=[]), "missing or of another type: attributes"),
    ],
)
def test_rows_without_what_they_need(tmp_path: Path, row: object, message: str) -> None:
    line = row if isinstance(row, str) else json.dumps(row)
    report, rows = convert_lines(tmp_path, *call("ok", 1, 2), line)
    assert (report.missing_keys, report.problem_count, len(rows)) == (1, 1, 1)
    assert str(report.problems[0]) == f"trace_API_1_7.log:3: {message}"


def test_a_row_of_an_unknown_type(tmp_path: Path) -> None:
    report, rows = convert_lines(tmp_path, *call("ok", 1, 2), pre("a", 1, type="gpu_kernel"))
    assert (report.unknown_types, report.problem_count, len(rows)) == (1, 1, 1)
    assert report.problems[0].message == "unknown type gpu_kernel"


#  time    1   2   3   4   5   6
#  a       |--------------------  never returns
#  b           |---|
#  c                   |--------  never returns
#  w                           *
def test_calls_that_never_return_are_kept(tmp_path: Path) -> None:
    report, rows = convert_lines(
        tmp_path, pre("a", 1), *call("b", 2, 3), pre("c", 4), state("w", 6, {})
    )
    assert report.incomplete == 2
    assert report.problem_count == 0
    assert [(row.get("source_id"), row.get("outcome"), row.get("end_ts")) for row in rows] == [
        ("a", "incomplete", None),
        ("b", "ok", 3),
        ("c", "incomplete", None),
        (None, None, None),
    ]
    assert [row.get("parent_id") for row in rows] == [None, 1, 1, None]


def test_a_return_without_a_call(tmp_path: Path) -> None:
    report, rows = convert_lines(tmp_path, post("lost", 1), *call("a", 2, 3))
    assert (report.orphan_posts, report.problem_count, len(rows)) == (1, 1, 1)
    assert str(report.problems[0]).startswith("trace_API_1_7.log:1: the call lost returns here")


def test_a_call_that_returns_before_it_is_entered_never_returned(tmp_path: Path) -> None:
    report, [row] = convert_lines(tmp_path, *call("a", 5, 3))
    assert (report.orphan_posts, report.incomplete) == (1, 1)
    assert row["outcome"] == "incomplete"
    assert "end_ts" not in row


def test_of_a_call_id_used_twice_the_first_is_kept(tmp_path: Path) -> None:
    report, [row] = convert_lines(
        tmp_path,
        *call("a", 1, 2, function="first"),
        *call("a", 3, 4, function="second"),
    )
    assert (report.duplicate_calls, report.calls) == (2, 1)
    assert (row["function"], row["start_ts"], row["end_ts"]) == ("first", 1, 2)
    assert [str(problem) for problem in report.problems] == [
        "trace_API_1_7.log:3: the call id a was used before",
        "trace_API_1_7.log:4: the call id a was used before",
    ]


def test_the_same_call_id_in_two_processes_is_two_calls(tmp_path: Path) -> None:
    report, rows = convert_lines(
        tmp_path,
        *call("a", 1, 2),
        *call("a", 3, 4, process_id=2),
        pre("b", 1),
        post("b", 2, process_id=2),
    )
    assert (report.duplicate_calls, report.orphan_posts, report.incomplete) == (0, 1, 1)
    assert [(row["process_id"], row["start_ts"]) for row in rows] == [(1, 1), (1, 1), (2, 3)]


def test_only_the_first_problems_are_shown_but_all_are_counted(tmp_path: Path) -> None:
    report, _ = convert_lines(tmp_path, *call("a", 1, 2), *["{"] * 50)
    assert (report.bad_json, report.problem_count, len(report.problems)) == (50, 50, 20)


def test_strict_names_the_first_problem_and_writes_nothing(tmp_path: Path) -> None:
    folder = write(tmp_path / "trace", [*call("a", 1, 2), "{", "["])
    with pytest.raises(DataError, match=r"trace_API_1_7\.log:3: not JSON \(2 problems in all\)"):
        ingest([folder], tmp_path / "run", limits=LIMITS, strict=True)
    assert [path.name for path in tmp_path.iterdir()] == ["trace"]


def test_strict_accepts_calls_that_never_return(tmp_path: Path) -> None:
    folder = write(tmp_path / "trace", [pre("a", 1)])
    assert ingest([folder], tmp_path / "run", limits=LIMITS, strict=True).incomplete == 1


def test_a_trace_without_a_single_event(tmp_path: Path) -> None:
    folder = write(tmp_path / "trace", ["{"])
    with pytest.raises(DataError, match=r"no event was found in the trace: trace_API_1_7\.log:1"):
        ingest([folder], tmp_path / "run", limits=LIMITS)
    (folder / "trace_API_1_7.log").write_text("")
    with pytest.raises(DataError, match="no event was found"):
        ingest([folder], tmp_path / "run", limits=LIMITS)
    assert [path.name for path in tmp_path.iterdir()] == ["trace"]
