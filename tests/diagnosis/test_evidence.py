"""What a violation speaks of, and the points that it gets."""

from __future__ import annotations

import pytest

from tc_engine import relations
from tc_engine.diagnosis.evidence import Broken, broken
from tc_engine.invariants import ALWAYS, Invariant
from tc_engine.pipelines.check import Check, Result, Violation
from tc_engine.relations import Claim

ADAM, SGD = "torch.optim.adam.Adam.step", "torch.optim.sgd.SGD.step"
SCHEDULER = "torch.optim.lr_scheduler.LRScheduler.step"
CLEAR, CLEAR_ALL = "torch.optim.optimizer.Optimizer.zero_grad", "torch.nn.Module.zero_grad"
CLIP = "torch.nn.utils.clip_grad.clip_grad_norm_"


def verdict(functions: tuple[str, str], called: set[str], **more: tuple[str, ...]) -> Broken:
    """Judge a broken order of two functions, in a run that calls some and is one of programs."""
    params = tuple({"param_type": "APIParam", "api_full_name": one} for one in functions)
    taught = more.get("programs", ())
    rule = Invariant("FunctionCoverRelation", params, {"g": ALWAYS}, "", 100, 0, programs=taught)
    relation = relations.by_name("cover", relations.discover())
    violation = Violation((), 0, 0.0, 0, 1, 1, 1, count=10)
    own = frozenset(("run", program) for program in more.get("own", ()))
    there = frozenset(("run", function) for function in called)
    found = Check(("run",), (rule,), (), {}, {"run": "x.py"}, own, there)
    return broken(Result("run", rule, relation, 10, violation), found)


@pytest.mark.parametrize(
    ("functions", "called", "claim"),
    [
        ((CLEAR, ADAM), {CLEAR}, Claim.MISSING),
        ((CLEAR, ADAM), {CLEAR, SCHEDULER}, Claim.MISSING),
        ((CLEAR, ADAM), {CLEAR, SGD}, Claim.ORDER),  # another optimizer
        ((CLEAR, ADAM), {ADAM, CLEAR_ALL}, Claim.ORDER),  # the module clears them
        ((CLEAR, ADAM), {CLEAR, ADAM}, Claim.TRAINING_ORDER),
        ((CLIP, ADAM), {ADAM}, Claim.ORDER),  # not every program clips
    ],
)
def test_a_call_is_missing_where_nothing_else_does_what_it_does(
    functions: tuple[str, str], called: set[str], claim: Claim
) -> None:
    assert verdict(functions, called, programs=("a.py", "b.py")).claim is claim


@pytest.mark.parametrize(
    ("of", "claim"),
    [({}, Claim.ORDER), ({"programs": ("a.py",), "own": ("a.py",)}, Claim.MISSING)],
)
def test_what_good_runs_of_the_program_have_is_missing(
    of: dict[str, tuple[str, ...]], claim: Claim
) -> None:
    for functions, called in (((CLIP, ADAM), {ADAM}), ((CLEAR, ADAM), {CLEAR, SGD})):
        one = verdict(functions, called, **of)
        assert (one.claim, one.missing) == (claim, *(set(functions) - called))


@pytest.mark.parametrize(("programs", "points"), [(1, -8), (2, -6), (4, -2), (6, 0)])
def test_more_programs_that_agree_tell_more(programs: int, points: int) -> None:
    taught = tuple(f"{number}.py" for number in range(programs))
    alone = verdict((CLEAR, ADAM), {CLEAR, ADAM}, programs=taught, own=taught[:1])
    other = verdict((CLEAR, ADAM), {CLEAR, ADAM}, programs=taught)
    assert other.points - alone.points == points
    (reason,) = set(other.reasons) - set(alone.reasons)
    word = "program" if programs == 1 else "programs"
    assert reason.text == f"learned from {programs} other {word}, none like this one"
