"""A run as TrainCheck's trace files: each line, and the way back."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given, settings

from tc_engine import relations
from tc_engine.dataset import open_dataset
from tc_engine.errors import DataError, UsageError
from tc_engine.export import ExportReport, export_traincheck
from tc_engine.ingest import ingest
from tc_engine.pipelines.infer import infer
from tests.builder import Row, Trace, write_rows
from tests.ingest.traces import LIMITS, convert, pre, read, state
from tests.ingest.traces import call as traincheck_call
from tests.ingest.traces import write as write_traincheck
from tests.random_traces import random_traces

SAMPLES = Path(__file__).resolve().parent.parent / "data" / "samples"

# TrainCheck's rows have no place for these.
NO_PLACE = {
    "parameters": "its readers take parameter names from the signatures of importable functions",
    "source": "its rows do not tell where the program called",
    "cause_id": "its readers take every call that is open for the cause of a change",
}
# These come with TrainCheck's rows.
ADDED = {
    "source_id": "func_call_id: it pairs the two rows of a call",
    "extra": "is_bound_method, and an empty proxy_obj_names",
}


def export(run: Path, folder: Path, **options: Any) -> ExportReport:
    return export_traincheck(open_dataset(run), folder, limits=LIMITS, **options)


def written(folder: Path) -> dict[str, list[Row]]:
    return {
        file.name: [json.loads(line) for line in file.read_text().splitlines()]
        for file in sorted(folder.iterdir())
    }


def test_each_line(tmp_path: Path) -> None:
    trace = Trace().process(1).thread(7).at(step=3, stage="training", rank=0)
    with trace.call("opt.step", args=[2], kwargs={"x": None}, receiver=5, result=(1, "é")) as step:
        trace.state("w", data=-1, grad=None, cause=step)
    with trace.call("next", exception="StopIteration"):
        pass
    trace.enter("stuck")
    report = export(trace.write(tmp_path / "run"), tmp_path / "out")
    place = {"process_id": 1, "thread_id": 7}
    common = {**place, "meta_vars": {"step": 3, "stage": "training", "rank": 0}}
    method = {**common, "is_bound_method": True, "obj_id": 5, "function": "opt.step"}
    plain = {**common, "is_bound_method": False, "obj_id": None}
    entered: Row = {"type": "function_call (pre)", "proxy_obj_names": []}
    step_args = {"args": {"0": {"int": 2}}, "kwargs": {"x": {"NoneType": None}}}
    assert written(tmp_path / "out") == {
        "proxy_log.json": [
            {
                **common,
                "type": "state_change",
                "var_name": "w",
                "var_type": "torch.nn.Parameter",
                "time": 1020,
                "attributes": {"data": -1, "grad": None},
            }
        ],
        "trace_API_1_7.log": [
            {**entered, **method, "func_call_id": "1_1", "time": 1010, **step_args},
            {
                **method,
                "type": "function_call (post)",
                "func_call_id": "1_1",
                "time": 1030,
                "return_values": [{"int": 1}, {"str": "é"}],
            },
            {**entered, **plain, "func_call_id": "1_3", "time": 1040, "function": "next"},
            {
                **plain,
                "type": "function_call (post) (exception)",
                "func_call_id": "1_3",
                "time": 1050,
                "function": "next",
                "exception": "StopIteration",
                "exception_msg": None,
            },
            {**entered, **plain, "func_call_id": "1_4", "time": 1060, "function": "stuck"},
        ],
    }
    assert report == ExportReport(files=2, rows=6)


def test_a_function_is_a_method_in_all_its_calls_or_in_none(tmp_path: Path) -> None:
    trace = Trace()
    for receiver in (None, 3):
        with trace.call("f", receiver=receiver):
            pass
    export(trace.write(tmp_path / "run"), tmp_path / "out")
    (rows,) = written(tmp_path / "out").values()
    assert [row["is_bound_method"] for row in rows] == [True] * 4
    assert [row["obj_id"] for row in rows] == [None, None, 3, 3]


def test_lines_of_one_time_nest(tmp_path: Path) -> None:
    trace = Trace()
    outer = trace.enter("outer", start=1)
    inner = trace.enter("inner", start=2)
    trace.leave(inner, end=3)
    trace.leave(outer, end=3)
    for name in ("next", "within"):
        trace.leave(trace.enter(name, start=3), end=3)
    export(trace.write(tmp_path / "run"), tmp_path / "out")
    (rows,) = written(tmp_path / "out").values()
    order = ["+outer", "+inner", "-inner", "-outer", "+next", "+within", "-within", "-next"]
    assert [("+" if "pre" in row["type"] else "-") + row["function"] for row in rows] == order


def test_a_file_for_each_thread_and_lines_by_time(tmp_path: Path) -> None:
    trace = Trace()
    for _ in range(3):
        for process, thread in ((1, 1), (2, 1), (1, 2)):
            with trace.process(process).thread(thread).call("f"):
                trace.state("w", data=1)
    export(trace.write(tmp_path / "run"), tmp_path / "out")
    files = written(tmp_path / "out")
    threads = ["trace_API_1_1.log", "trace_API_1_2.log", "trace_API_2_1.log"]
    assert list(files) == ["proxy_log.json", *threads]
    for rows in files.values():
        times = [row["time"] for row in rows]
        assert times == sorted(times)


def test_strange_text_stays_one_line(tmp_path: Path) -> None:
    name = 'a"b\\\n\r\u2028{}\x01'
    trace = Trace().at(**{name: name})
    with trace.call(name, kwargs={name: name}):
        trace.state(name, **{name: name})
    rows = trace.rows()
    export(write_rows(tmp_path / "run", rows), tmp_path / "out")
    for file in (tmp_path / "out").iterdir():
        for line in file.read_bytes().splitlines():
            assert json.loads(line)["meta_vars"] == {name: name}
    back = read(ingested(tmp_path / "out", tmp_path / "back"))
    assert surviving(back) == surviving(rows)


def test_norms_are_no_attributes(tmp_path: Path) -> None:
    rows = Trace().state("w", data=1).row | {"event_id": 1, "extra": {"norms": {"data": 2.0}}}
    export(write_rows(tmp_path / "run", [rows]), tmp_path / "out")
    assert "norms" not in (tmp_path / "out" / "proxy_log.json").read_text()


def test_context_managers_can_be_left_out(tmp_path: Path) -> None:
    trace = Trace().at(rank=0, context_managers={"torch.no_grad": {}})
    trace.state("w", data=1)
    run = trace.write(tmp_path / "run")
    export(run, tmp_path / "with")
    export(run, tmp_path / "without", contexts=False)
    (kept,), (left,) = (written(tmp_path / name).values() for name in ("with", "without"))
    assert kept[0]["meta_vars"] == {"rank": 0, "context_managers": {"torch.no_grad": {}}}
    assert left[0]["meta_vars"] == {"rank": 0}


def test_what_came_from_traincheck_goes_back_as_it_was(tmp_path: Path) -> None:
    proxy = {"proxy_obj_names": [["w", "Parameter"]]}
    method = {"is_bound_method": True, "obj_id": 140505607795824}
    calls = traincheck_call("abc_1", 1, 5, **method)
    rows = {
        "proxy_log.json": [state("w", 3, {"data": 2**62}, mode="update", dump_loc="initing")],
        "trace_API_1_7.log": [calls[0] | proxy, calls[1], pre("abc_2", 6, "g", **method)],
    }
    for name, lines in rows.items():
        write_traincheck(tmp_path / "in", lines, name)
    convert(tmp_path / "in")
    export(tmp_path / "in-run", tmp_path / "out")
    assert written(tmp_path / "out") == rows


def ingested(folder: Path, run: Path) -> Path:
    ingest([folder], run, limits=LIMITS, strict=True)
    return run


def surviving(rows: list[Row]) -> list[Row]:
    """Return what must be the same after the way there and back."""
    nested = enclosing(rows)
    first = {row["process_id"]: row["event_id"] for row in reversed(rows)}
    return [
        {
            **{key: value for key, value in row.items() if key not in {*NO_PLACE, *ADDED, "meta"}},
            # The collector counts events from 0, ingest from 1.
            "event_id": row["event_id"] - first[row["process_id"]],
            "parent_id": nested.get((row["process_id"], row["event_id"])),
            # No annotations and an empty object of them are the same.
            "meta": row.get("meta") or None,
        }
        for row in renamed(rows)
    ]


def renamed(rows: Any) -> Any:
    """Return JSON with the newer prefix for the older one, as ingest writes it."""
    return json.loads(json.dumps(rows).replace("_ML_DAIKON_", "_TRAINCHECK_"))


def enclosing(rows: list[Row]) -> dict[tuple[int, int], int]:
    """Return the start of the call around each call: their numbers may be others."""
    calls = [row for row in rows if row["kind"] == "call"]
    found = {}
    for process in {row["process_id"] for row in calls}:
        own = {row["event_id"]: row for row in calls if row["process_id"] == process}
        for number, row in own.items():
            if "parent_id" in row:
                found[process, number] = own[row["parent_id"]]["start_ts"]
    return found


@settings(max_examples=30, deadline=None, phases=[Phase.generate])
@given(random_traces(most=1))
def test_there_and_back(traces: dict[str, Trace]) -> None:
    rows = traces["run_0"].rows()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        export(write_rows(scratch / "run", rows), scratch / "out")
        back = read(ingested(scratch / "out", scratch / "back"))
        export(scratch / "back", scratch / "again")
        assert written(scratch / "again") == renamed(written(scratch / "out"))
    assert surviving(back) == surviving(rows)


@pytest.mark.parametrize("name", ["digits_run", "forum_84911_run"])
def test_a_sample_there_and_back(name: str, tmp_path: Path) -> None:
    export(SAMPLES / name, tmp_path / "out")
    back = read(ingested(tmp_path / "out", tmp_path / "back"))
    assert surviving(back) == surviving(read(SAMPLES / name))


def test_the_same_invariants_are_learned_there_and_back(tmp_path: Path) -> None:
    export(SAMPLES / "digits_run", tmp_path / "out")
    runs = SAMPLES / "digits_run", ingested(tmp_path / "out", tmp_path / "back")
    learned = [
        {
            one.text: one.precondition
            for one in infer([open_dataset(run)], relations=relations.select()).invariants
        }
        for run in runs
    ]
    # Without the names of parameters, an argument given by position cannot be told.
    unnamed = {
        text.replace("(inplace=False)", "()"): precondition
        for text, precondition in learned[0].items()
        if "training=" not in text
    }
    assert learned[1] == unnamed
    assert len(learned[0]) > 80


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    trace = Trace()
    trace.state("w", data=1)
    run = trace.write(tmp_path / "run")
    (tmp_path / "file").touch()
    for taken in (run, tmp_path / "file"):
        with pytest.raises(UsageError, match="exists and is not empty"):
            export(run, taken)
    assert open_dataset(run).parts
    (tmp_path / "empty").mkdir()
    assert export(run, tmp_path / "empty").files == 1


def test_a_run_without_events_is_refused(tmp_path: Path) -> None:
    trace = Trace()
    trace.state("w", data=1)
    run = trace.write(tmp_path / "run")
    (part,) = open_dataset(run).parts
    pq.write_table(pq.read_table(part, partitioning=None).slice(0, 0), part)
    with pytest.raises(DataError, match="holds no events"):
        export(run, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_is_left_of_an_export_that_ends_early(tmp_path: Path) -> None:
    trace = Trace()
    trace.state("w", data=1)
    run = trace.write(tmp_path / "run")

    def interrupt(phase: str) -> None:
        if phase.startswith("writing"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(run, tmp_path / "out", progress=interrupt)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
