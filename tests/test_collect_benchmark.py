"""What the collection benchmark makes of its runs: ratios within a repetition, sizes, losses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import collect
from benchmarks.collect_page import (
    FULL,
    PLAIN,
    THEIRS,
    Results,
    Run,
    Spread,
    as_json,
    different_losses,
    figures,
    page,
)


def run(mode: str, repetition: int, *seconds: float, loss: float = 0.5, trace: int = 0) -> Run:
    return Run("mnist", mode, repetition, 10, seconds, loss, 10 * sum(seconds), 1_000_000, trace)


# The machine was twice as slow in the second repetition, which the ratios do not show.
RUNS = (
    run(PLAIN, 1, 0.1, 0.1, 0.4),
    run(FULL, 1, 0.11, 0.11, 0.44, trace=5_000),
    run(FULL, 2, 0.24, 0.24, 0.24, trace=6_000),
    run(PLAIN, 2, 0.2, 0.2, 0.2),
    run(PLAIN, 3, 0.1, 0.1, 0.1),
    run(FULL, 3, 0.1, 0.1, 0.4, trace=7_000),
)
RESULTS = Results("python -m x", {"cores": 2}, {"mnist": (3, 40)}, RUNS, ())


def test_a_ratio_compares_the_runs_of_one_repetition() -> None:
    plain, full = figures(RUNS)
    assert (plain.mode, full.mode) == (PLAIN, FULL)
    assert plain.step == Spread(1.0, 1.0, 1.0)
    assert (plain.step_seconds, full.step_seconds) == (0.1, 0.11)
    assert str(full.step) == "1.10 (1.00 to 1.20)"
    assert str(full.mean_step) == "1.20 (1.10 to 2.00)"
    assert (full.trace_bytes, full.trace_bytes_per_step) == (6_000, 600)


def test_the_page_has_a_row_for_a_program_and_a_column_for_a_mode() -> None:
    text = page(RESULTS)
    assert "| mnist | 100.0 ms | 1.10 (1.00 to 1.20) |" in text
    assert "of those learned: mnist 3 of 40." in text
    assert "| mnist | full | 6 kB | 0.60 kB | 1 MB | 1 MB |" in text
    assert "the same loss, to the last digit" in text
    assert "TrainCheck 0.2.0" not in text


def test_the_page_shows_traincheck_beside_the_plain_program() -> None:
    beside = (run(PLAIN, 1, 0.1), run(THEIRS, 1, 0.6, trace=10_000_000))
    text = page(Results("python -m x", {}, {}, RUNS, beside))
    assert "| TrainCheck | 600.0 ms | 6.00 (6.00 to 6.00) | 6.0 s | 1,000.00 kB | 1 MB |" in text


def test_another_loss_is_told() -> None:
    assert different_losses(RUNS) == []
    runs = [run(PLAIN, 1, 0.1), run(FULL, 1, 0.1, loss=0.25)]
    assert different_losses(runs) == ["mnist, full, repetition 1: 0.25 instead of 0.5"]


def test_json_has_every_number() -> None:
    content = json.loads(as_json(RESULTS))
    assert [one["seconds"] for one in content["runs"]] == [list(one.seconds) for one in RUNS]
    assert [one["step"]["median"] for one in content["figures"]] == pytest.approx([1.0, 1.1])


def test_every_mode_comes_first_once() -> None:
    modes = ["plain", "full", "selective"]
    assert [collect.rotated(modes, repetition)[0] for repetition in range(4)] == [*modes, "plain"]
    assert collect.rotated(modes, 1) == ["full", "selective", "plain"]


def test_the_sample_is_of_contain_and_always_the_same() -> None:
    lines = [
        json.dumps({"relation": relation, "params": [number]})
        for number in range(150)
        for relation in (collect.CONTAIN, "FunctionLeadRelation")
    ]
    drawn = collect.sample(lines)
    assert len(set(drawn)) == collect.SAMPLE
    assert {json.loads(line)["relation"] for line in drawn} == {collect.CONTAIN}
    assert collect.sample(lines) == drawn
    assert len(collect.sample(lines[:20])) == 10


def test_of_traincheck_only_the_trace_counts(tmp_path: Path) -> None:
    for name, size in (("trace_API_1_2.log", 5), ("proxy_log.json", 7), ("instrumentation.log", 9)):
        (tmp_path / name).write_bytes(b"x" * size)
    assert collect.trace_size(tmp_path, THEIRS) == 12
    assert collect.trace_size(tmp_path, FULL) == 21
    assert collect.trace_size(tmp_path / "none", PLAIN) == 0


@pytest.mark.parametrize(
    ("counts", "missing"),
    [
        ({"events": 9, "dropped": 0, "internal_errors": 0}, ""),
        ({"events": 9, "dropped": 3, "internal_errors": 0}, "dropped 3"),
        ({}, "nothing was traced"),
    ],
)
def test_a_trace_with_gaps_is_not_timed(
    tmp_path: Path, counts: dict[str, int], missing: str
) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"counts": counts}))
    assert collect.incomplete(tmp_path) == missing


@pytest.mark.parametrize("program", collect.STEPS)
def test_every_program_is_there(program: str) -> None:
    assert (collect.PROGRAMS / f"{program}.py").is_file()
