"""What belongs together is one finding; the cause comes first, and says what may have led to it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tc_engine.diagnosis import diagnose
from tc_engine.diagnosis.findings import key_of
from tests.diagnosis.runs import judged


def test_an_optimizer_that_updates_nothing(tmp_path: Path) -> None:
    _, diagnosis = judged(tmp_path, updates=False)
    (found,) = diagnosis.findings
    assert found.title == "SGD.step() changes no Parameter.data (above-zero -> above-zero)"
    assert found.hint.startswith("0 of 1 parameters change at all. 1 get gradients and stay")
    assert found.points == sum(reason.points for reason in found.reasons)
    assert "broken 6 of 6 times" in [reason.text for reason in found.reasons]


def test_parameters_that_need_no_gradient_are_told_from_those_left_alone(tmp_path: Path) -> None:
    _, diagnosis = judged(tmp_path, updates=False, frozen=True)
    assert diagnosis.findings[0].hint == (
        "0 of 1 parameters change at all. 1 have requires_grad=False: are they meant to be frozen?"
    )


def test_dropout_in_evaluation_is_one_finding(tmp_path: Path) -> None:
    found, diagnosis = judged(tmp_path, drops=True)
    (finding,) = diagnosis.findings
    assert finding.title == "Net.forward() does not call dropout(training=False)"
    assert finding.hint.startswith("Dropout is on in evaluation")
    assert diagnosis.minor == ()
    assert 1 + len(finding.others) == sum(one.violation is not None for one in found.results)


def test_two_causes_are_two_findings_and_updates_come_first(tmp_path: Path) -> None:
    _, diagnosis = judged(tmp_path, updates=False, drops=True)
    assert [one.title.split()[0] for one in diagnosis.findings] == ["SGD.step()", "Net.forward()"]
    points = [one.points for one in diagnosis.findings]
    assert points == sorted(points, reverse=True)


def test_a_good_run_has_no_finding(tmp_path: Path) -> None:
    found, diagnosis = judged(tmp_path)
    assert not found.violated
    assert (diagnosis.findings, diagnosis.minor, diagnosis.violated) == ((), (), False)


def test_what_is_suppressed_is_counted_and_no_more(tmp_path: Path) -> None:
    found, before = judged(tmp_path, updates=False, drops=True)
    first = before.findings[0]
    after = diagnose(found, {first.key})
    assert [one.key for one in after.findings] == [one.key for one in before.findings[1:]]
    assert [key_of(one.invariant) for one in after.suppressed] == [first.key]
    everything = {key_of(one.invariant) for one in found.results if one.violation}
    assert not diagnose(found, everything).violated


@pytest.mark.parametrize("changed", ["text", "positive"])
def test_a_key_is_what_a_rule_says_and_when_it_holds(tmp_path: Path, changed: str) -> None:
    found, _ = judged(tmp_path, updates=False)
    keys = {key_of(one) for one in found.invariants}
    assert len(keys) == len(found.invariants)
    one = found.invariants[0]
    other = replace(one, **{changed: "other" if changed == "text" else 999})
    assert key_of(other) == key_of(one)
