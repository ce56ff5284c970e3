"""A relation from outside on the real command line: the package of examples/, and broken ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.builder import Trace
from tests.cli.conftest import Outcome
from tests.outsider import SQL, install, install_example, run_tool

NO_SQL = (
    "tc-engine: error: there is no SQL file 3_relations/calls_per_step/{}.sql. "
    "If the relation is your own, name the folder that holds it with --sql-path\n"
)

Tool = Callable[..., Outcome]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install_example(tmp_path_factory.mktemp("site"))


@pytest.fixture
def plain(tmp_path: Path) -> Tool:
    """Run tc-engine as it is, in an empty folder."""
    return lambda *argv: run_tool(tmp_path, None, *argv)


@pytest.fixture
def tool(tmp_path: Path, site: Path) -> Tool:
    """Run tc-engine where the example is installed too."""
    return lambda *argv: run_tool(tmp_path, site, *argv)


def training(*, passes: int = 1, update_every: int = 1) -> Trace:
    """Three epochs of three batches, each followed by an evaluation of two batches.

    In step 4 the model is called `passes` times; the optimizer steps every `update_every` batches.
    """
    trace = Trace().at(step=0, stage="init")
    with trace.call("torch.optim.adam.Adam.__init__"):
        pass
    for step in range(9):
        trace.at(step=step, stage="training")
        calls = ["torch.optim.optimizer.Optimizer.zero_grad"]
        calls += ["net.Net.forward"] * (passes if step == 4 else 1)
        calls += ["torch.optim.adam.Adam.step"] * ((step + 1) % update_every == 0)
        if step % 3 == 2:
            calls += ["evaluate", "net.Net.forward", "net.Net.forward"]
        for function in calls:
            if function == "evaluate":
                trace.at(stage="evaluation")
            with trace.call(function):
                pass
    return trace


@pytest.fixture(scope="module")
def rules(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is inferred from a good run."""
    folder = tmp_path_factory.mktemp("rules")
    run = training().write(folder / "good")
    chosen = ["--enable-relation", "calls_per_step", "--sql-path", SQL]
    outcome = run_tool(folder, site, "infer", "-f", run, "-o", folder / "rules.json", *chosen)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines()[2].split()[:4] == ["CallsPerStepRelation", "5", "5", "0"]
    return folder / "rules.json"


def test_it_is_inferred_with_its_precondition(rules: Path) -> None:
    found = [json.loads(line) for line in rules.read_text().splitlines()]
    assert [(one["text_description"], precondition(one)) for one in found] == [
        ("Adam.step() is called exactly once in every step", ["training"]),
        ("Net.forward() is called exactly 2 times in every step", ["evaluation"]),
        ("Net.forward() is called exactly once in every step", ["training"]),
        ("Optimizer.zero_grad() is called exactly once in every step", ["training"]),
        ("evaluate() is called exactly once in every step", ["evaluation"]),
    ]
    params = {"param_type": "APIParam", "api_full_name": "net.Net.forward", "times": 2}
    assert found[1]["params"] == [params]
    # Nine training steps; one step of init, two of evaluation; the last one is not judged.
    assert [found[0][f"num_{side}_examples"] for side in ("positive", "negative")] == [9, 3]


def precondition(rule: dict[str, Any]) -> list[str]:
    """Return the stages that a rule is limited to, which must be all that its precondition says."""
    ((name, condition),) = rule["precondition"].items()
    ((clause,),) = [one["clauses"] for one in condition["preconditions"]]
    told = (name, condition["inverted"], clause["type"], clause["prop_name"])
    assert told == ("first_call_of_step", False, "constant", "meta_vars.stage")
    return list(clause["values"])


@pytest.mark.parametrize(
    ("faulty", "failure", "steps"),
    [
        ({"passes": 2}, "Net.forward() is not called exactly once in a step", [4]),
        (
            {"update_every": 2},
            "Adam.step() is not called exactly once in a step",
            [0, 2, 4, 6, 8],
        ),
    ],
)
def test_a_run_that_breaks_it(
    tool: Tool, rules: Path, tmp_path: Path, faulty: dict[str, int], failure: str, steps: list[int]
) -> None:
    run = training(**faulty).write(tmp_path / "bad")
    outcome = tool("check", "-f", run, "-i", rules, "-o", "results", "--sql-path", SQL)
    assert (outcome.code, outcome.err) == (1, "")
    assert "Total failed invariants: 1/5" in outcome.out
    assert f"  1. {failure}\n" in outcome.out
    verdict = json.loads((tmp_path / "results" / "bad" / "failed.log").read_text())
    assert (verdict["detection_step"], verdict["num_violations"]) == (steps[0], len(steps))
    (record,) = verdict["trace"]
    assert record["function"] == "torch.optim.optimizer.Optimizer.zero_grad"
    summary = json.loads((tmp_path / "results" / "bad" / "violations_summary.json").read_text())
    (violation,) = summary["violations"]
    assert (violation["first_step"], violation["last_step"]) == (steps[0], steps[-1])


def test_a_run_that_keeps_it(tool: Tool, rules: Path, tmp_path: Path) -> None:
    run = training().write(tmp_path / "other")
    outcome = tool("check", "-f", run, "-i", rules, "-o", "results", "--sql-path", SQL)
    assert (outcome.code, outcome.err) == (0, "")
    assert "Total invariants that are not triggered: 0/5" in outcome.out


def test_without_its_sql_one_line_says_what_is_missing(
    tool: Tool, rules: Path, tmp_path: Path
) -> None:
    run = training().write(tmp_path / "run")
    infer = tool("infer", "-f", run, "-o", "rules.json")
    assert (infer.code, infer.out, infer.err) == (2, "", NO_SQL.format("candidates"))
    check = tool("check", "-f", run, "-i", rules, "-o", "results")
    assert (check.code, check.out, check.err) == (2, "", NO_SQL.format("examples"))
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_without_the_package_it_is_not_triggered(plain: Tool, rules: Path, tmp_path: Path) -> None:
    run = training(passes=2).write(tmp_path / "bad")
    outcome = plain("check", "-f", run, "-i", rules, "-o", "results", "--sql-path", SQL)
    reason = "this version does not know CallsPerStepRelation"
    assert (outcome.code, outcome.err) == (0, "")
    assert "Total invariants that are not triggered: 5/5" in outcome.out
    assert f"Not checked: {reason}" in outcome.out
    assert (tmp_path / "results" / "bad" / "not_triggered.log").read_text().count(reason) == 5


def test_it_is_chosen_like_any_other(tool: Tool, plain: Tool, tmp_path: Path) -> None:
    run = training().write(tmp_path / "run")
    asked = ("infer", "-f", run, "-o", "rules.json", "--sql-path", SQL)
    assert "--enable-relation NAME..." in tool("infer", "--help").out
    by_title = tool(*asked, "--enable-relation", "lead", "CallsPerStepRelation")
    titles = [line.split()[0] for line in by_title.out.splitlines()[2:-1]]
    assert titles == ["CallsPerStepRelation", "FunctionLeadRelation"]
    assert "CallsPerStepRelation  " in tool(*asked).out
    assert "CallsPerStepRelation" not in tool(*asked, "--disable-relation", "calls_per_step").out
    unknown = tool(*asked, "--enable-relation", "calls_per_stop")
    assert unknown.code == 2
    assert "calls_per_step (CallsPerStepRelation), consistency (Con" in unknown.err
    assert plain(*asked, "--enable-relation", "calls_per_step").code == 2


@pytest.mark.parametrize(
    ("module", "entry", "line"),
    [
        (
            "import nowhere_to_be_found",
            "broken:RELATION",
            "the relation 'mine' of stranger (broken:RELATION) cannot be loaded: "
            "ModuleNotFoundError: No module named 'nowhere_to_be_found'. ",
        ),
        (
            "raise ValueError('two\\nlines')",
            "broken:RELATION",
            "the relation 'mine' of stranger (broken:RELATION) cannot be loaded: "
            "ValueError: two lines. ",
        ),
        (
            "",
            "broken:RELATION",
            "the relation 'mine' of stranger (broken:RELATION) cannot be loaded: "
            "AttributeError: module 'broken' has no attribute 'RELATION'. ",
        ),
        ("RELATION = 'calls'", "broken:RELATION", "broken:RELATION of stranger is no Relation. "),
        (
            "from tc_engine.relations.lead import RELATION",
            "broken:RELATION",
            "there are 2 relations 'lead'. ",
        ),
    ],
)
def test_a_package_that_is_broken(
    rules: Path, tmp_path: Path, module: str, entry: str, line: str
) -> None:
    site = install(tmp_path / "site", {"broken": module}, {"mine": entry})
    run = training().write(tmp_path / "run")
    for argv in (("infer", "-f", run, "-o", "rules.json"), ("check", "-f", run, "-i", rules)):
        outcome = run_tool(tmp_path, site, *argv)
        assert (outcome.code, outcome.out) == (2, "")
        assert outcome.err.startswith(f"tc-engine: error: {line}")
        assert outcome.err.endswith("ninstall stranger\n") or "Rename yours" in outcome.err
        assert outcome.err.count("\n") == 1
