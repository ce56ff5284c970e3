"""Rules name the programs that taught them; what one alone taught is judged in its runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tc_engine import invariant_sets, relations
from tc_engine.dataset import Dataset, Manifest, open_dataset, read_manifest, write_manifest
from tc_engine.invariants import Invariant, read, write
from tc_engine.pipelines.check import Result, check
from tc_engine.pipelines.infer import infer
from tests.builder import Trace


def written(trace: Trace, folder: Path, program: str) -> Dataset:
    """Write a trace as that of a program."""
    trace.write(folder)
    manifest = read_manifest(folder)
    write_manifest(folder, replace(manifest, command=["python", f"jobs/{program}"]))
    return open_dataset(folder)


def run(folder: Path, program: str, *inside: str) -> Dataset:
    """Return a run of a program whose function `step` calls others."""
    trace = Trace()
    for number in range(4):
        trace.at(step=number)
        with trace.call("step"):
            for function in inside:
                with trace.call(function):
                    pass
    return written(trace, folder, program)


def learned(*runs: Dataset, relation: str = "contain") -> dict[str, Invariant]:
    found = infer(list(runs), relations=relations.select([relation])).invariants
    return {one.text: one for one in found}


@pytest.mark.parametrize(
    ("command", "program"),
    [
        (["python", "train.py", "--lr", "x.py"], "train.py"),
        (["/usr/bin/python3", "-u", "/jobs/a/train.py"], "train.py"),
        (["python", "-m", "torch.distributed.run", "--nproc_per_node", "2", "ddp.py"], "ddp.py"),
        (["python", "-m", "jobs.train", "--epochs", "2"], "jobs.train"),
        (["bash", "-c", "true"], None),
        (["python", "-m"], None),
        ([], None),
    ],
)
def test_the_program_of_a_command(command: list[str], program: str | None) -> None:
    assert Manifest(command=command).program == program


def test_rules_name_their_teachers(tmp_path: Path) -> None:
    a, b = run(tmp_path / "a", "a.py", "f", "g"), run(tmp_path / "b", "b.py", "f")
    found = learned(a, a, b)
    assert found["step() always calls f()"].programs == ("a.py", "b.py")
    file = tmp_path / "rules.json"
    write(file, found.values())
    assert {one.text: one.programs for one in read([file])} == {
        text: one.programs for text, one in found.items()
    }


def test_a_run_that_does_not_tell_its_program_makes_all_unknown(tmp_path: Path) -> None:
    a, b = run(tmp_path / "a", "a.py", "f"), run(tmp_path / "b", "unknown", "f")
    assert learned(a, b)["step() always calls f()"].programs == ()


def judged(tested: Dataset, found: dict[str, Invariant], text: str, **settings: object) -> Result:
    outcome = check([tested], list(found.values()), settings=settings)
    (result,) = [one for one in outcome.results if one.invariant.text == text]
    return result


def test_what_one_of_several_taught_is_judged_in_its_runs_only(tmp_path: Path) -> None:
    a, b = run(tmp_path / "a", "a.py", "f", "g"), run(tmp_path / "b", "b.py", "f", "h")
    found = {**learned(a), **learned(b), **learned(a, b)}
    text = "step() always calls g()"
    found[text] = replace(found[text], programs=("a.py",))
    tested = run(tmp_path / "c", "c.py", "f")
    foreign = judged(tested, found, text)
    assert (foreign.is_foreign, foreign.violation, foreign.triggered) == (True, None, False)
    assert judged(tested, found, text, scoped=False).violation is not None
    own = judged(run(tmp_path / "again", "a.py", "f"), found, text)
    assert own.violation is not None
    assert judged(tested, found, "step() always calls f()").triggered


def test_rules_of_one_program_are_judged_everywhere(tmp_path: Path) -> None:
    found = learned(run(tmp_path / "a", "a.py", "f", "g"))
    tested = run(tmp_path / "c", "c.py", "f")
    assert judged(tested, found, "step() always calls g()").violation is not None


def in_order(folder: Path, program: str, functions: str) -> Dataset:
    """Return a run of a program that calls functions one after the other, three times."""
    trace = Trace()
    for number in range(3):
        trace.at(step=number)
        for function in functions:
            with trace.call(function):
                pass
    return written(trace, folder, program)


@pytest.mark.parametrize(
    ("program", "functions", "is_judged"),
    [
        ("a.py", "bac", True),  # the same program, changed
        ("b.py", "bacdefghij", True),  # the same under another name
        ("b.py", "bacdefghi", True),
        ("b.py", "bacdefgh", False),
        ("b.py", "bax", False),
    ],
)
def test_an_order_that_one_program_taught_is_judged_in_its_likes(
    tmp_path: Path, program: str, functions: str, is_judged: bool
) -> None:
    found = learned(in_order(tmp_path / "a", "a.py", "abcdefghij"), relation="cover")
    tested = in_order(tmp_path / "b", program, functions)
    result = judged(tested, found, "a() always comes before b()")
    assert (result.is_foreign, result.triggered) == (not is_judged, is_judged)
    assert judged(tested, found, "a() always comes before b()", scoped=False).triggered


def test_an_order_with_what_is_called_once_is_judged_in_runs_of_its_programs(
    tmp_path: Path,
) -> None:
    def once_then(folder: Path, program: str, functions: str) -> Dataset:
        trace = Trace()
        for function in ("seed", *functions * 3):
            with trace.call(function):
                pass
        return written(trace, folder, program)

    runs = [once_then(tmp_path / name, f"{name}.py", "abcdefghij") for name in "xy"]
    found = learned(*runs, relation="lead")
    text = "seed() is always followed by a()"
    assert found[text].is_local and found[text].programs == ("x.py", "y.py")
    assert not found["a() is always followed by b()"].is_local
    other = once_then(tmp_path / "z", "z.py", "bcxyz")
    assert judged(other, found, text).is_foreign
    assert judged(once_then(tmp_path / "again", "y.py", "bc"), found, text).violation
    file = tmp_path / "rules.json"
    write(file, found.values())
    assert {one.text for one in read([file]) if one.is_local} == {
        name for name, one in found.items() if one.is_local
    }
    (both,) = invariant_sets.merge([found[text], replace(found[text], is_local=False)])
    write(file, [both])
    assert not read([file])[0].is_local


def test_merged_files_have_the_teachers_of_both(tmp_path: Path) -> None:
    a, b = run(tmp_path / "a", "a.py", "f"), run(tmp_path / "b", "b.py", "f")
    text = "step() always calls f()"
    (one,) = invariant_sets.merge([learned(a)[text], learned(b)[text]])
    assert one.programs == ("a.py", "b.py")
    unknown = replace(learned(b)[text], programs=())
    (one,) = invariant_sets.merge([learned(a)[text], unknown])
    assert one.programs == ()
