"""Every difference to TrainCheck on the reference traces has a reason, and the fault is found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.compatibility import page, reasons
from benchmarks.compatibility.compare import Comparison, compare
from benchmarks.compatibility.rules import SAME, WEAKER
from benchmarks.compatibility.tables_verdicts import all_verdicts, is_about_calls
from benchmarks.compatibility.verdicts import verdict
from tc_engine.errors import UsageError

TRACES = Path(__file__).resolve().parents[2] / "shared" / "traces"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Comparison]:
    if not TRACES.is_dir():
        pytest.skip("the reference traces are not beside the checkout, in ../shared/traces")
    yield compare(TRACES, tmp_path_factory.mktemp("traces"))


@pytest.mark.slow
def test_every_difference_has_a_reason(found: Comparison) -> None:
    assert page.unexplained(found) == []


@pytest.mark.slow
def test_all_their_invariants_are_compared(found: Comparison) -> None:
    standings = Counter(one.verdict for one in found.learned.theirs)
    assert sum(standings.values()) == 511
    assert standings[SAME] >= 100
    assert standings[SAME] + sum(standings[one] for one in reasons.BY_SETTING) >= 450
    assert standings[WEAKER] == len(found.learned.weaker)
    assert len(all_verdicts(found)) == 511 + 3


@pytest.mark.slow
@pytest.mark.parametrize(
    "relation",
    [
        *("ConsistentInputOutputRelation", "ConsistentOutputRelation", "DistinctArgumentRelation"),
        *("FunctionCoverRelation", "FunctionLeadRelation"),
    ],
)
def test_with_all_hypotheses_each_side_implies_the_other(found: Comparison, relation: str) -> None:
    accounted = {SAME, *reasons.BY_SETTING, reasons.ABSENT}
    learned = found.learned
    assert {
        one.verdict for one in learned.theirs if one.invariant.relation == relation
    } <= accounted
    ours = [*learned.ours, *learned.everything]
    assert {one.verdict for one in ours if one.invariant.relation == relation} <= {
        SAME,
        reasons.OF_MODULE,
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    "relation",
    ["ConsistentInputOutputRelation", "ConsistentOutputRelation", "FunctionLeadRelation"],
)
def test_verdicts_are_the_same(found: Comparison, relation: str) -> None:
    assert {theirs == ours for title, theirs, ours in found.judged.matrix if title == relation} == {
        True
    }


@pytest.mark.slow
def test_two_relations_have_no_hypothesis_on_either_side(found: Comparison) -> None:
    silent = {"ThresholdRelation", "ConsistentArgumentRelation"}
    assert silent < set(found.titles)
    assert not silent & {one.invariant.relation for one in found.fates}


@pytest.mark.slow
def test_common_violations_are_detected_at_the_same_event(found: Comparison) -> None:
    assert found.judged.same_time == found.judged.violated > 26


@pytest.mark.slow
def test_own_invariants_find_the_fault(found: Comparison) -> None:
    violated = {
        (result.invariant.params[0].get("api_full_name"), result.invariant.params[-1]["attr_name"])
        for result in found.own.results
        if result.violation
        and not is_about_calls(result)
        and "attr_name" in result.invariant.params[-1]
    }
    assert {
        ("torch.optim.optimizer.Optimizer.zero_grad", "grad"),
        ("torch.optim.adadelta.Adadelta.step", "data"),
        (None, "grad"),
    } <= violated


@pytest.mark.slow
def test_published_verdicts_are_reproduced(found: Comparison) -> None:
    assert len(found.published) == 3
    assert all(one.theirs == verdict(one.result) for one in found.published)


@pytest.mark.slow
def test_replicas_of_one_name_drift_apart(found: Comparison) -> None:
    drift = found.drift
    agreeing = list(drift.agreeing.values())
    assert agreeing[0] == drift.parameters
    assert max(agreeing[1:]) < drift.parameters
    assert 0 < drift.named_violations < drift.violations


@pytest.mark.slow
def test_projections_are_initialised_again_and_again(found: Comparison) -> None:
    scaled = {one.shape: one.calls for one in found.repeated if float(one.deviation) < 0.01}
    assert scaled == {"[768,768]": 48, "[3072,768]": 48}


def test_tables_are_put_between_the_marks_again_and_again(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    marked = (f"{page.begin(part)}\nold\n{page.end(part)}" for part in ("one", "two"))
    path.write_text("above\n{}\nbetween\n{}\nbelow\n".format(*marked))
    page.put({"one": "first", "two": "second"}, path)
    once = path.read_text()
    page.put({"one": "first", "two": "second"}, path)
    assert path.read_text() == once
    assert "old" not in once
    words = [word for word in once.split() if word.isalpha()]
    kept = ("above", "first", "between", "second", "below")
    assert [word for word in words if word in kept] == list(kept)


def test_a_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text("no place\n")
    with pytest.raises(UsageError, match="no place for the tables"):
        page.put({"tables": "new"}, path)
    assert path.read_text() == "no place\n"
