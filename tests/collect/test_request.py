"""What a person may ask of a collection: a plan, or one plain line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tc_engine.collect.plan import DEFAULT_GROUPS, GROUPS, Plan, as_note, read_plan
from tc_engine.collect.request import Request, plan_for
from tc_engine.dataset import Manifest, write_manifest
from tc_engine.errors import UsageError
from tc_engine.invariants import ALWAYS, Clause, Condition, Invariant, write


def plan(**wishes: object) -> Plan:
    return plan_for(Request(**wishes))[0]  # type: ignore[arg-type]


def test_nothing_said_is_everything_usual() -> None:
    assert plan() == Plan()
    assert "tensor" not in Plan().groups


def test_groups() -> None:
    assert plan(groups="autograd, optimizer").groups == ("optimizer", "autograd")
    assert plan(groups="+tensor").groups == (*DEFAULT_GROUPS, "tensor")
    assert set(GROUPS) - set(plan(groups="-functional,-forward,+tensor").groups) == {
        "functional",
        "forward",
    }


def test_windows() -> None:
    sampled = plan(every=50)
    assert (sampled.window, sampled.every, sampled.warmup) == (3, 50, 10)
    covered = [step for step in range(120) if plan(every=50, window=2, warmup=5).covers(step)]
    assert covered == [0, 1, 2, 3, 4, 5, 6, 55, 56, 105, 106]
    assert all(Plan().covers(step) for step in range(100))


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"groups": "optimiser"}, "there is no group 'optimiser'"),
        ({"groups": "+tensor,init"}, "not both"),
        ({"groups": ""}, "name groups"),
        ({"include": ("__main__.train",)}, "functions of the script itself"),
        ({"include": ("*.train",)}, "begin with the name of a package"),
        ({"inside": ("forward",)}, "no such place"),
        ({"window": 3}, "means nothing without --every"),
        ({"warmup": 3}, "means nothing without --every"),
        ({"every": 50, "window": 1}, "too short"),
        ({"every": 2, "window": 3}, "longer than --every"),
    ],
)
def test_what_makes_no_sense(wishes: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        plan(**wishes)
    assert caught.value.hint


def test_patterns_win_over_groups() -> None:
    chosen = plan(groups="optimizer", include=("torch.nn.functional.relu",), exclude=("*.SGD.*",))
    assert chosen.records("torch.optim.adam.Adam.step", "optimizer")
    assert not chosen.records("torch.optim.sgd.SGD.step", "optimizer")
    assert chosen.records("torch.nn.functional.relu", "functional")
    assert not chosen.records("torch.nn.functional.gelu", "functional")
    assert not chosen.records("mylib.f", None)


def test_a_plan_from_invariants(tmp_path: Path) -> None:
    step = {"param_type": "APIParam", "api_full_name": "torch.optim.sgd.SGD.step"}
    grad = {"param_type": "VarTypeParam", "var_type": "torch.nn.Parameter", "attr_name": "grad"}
    data = {**grad, "attr_name": "data"}
    frozen = Condition(((Clause("constant", "attributes.requires_grad", values=("true",)),),))
    contain = Invariant("APIContainRelation", (step, grad), {"parent_func_call_pre": ALWAYS}, "c")
    equal = Invariant("ConsistencyRelation", (data, data), {"var": frozen}, "e")
    lead = Invariant("FunctionLeadRelation", (step, {**step, "api_full_name": "b"}), {}, "l")

    def chosen(*wanted: Invariant, **wishes: object) -> Plan:
        write(tmp_path / "inv.jsonl", wanted)
        return plan(invariants=(tmp_path / "inv.jsonl",), **wishes)

    assert (chosen(contain).functions, chosen(contain).attributes) == (
        ("torch.optim.sgd.SGD.step",),
        ("grad",),
    )
    assert chosen(contain, equal).attributes == ("data", "grad", "requires_grad")
    assert (chosen(lead).functions, chosen(lead).attributes) == (
        ("b", "torch.optim.sgd.SGD.step"),
        (),
    )
    assert not chosen(lead).watches
    assert chosen(contain, every=9, window=1).window == 1
    with pytest.raises(UsageError, match="too short"):
        chosen(lead, every=9, window=1)
    with pytest.raises(UsageError, match="holds no invariant"):
        chosen()


def test_a_plan_is_in_the_manifest(tmp_path: Path) -> None:
    chosen = plan(groups="+tensor", every=50, max_gb=0.5, exclude=("a.*",), norms=True)
    write_manifest(tmp_path, Manifest(notes={"plan": as_note(chosen)}))
    assert read_plan(tmp_path) == chosen
    assert as_note(Plan()) == {}
