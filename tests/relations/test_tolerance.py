"""Consistency within a tolerance: replicas whose bits differ and whose norms agree."""

from __future__ import annotations

from pathlib import Path

import pytest

from tc_engine import relations
from tc_engine.dataset import Dataset, open_dataset
from tc_engine.pipelines.check import Check, check
from tc_engine.pipelines.infer import infer
from tests.builder import Trace

CONSISTENCY = relations.select(["consistency"])


def replicas(folder: Path, *norms: tuple[object, object]) -> Dataset:
    """Two replicas of a weight whose contents never agree to the bit; their norms step by step."""
    trace = Trace()
    for step, pair in enumerate([(1.0, 1.0), *norms]):
        for rank, norm in enumerate(pair):
            trace.process(rank + 1).thread(rank + 1).at(step=step)
            extra = {"norms": {"data": norm}}
            trace.state("w", data=10 * step + rank, notes={"extra": extra})
        trace.wait(10_000)  # in which both hold the same step's content
    trace.state("lr", type="float", data=0.1)
    return open_dataset(trace.write(folder))


def violations(found: Check) -> int:
    return sum(one.violation.count for one in found.results if one.violation)


def test_the_rule_is_found_within_the_tolerance_only_and_keeps_it(tmp_path: Path) -> None:
    good = replicas(tmp_path / "good", (2.0, 2.0001), (3.0, 3.0001), (4.0, 4.0))
    assert not infer([good], relations=CONSISTENCY).invariants
    assert not infer([good], relations=CONSISTENCY, settings={"tolerance": 1e-6}).invariants

    (rule,) = infer([good], relations=CONSISTENCY, settings={"tolerance": 1e-3}).invariants
    assert rule.text == (
        "Parameter.data equals Parameter.data of other variables, within 0.001 of the norm"
    )
    assert [param["tolerance"] for param in rule.params] == [1e-3, 1e-3]
    assert (rule.positive, rule.negative) == (3, 0)
    assert violations(check([good], [rule])) == 0

    bad = replicas(tmp_path / "bad", (2.0, 2.0001), (3.0, 3.1), (4.0, 4.1))
    assert violations(check([bad], [rule])) == 2
    assert violations(check([bad], [rule], settings={"tolerance": 0.05})) == 0


@pytest.mark.parametrize("norm", [None, "NaN", "Infinity", "text", {}])
def test_what_is_no_finite_number_is_close_to_nothing(tmp_path: Path, norm: object) -> None:
    run = replicas(tmp_path / "run", (norm, norm), (norm, norm), (norm, norm))
    assert not infer([run], relations=CONSISTENCY, settings={"tolerance": 1.0}).invariants
