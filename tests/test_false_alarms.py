"""What the benchmark of false alarms makes of its checks: draws, kinds, rates, the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.quality.false_alarms import drawn
from benchmarks.quality.page import as_json, page
from benchmarks.quality.programs import programs
from benchmarks.quality.verdicts import (
    Accusation,
    Tally,
    Verdict,
    kind,
    mean_findings,
    mean_rate,
    verdicts,
)
from tc_engine.dataset import Dataset, open_dataset
from tc_engine.invariants import ALWAYS, Invariant
from tc_engine.pipelines.check import check
from tc_engine.pipelines.infer import infer
from tc_engine.relations import select
from tests.builder import Trace

ACCUSED = Accusation("lead", "a always leads b", "always")


def verdict(program: str, learned: int, violated: int, *, findings: int = 0, n: int = 1) -> Verdict:
    tallies = {"lead": Tally(learned, learned, violated), "cover": Tally(learned, 0, 0)}
    accused = (ACCUSED,) * bool(violated)
    return Verdict(program, tuple("xyzuvw"[:n]), findings, tallies, accused)


def test_every_program_is_drawn_others_for_as_often_as_there_are_any() -> None:
    found = drawn(["a", "b", "c", "d"], 2, 2, seed=0)
    pairs = [(program, others) for others, programs in found.items() for program in programs]
    assert sorted(program for program, _ in pairs) == ["a", "a", "b", "b", "c", "c", "d", "d"]
    assert len(set(pairs)) == len(pairs)
    assert not any(program in others for program, others in pairs)
    assert all(len(others) == 2 for others in found)
    assert found == drawn(["a", "b", "c", "d"], 2, 2, seed=0)
    assert drawn(["a", "b", "c"], 2, 4, seed=0) == {
        ("b", "c"): ["a"],
        ("a", "c"): ["b"],
        ("a", "b"): ["c"],
    }


@pytest.mark.parametrize(
    ("relation", "params", "expected"),
    [
        ("FunctionLeadRelation", [{}, {}], "lead"),
        ("APIContainRelation", [{}, {"api_full_name": "g"}], "contain, a call"),
        (
            "APIContainRelation",
            [{}, {"api_full_name": "g", "arguments": {"args": {"p": {"int": 1}}}}],
            "contain, a call with arguments",
        ),
        ("APIContainRelation", [{}, {"var_type": "P", "attr_name": "d"}], "contain, a change"),
        ("ConsistentOutputRelation", [{}, {"attr_name": "dtype"}], "output, dtype"),
        (
            "ConsistentInputOutputRelation",
            [{"additional_path": ["ndim"]}, {}, {"additional_path": ["ndim"]}],
            "input_output, the same property",
        ),
        (
            "ConsistentInputOutputRelation",
            [{"additional_path": ["ndim"]}, {}, {"additional_path": ["shape", 0]}],
            "input_output, another property",
        ),
    ],
)
def test_kind(relation: str, params: list[dict[str, Any]], expected: str) -> None:
    assert kind(Invariant(relation, tuple(params), {"x": ALWAYS}, "")) == expected


def test_rates_are_averaged_over_the_draws_of_a_program_and_then_over_programs() -> None:
    found = [
        verdict("a", 50, 10, findings=4),  # of 100 rules
        verdict("a", 50, 20, findings=2),
        verdict("b", 50, 0),
    ]
    assert [one.rate for one in found] == [0.1, 0.2, 0.0]
    assert mean_rate(found) == pytest.approx(0.075)
    assert mean_findings(found) == 1.5


def test_the_page_compares_with_what_is_published() -> None:
    found = [verdict("a", 50, 10, findings=3), verdict("a", 50, 0, n=6), verdict("b", 50, 1, n=6)]
    lines = page(found, {"cores": 2}, "Inference: all.").splitlines()
    assert (
        "| 1 | 10.00 % | 3.90 % | 1.50 % | 20.00 % | 100 | 50 | 10.0 | 3.00 |  | 0 of 1 |" in lines
    )
    assert (
        "| 6 | 0.50 % | 1.50 % | 0.50 % | 1.00 % | 100 | 50 | 0.5 | 0.00 | 0.5 | 2 of 2 |" in lines
    )
    assert "| a | 10.00 % | 0.00 % | 3.00 | 0.00 |" in lines
    assert "| b |  | 1.00 % |  | 0.00 |" in lines
    assert "| lead | 50.0 | 10.00 | 100.00 % | 50.0 | 0.50 | 100.00 % |" in lines
    assert "| lead | a always leads b | always | 1 | 1 |" in lines


def test_the_numbers_are_kept_with_every_verdict() -> None:
    content = json.loads(as_json([verdict("a", 50, 10, findings=3)], {"cores": 2}))
    assert content["rates"] == [{"references": 1, "rate": 0.1, "findings": 3}]
    assert content["verdicts"][0]["tallies"]["lead"] == [50, 50, 10]
    assert content["verdicts"][0]["accusations"] == [0]
    assert content["rules"] == [["lead", "a always leads b", "always"]]


def looped(run: Path, *functions: str) -> Dataset:
    trace = Trace()
    for step in range(3):
        trace.at(step=step, stage="training")
        for function in functions:
            with trace.call(function):
                pass
    return open_dataset(trace.write(run))


def test_a_check_is_counted_trace_by_trace(tmp_path: Path) -> None:
    learned = infer(
        [looped(tmp_path / "good", "m.zero_grad", "m.train")],
        relations=select(["cover", "contain"]),
    ).invariants
    runs = [
        looped(tmp_path / "alike", "m.zero_grad", "m.train"),
        looped(tmp_path / "other", "m.save", "m.train"),
    ]
    alike, other = verdicts(check(runs, learned), ["good"])
    assert (alike.program, other.program) == ("alike", "other")
    assert alike.references == other.references == ("good",)
    assert alike.total == Tally(2, 2, 0)
    assert (alike.findings, alike.accusations) == (0, ())
    assert other.tallies == {"cover": Tally(2, 1, 1)}
    assert other.findings == 1
    assert other.accusations == (
        Accusation("cover", "m.zero_grad() always comes before m.train()", "always"),
    )


def test_helpers_are_no_programs() -> None:
    names = [one.name for one in programs()]
    assert "pictures" not in names
    assert names == sorted(names)
    assert all(one.script.is_file() for one in programs())
