"""What becomes of the fields of a trace's rows."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from tests.ingest.traces import call, convert_lines, post, pre, raised, state


def test_a_call_is_one_row(tmp_path: Path) -> None:
    report, rows = convert_lines(
        tmp_path,
        pre(
            "id-1",
            100,
            "torch.relu",
            is_bound_method=True,
            obj_id=139900000000777,
            args={"0": {"torch.Tensor": {"shape": [2, 3], "data": None}}},
            kwargs={},
            meta_vars={"step": 3, "stage": "training", "RANK": 0},
        ),
        post("id-1", 250, "torch.relu", return_values=[{"int": 1}], meta_vars={"step": 4}),
    )
    assert rows == [
        {
            "kind": "call",
            "process_id": 1,
            "thread_id": 7,
            "event_id": 1,
            "start_ts": 100,
            "end_ts": 250,
            "outcome": "ok",
            "function": "torch.relu",
            "receiver": 139900000000777,
            "args": {"0": {"torch.Tensor": {"shape": [2, 3], "data": None}}},
            "kwargs": {},
            "result": [{"int": 1}],
            "step": 3,
            "stage": "training",
            "meta": {"RANK": 0},
            "source_id": "id-1",
            "extra": {"is_bound_method": True},
        }
    ]
    assert (report.files, report.rows, report.calls, report.states) == (1, 2, 1, 0)
    assert report.problem_count == 0


def test_a_state_is_one_row(tmp_path: Path) -> None:
    big = -9223372036854775808
    report, rows = convert_lines(
        tmp_path,
        state(
            "w",
            5,
            {"data": big, "grad": None, "over": 2**70, "x": 0.1},
            mode="update",
            dump_loc="i",
        ),
    )
    assert rows == [
        {
            "kind": "state",
            "process_id": 1,
            "thread_id": 7,
            "event_id": 1,
            "start_ts": 5,
            "variable": "w",
            "variable_type": "torch.nn.Parameter",
            "attributes": {"data": big, "grad": None, "over": 2**70, "x": 0.1},
            "extra": {"mode": "update", "dump_loc": "i"},
        }
    ]
    assert (report.states, report.variables) == (1, 1)


def test_an_exception(tmp_path: Path) -> None:
    _, [row] = convert_lines(
        tmp_path,
        pre("a", 1),
        raised("a", 4, exception="ValueError", exception_msg='no "x"\nat all'),
    )
    assert (row["outcome"], row["end_ts"]) == ("exception", 4)
    assert (row["exception"], row["exception_message"]) == ("ValueError", 'no "x"\nat all')


def test_absent_empty_and_null_stay_apart(tmp_path: Path) -> None:
    _, [absent, empty, null] = convert_lines(
        tmp_path,
        *call("a", 1, 2),
        *call("b", 3, 4, args={}, kwargs={}),
        *call("c", 5, 6, args={"0": {"NoneType": None}}, kwargs=None),
    )
    assert not {"args", "kwargs", "result", "receiver", "meta", "extra"} & set(absent)
    assert (empty["args"], empty["kwargs"]) == ({}, {})
    assert null["args"] == {"0": {"NoneType": None}}
    # JSON null reads as None, which is not the same as no kwargs at all.
    assert "kwargs" in null
    assert null["kwargs"] is None


def test_a_step_or_stage_of_another_type_stays_in_meta(tmp_path: Path) -> None:
    metas = [
        {"step": None, "stage": None},
        {"step": "3", "stage": 1},
        {"step": 1.5, "stage": "training", "eval_step": 2},
        {"step": True},
        {"step": 2**63},
    ]
    _, rows = convert_lines(
        tmp_path,
        *[state("w", time, {}, meta_vars=meta) for time, meta in enumerate(metas)],
    )
    assert [(row.get("step"), row.get("stage"), row.get("meta")) for row in rows] == [
        (None, None, {"step": None, "stage": None}),
        (None, None, {"step": "3", "stage": 1}),
        (None, "training", {"step": 1.5, "eval_step": 2}),
        (None, None, {"step": True}),
        (None, None, {"step": 2**63}),
    ]


def test_address_keys_have_one_prefix(tmp_path: Path) -> None:
    _, [row] = convert_lines(
        tmp_path,
        state(
            "w",
            1,
            {
                "_ML_DAIKON_data_ID": 1,
                "_TRAINCHECK_grad_ID": 2,
                "inner": [{"_ML_DAIKON_grad_ID": 3}],
                "text": 'a,"_ML_DAIKON_data_ID":4',
                "value": "_ML_DAIKON_data_ID",
            },
        ),
    )
    assert row["attributes"] == {
        "_TRAINCHECK_data_ID": 1,
        "_TRAINCHECK_grad_ID": 2,
        "inner": [{"_TRAINCHECK_grad_ID": 3}],
        "text": 'a,"_ML_DAIKON_data_ID":4',
        "value": "_ML_DAIKON_data_ID",
    }


def test_numbers_that_json_does_not_know_become_strings(tmp_path: Path) -> None:
    inf = float("inf")
    _, [row] = convert_lines(
        tmp_path,
        state(
            "w",
            1,
            {
                "min": -inf,
                "max": inf,
                "mean": [float("nan"), 1.5],
                "text": 'NaN: NaN, "Infinity", \\',
            },
        ),
    )
    assert row["attributes"] == {
        "min": "-Infinity",
        "max": "Infinity",
        "mean": ["NaN", 1.5],
        "text": 'NaN: NaN, "Infinity", \\',
    }


def test_json_text_is_normal(tmp_path: Path) -> None:
    line = (
        '{ "type" : "state_change", "time": 1, "process_id": 1, "thread_id": 7,'
        ' "var_name": "w", "var_type": "t", "attributes" : { "a" : [ 1 , 2.50 ], "b": "\\u00e9" } }'
    )
    convert_lines(tmp_path, line)
    part = next(tmp_path.glob("trace-run/events/*/*.parquet"))
    assert pq.read_table(part)["attributes"].to_pylist() == ['{"a":[1,2.5],"b":"é"}']


def test_awkward_content(tmp_path: Path) -> None:
    nasty = "'; DROP TABLE x; -- \x00 \u2028 \U0001f600"
    report, rows = convert_lines(
        tmp_path,
        *call(nasty, 1, 2, function=nasty),
        state("w", 3, {"long": "x" * 5_000_000}),
        state("w", 4, {"$.type": 1, "a.b": {"c": {}}, "": None}),
    )
    assert report.problem_count == 0
    assert (rows[0]["function"], rows[0]["source_id"]) == (nasty, nasty)
    assert len(rows[1]["attributes"]["long"]) == 5_000_000
    assert rows[2]["attributes"] == {"$.type": 1, "a.b": {"c": {}}, "": None}


def test_events_are_numbered_by_process_and_start(tmp_path: Path) -> None:
    report, rows = convert_lines(
        tmp_path,
        state("w", 30, {}),
        *call("b", 10, 40),
        *call("a", 20, 25),
        state("v", 5, {}, process_id=-2),
    )
    assert [(row["process_id"], row["event_id"], row["start_ts"]) for row in rows] == [
        (-2, 1, 5),
        (1, 1, 10),
        (1, 2, 20),
        (1, 3, 30),
    ]
    assert [row.get("parent_id") for row in rows] == [None, None, 1, None]
    folders = sorted(path.name for path in (tmp_path / "trace-run" / "events").iterdir())
    assert folders == ["process=-2", "process=1"]
    assert report.variables == 2
