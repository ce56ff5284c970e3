from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.builder import Trace
from tests.cli.conftest import Cli, training

EMPTY_LINE = ""


def many(count: int, value: int) -> Trace:
    """A step in which each of many functions gets a value."""
    trace = Trace().at(step=0)
    for number in range(count):
        with trace.call(f"f{number:02}", kwargs={"x": value}):
            pass
    return trace


@pytest.fixture
def a(tmp_path: Path) -> Path:
    return many(12, 1).write(tmp_path / "a")


@pytest.fixture
def b(tmp_path: Path) -> Path:
    return many(12, 2).write(tmp_path / "b")


def test_what_differs_is_a_table_and_1(cli: Cli, good: Path, bad: Path) -> None:
    outcome = cli("diff", good, bad)
    assert (outcome.code, outcome.err) == (1, "")
    assert outcome.out.splitlines() == [
        f"A: {good} (4 steps, 0 to 3)",
        f"B: {bad} (4 steps, 0 to 3)",
        "Compared: 4 steps of 1 process, the first of each",
        EMPTY_LINE,
        "Parameters and buffers that differ",
        EMPTY_LINE,
        "variable  variable_type       what                       a  b      step",
        "--------  ------------------  -------------------------  -  -----  ----",
        "w         torch.nn.Parameter  last step that changes it  3  never     -",
        EMPTY_LINE,
        "First steps with other content",
        EMPTY_LINE,
        "variable  attribute  step  changes_a  changes_b  cause_a   cause_b",
        "--------  ---------  ----  ---------  ---------  --------  -------",
        "w         data          0  true       false      opt.step  -",
    ]


def test_no_difference_is_0(cli: Cli, good: Path, tmp_path: Path) -> None:
    outcome = cli("diff", good, training().write(tmp_path / "again"))
    assert outcome.code == 0
    assert outcome.out.endswith("the first of each\n\nNo differences\n")
    assert cli("diff", good, good).code == 0


def test_exit_zero(cli: Cli, good: Path, bad: Path) -> None:
    assert cli("diff", good, bad, "--exit-zero").code == 0


def test_ten_rows_of_a_kind_or_all(cli: Cli, a: Path, b: Path) -> None:
    cut = cli("diff", a, b).out
    assert cut.endswith("... and 2 more; --all shows them\n")
    assert "f09" in cut and "f10" not in cut
    every = cli("diff", a, b, "--all").out
    assert "f11" in every and "more" not in every


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_programs_get_every_row(cli: Cli, a: Path, b: Path, form: str) -> None:
    outcome = cli("diff", a, b, "--format", form)
    assert outcome.code == 1
    lines = outcome.out.splitlines()
    rows = json.loads(outcome.out) if form == "json" else [json.loads(line) for line in lines]
    assert rows[0] == {
        "section": "compared",
        "a": str(a),
        "steps_a": 1,
        "first_step_a": 0,
        "last_step_a": 0,
        "left_out_a": [],
        "b": str(b),
        "steps_b": 1,
        "first_step_b": 0,
        "last_step_b": 0,
        "left_out_b": [],
        "shared_steps": 1,
        "processes": ["process"],
        "by_rank": False,
        "notes": [],
    }
    assert [row["function"] for row in rows[1:]] == [f"f{number:02}" for number in range(12)]
    assert rows[1] == {
        "section": "argument",
        "function": "f00",
        "inside": None,
        "argument": "x",
        "a": "1",
        "b": "2",
        "first_step": 0,
        "differing": 1,
        "compared": 1,
        "value_pairs": 1,
        "processes": "process",
    }


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_no_difference_as_json(cli: Cli, good: Path, form: str) -> None:
    outcome = cli("diff", good, good, "--format", form)
    assert outcome.code == 0
    rows = json.loads(outcome.out)
    assert [row["section"] for row in (rows if form == "json" else [rows])] == ["compared"]


def ranked(*ranks: int) -> Trace:
    trace = Trace()
    for rank in ranks:
        trace.process(10 + rank).at(step=0, RANK=rank)
        with trace.call("f", kwargs={"x": len(ranks) * (rank == 1)}):
            pass
    return trace


def test_how_processes_were_matched_is_told(cli: Cli, tmp_path: Path) -> None:
    a, b = ranked(0, 1).write(tmp_path / "a"), ranked(0, 1, 2, 3).write(tmp_path / "b")
    lines = cli("diff", a, b).out.splitlines()
    assert lines[2:4] == [
        "Compared: 1 step of 2 processes, by rank: 0, 1",
        "Left out of B: 2, 3",
    ]
    assert lines[-1].split()[-1] == "1"  # the rank that differs


def test_runs_that_were_recorded_in_other_ways_are_noted(
    cli: Cli, good: Path, tmp_path: Path
) -> None:
    other = training().write(tmp_path / "other")
    manifest = json.loads((other / "manifest.json").read_text())
    manifest["notes"] = {"plan": {"groups": ["optimizer"]}}
    manifest["counts"]["dropped"] = 3
    manifest["versions"] = {"torch": "2.9"}
    (other / "manifest.json").write_text(json.dumps(manifest))
    outcome = cli("diff", good, other)
    assert outcome.code == 0
    assert outcome.out.splitlines()[3:6] == [
        "Note: the runs were recorded in different ways: what one did not record may seem gone",
        "Note: 3 events of B were dropped while it was recorded",
        "Note: torch is unknown in A and 2.9 in B",
    ]


def test_text_of_a_trace_cannot_steer_the_terminal(cli: Cli, good: Path, tmp_path: Path) -> None:
    trace = training()
    with trace.call("\x1b[2Jevil"):
        pass
    outcome = cli("diff", good, trace.write(tmp_path / "evil"))
    assert outcome.code == 1
    assert "evil" in outcome.out
    assert "\x1b" not in outcome.out


def test_runs_without_a_rank_in_common_are_3(cli: Cli, tmp_path: Path) -> None:
    a, b = ranked(0).write(tmp_path / "a"), ranked(1).write(tmp_path / "b")
    outcome = cli("diff", a, b)
    assert outcome.code == 3
    assert outcome.err.count("\n") == 1
    assert "have no process in common" in outcome.err


def test_one_run_is_not_enough(cli: Cli, good: Path) -> None:
    outcome = cli("diff", good)
    assert outcome.code == 2
    assert "Missing argument 'RUN_B'" in outcome.err
