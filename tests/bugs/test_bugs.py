"""The cause of each silent bug is found, and the right version of the program not blamed for it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tc_engine.invariants import ALWAYS, Invariant
from tests.bugs.catalogue import BUGS, BUGS_FOLDER, COVER, Bug, Cause, api
from tests.bugs.runs import Runs

HELPERS = {"common", "writing"}
STEP, CLEAR = "torch.optim.adam.Adam.step", "torch.optim.optimizer.Optimizer.zero_grad"


KEPT = "TC_ENGINE_TEST_RUNS"
"""Environment variable: a folder that keeps the runs for the next session."""


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    kept = os.environ.get(KEPT)
    return Runs(Path(kept) if kept else tmp_path_factory.mktemp("bugs"))


@pytest.mark.slow
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_cause_is_found(bug: Bug, runs: Runs) -> None:
    wrong = runs.wrong(bug)
    told = [finding.head.invariant.text for finding in wrong.findings]
    if bug.lacks:
        assert wrong.rank is None, "found after all: say so in the catalogue"
    else:
        assert wrong.rank is not None, told
        assert wrong.rank <= bug.rank, told


@pytest.mark.slow
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_right_version_is_not_blamed(bug: Bug, runs: Runs) -> None:
    assert runs.right(bug).rank is None


def test_every_program_is_in_the_catalogue() -> None:
    names = [bug.name for bug in BUGS]
    assert sorted({*names, *HELPERS}) == sorted(file.stem for file in BUGS_FOLDER.glob("*.py"))
    assert len(set(names)) == len(names)
    for bug in BUGS:
        assert all(program.file.is_file() for program in bug.references)


def test_cause_is_told_by_relation_and_params_in_order() -> None:
    rule = Invariant(COVER, functions(CLEAR, STEP), {"func_cover": ALWAYS}, "")
    cause = Cause(COVER, api("zero_grad", "Adam.step"))
    assert cause.is_named_by(rule)
    assert Cause(COVER, api("zero_grad")).is_named_by(rule)
    assert not cause.is_named_by(replace(rule, relation="FunctionLeadRelation"))
    assert not cause.is_named_by(replace(rule, params=functions(STEP, CLEAR)))
    assert not cause.is_named_by(replace(rule, params=functions(CLEAR)))


def functions(*names: str) -> tuple[dict[str, str], ...]:
    return tuple({"param_type": "APIParam", "api_full_name": name} for name in names)
