"""Every difference to TrainCheck on the reference traces has a reason, and the fault is found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import compatibility, compatibility_page
from benchmarks.compatibility_verdicts import verdict
from tc_engine.errors import UsageError

TRACES = Path(__file__).resolve().parents[2] / "shared" / "traces"


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Iterator[compatibility.Comparison]:
    if not TRACES.is_dir():
        pytest.skip("the reference traces are not beside the checkout, in ../shared/traces")
    yield compatibility.compare(TRACES, tmp_path_factory.mktemp("traces"))


@pytest.mark.slow
def test_every_difference_has_a_reason(comparison: compatibility.Comparison) -> None:
    assert compatibility_page.unexplained(comparison.learned, comparison.judged) == []


@pytest.mark.slow
def test_common_violations_are_detected_at_the_same_event(
    comparison: compatibility.Comparison,
) -> None:
    assert comparison.judged.same_time == comparison.judged.violated > 0


@pytest.mark.slow
def test_own_invariants_find_the_fault(comparison: compatibility.Comparison) -> None:
    found = {
        (result.invariant.params[0]["api_full_name"], result.invariant.params[1].get("attr_name"))
        for result in comparison.own.results
        if result.violation
    }
    assert ("torch.optim.optimizer.Optimizer.zero_grad", "grad") in found
    assert ("torch.optim.adadelta.Adadelta.step", "data") in found


@pytest.mark.slow
def test_published_verdicts_are_reproduced(comparison: compatibility.Comparison) -> None:
    assert comparison.published
    assert all(one.theirs == verdict(one.result) for one in comparison.published)


@pytest.mark.slow
def test_replicas_of_one_name_drift_apart(comparison: compatibility.Comparison) -> None:
    drift = comparison.drift
    agreeing = list(drift.agreeing.values())
    assert agreeing[0] == drift.parameters
    assert max(agreeing[1:]) < drift.parameters
    assert 0 < drift.named_violations < drift.violations


def test_tables_are_put_between_the_marks_again_and_again(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"above\n{compatibility_page.BEGIN}\nold\n{compatibility_page.END}\nbelow\n")
    compatibility_page.put("new", page)
    once = page.read_text()
    compatibility_page.put("new", page)
    assert page.read_text() == once
    assert "old" not in once
    assert once.startswith("above\n") and once.endswith("\nbelow\n")


def test_a_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("no place\n")
    with pytest.raises(UsageError, match="no place for the tables"):
        compatibility_page.put("new", page)
    assert page.read_text() == "no place\n"
