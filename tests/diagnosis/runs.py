"""Runs of a small training program, right or wrong in one way, and what is found in them."""

from __future__ import annotations

from pathlib import Path

from tc_engine import relations
from tc_engine.dataset import open_dataset
from tc_engine.diagnosis import Diagnosis, diagnose
from tc_engine.pipelines.check import Check, check
from tc_engine.pipelines.infer import infer
from tests.builder import Trace


def training(
    *, updates: bool = True, drops: bool = False, frozen: bool = False, steps: int = 6
) -> Trace:
    """Return a run that updates its parameter or not, and evaluates with dropout or without."""
    trace = Trace().at(stage="training", step=0)
    trace.state("w", data=100, grad=None, requires_grad=not frozen)
    for step in range(steps):
        trace.at(stage="training", step=step)
        with trace.call("torch.optim.sgd.SGD.zero_grad"):
            trace.state("w", data=100 + step * updates, grad=None)
        with trace.call("Net.forward"), trace.call("dropout", kwargs={"training": True}):
            pass
        with trace.call("torch.optim.sgd.SGD.step"):
            trace.state("w", data=100 + (step + 1) * updates, grad=7 + step)
        trace.at(stage="evaluation")
        with trace.call("Net.forward"), trace.call("dropout", kwargs={"training": drops}):
            pass
    return trace


def judged(tmp_path: Path, **wrong: bool) -> tuple[Check, Diagnosis]:
    """Check a wrong run by what a good one teaches."""
    good = open_dataset(training(steps=9).write(tmp_path / "good"))
    bad = open_dataset(training(**wrong).write(tmp_path / "bad"))
    found = check([bad], infer([good], relations=relations.select()).invariants)
    return found, diagnose(found)
