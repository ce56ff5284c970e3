"""Result files with the keys that other tools read, and a summary that starts with the cause."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tc_engine import relations
from tc_engine.dataset import open_dataset
from tc_engine.diagnosis import diagnose
from tc_engine.errors import DataError, UsageError
from tc_engine.invariants import ALWAYS, Invariant, read, write
from tc_engine.pipelines.check import Check, check
from tc_engine.pipelines.infer import infer
from tc_engine.report import results, summary
from tests.builder import Trace


def training(*, learns: bool, steps: int = 4) -> Trace:
    """Return a run whose optimizer changes w in each step, or does not."""
    trace = Trace().at(stage="training")
    trace.state("w", data=100, grad=None)
    for step in range(steps):
        trace.at(step=step)
        with trace.call("opt.Opt.zero_grad"):
            pass
        with trace.call("loss.backward"):
            pass
        with trace.call("opt.Opt.step"):
            trace.state("w", data=101 + step if learns else 100, grad=None)
        if not learns:
            with trace.call("loss.backward"):
                pass
    return trace


@pytest.fixture
def checked(tmp_path: Path) -> tuple[Check, Path]:
    good = open_dataset(training(learns=True, steps=6).write(tmp_path / "good"))
    bad = open_dataset(training(learns=False).write(tmp_path / "bad"))
    file = tmp_path / "invariants.json"
    write(file, infer([good], relations=relations.select()).invariants)
    return check([good, bad], read([file])), file


def objects(log: Path) -> list[dict[str, object]]:
    """Split a log as its readers do: at braces in column 0."""
    text = log.read_text()
    return [json.loads("{\n" + part) for part in ("\n" + text).split("\n{\n")[1:]]


def test_files_and_keys(checked: tuple[Check, Path], tmp_path: Path) -> None:
    found, file = checked
    out = tmp_path / "results"
    results.write(found, out, file.read_text(), {})

    assert sorted(entry.name for entry in out.iterdir()) == ["bad", "good", "invariants.json"]
    assert (out / "invariants.json").read_text() == file.read_text()
    failed = objects(out / "bad" / "failed.log")
    passed = objects(out / "bad" / "passed.log")
    idle = objects(out / "bad" / "not_triggered.log")
    assert len(failed) + len(passed) + len(idle) == len(found.invariants)
    assert objects(out / "good" / "failed.log") == []

    (missing,) = [one for one in failed if "changes" in str(one["invariant"])]
    assert missing["check_passed"] is False
    assert missing["triggered"] is True
    assert missing["detection_step"] == 0
    assert missing["num_violations"] == 4
    assert 0 <= float(str(missing["detection_time_percentage"])) <= 1
    (record,) = missing["trace"]  # type: ignore[misc]
    assert record["function"] == "opt.Opt.step"
    assert record["meta_vars.step"] == 0
    assert record["type"] == "function_call (pre)"
    assert record["time"] == missing["detection_time"]

    listed = json.loads((out / "bad" / "violations_summary.json").read_text())
    assert listed["first_violation_step"] == 0
    assert listed["distinct_invariants_violated"] == len(failed)
    assert listed["violations"][0].keys() == {
        "display_name",
        "relation_type",
        "first_step",
        "last_step",
        "occurrences",
    }


def test_the_cause_comes_first(checked: tuple[Check, Path], tmp_path: Path) -> None:
    text = summary.render(checked[0], diagnose(checked[0]), tmp_path / "results")
    lines = text.splitlines()
    total = len(checked[0].invariants)
    assert lines[0] == f"Checking finished. {total} invariants checked"
    assert f"good: Total failed invariants: 0/{total}" in lines
    first = lines[lines.index("Findings, the most telling first:") + 1]
    assert first == "  1. Opt.step() changes no Parameter.data (above-zero -> above-zero)"
    assert "from step 0 on, last in step 3: 4 of 4 times" in text
    assert lines[-1] == f"Results: {tmp_path / 'results'}"


def test_earlier_results_are_replaced_and_nothing_else(
    checked: tuple[Check, Path], tmp_path: Path
) -> None:
    found, file = checked
    out = tmp_path / "results"
    results.write(found, out, file.read_text(), {})
    results.write(found, out, file.read_text(), {})
    (out / "precious.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"precious\.txt"):
        results.write(found, out, file.read_text(), {})
    assert (out / "precious.txt").read_text() == "mine"


def test_unwritable_place(checked: tuple[Check, Path], tmp_path: Path) -> None:
    found, file = checked
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot write"):
        results.write(found, tmp_path / "file" / "results", file.read_text(), {})
    with pytest.raises(UsageError, match="is a file"):
        results.write(found, tmp_path / "file", file.read_text(), {})
    assert not [entry for entry in tmp_path.iterdir() if entry.name.endswith(".tmp")]


def test_unknown_relation_is_not_checked_and_said(tmp_path: Path) -> None:
    run = open_dataset(training(learns=True).write(tmp_path / "run"))
    params = ({"param_type": "APIParam", "api_full_name": "x"},)
    foreign = Invariant("SomeRelation", params, {"x": ALWAYS}, "text")
    found = check([run], [foreign])
    assert not found.violated
    text = summary.render(found, diagnose(found), tmp_path)
    assert "Not checked: this version does not know SomeRelation (1)" in text
