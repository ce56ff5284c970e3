"""What a budget left out is named among the failed hypotheses, with the budget."""

from __future__ import annotations

from pathlib import Path

import pytest

from tc_engine import relations
from tc_engine.dataset import open_dataset
from tc_engine.pipelines.infer import infer
from tests.builder import Trace
from tests.worked_examples_tensors import tensor


def run(folder: Path, repeats: int = 4, values: int = 3) -> Path:
    """In two steps, a function is called again and again, each time on another device."""
    trace = Trace()
    for step in range(2):
        trace.at(step=step)
        with trace.call("m.begin"):
            pass
        for number in range(repeats):
            with trace.call("m.make", args=[number], result=tensor(2, device=number % values)):
                pass
        with trace.call("m.end"):
            pass
    return trace.write(folder)


@pytest.mark.parametrize(
    ("relation", "settings", "left_out"),
    [
        ("lead", {}, [("m.make", "max_repeats", 4, 2)]),
        ("cover", {"max_repeats": 3}, [("m.make", "max_repeats", 4, 3)]),
        ("cover", {"max_repeats": 4}, []),
        ("distinct_argument", {}, [("m.make", "max_repeats_distinct", 4, 3)]),
        ("distinct_argument", {"max_repeats_distinct": 4}, []),
        ("output", {"max_output_values": 2}, [("m.make", "max_output_values", 3, 2)]),
        ("output", {}, []),
    ],
)
def test_a_function_over_a_budget_is_named(
    tmp_path: Path, relation: str, settings: dict[str, object], left_out: list[tuple[object, ...]]
) -> None:
    dataset = open_dataset(run(tmp_path / "run"))
    found = infer([dataset], relations=relations.select([relation]), settings=settings).failed
    over = [one for one in found if one.is_over_budget]
    assert [(o.invariant.params[0]["api_full_name"], o.reason, o.invariant.text) for o in over] == [
        (name, f"Over budget: {budget}", f"not looked at: {count} are more than {budget} = {most}")
        for name, budget, count, most in left_out
    ]
    assert all(one.invariant.positive is None for one in over)


def test_a_search_that_takes_too_long_is_named(tmp_path: Path) -> None:
    trace = Trace()
    for number, (stage, flag) in enumerate([("a", 1), ("b", 2), ("a", 2), ("b", 1)] * 2):
        trace.at(step=0, stage=stage, flag=flag)
        with trace.call("m.f"):
            if (stage, flag) in (("a", 1), ("b", 2)):
                with trace.call("m.g", args=[number]):
                    pass
    dataset = open_dataset(trace.write(tmp_path / "run"))

    def reasons(**settings: object) -> set[tuple[str, str]]:
        chosen = relations.select(["contain"])
        found = infer([dataset], relations=chosen, settings=settings)
        return {(one.reason, one.invariant.text) for one in found.failed}

    assert not reasons()
    assert reasons(max_splits=0) == {("Over budget: max_splits", "m.f() always calls m.g()")}
