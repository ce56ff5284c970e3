"""What old invariants files hold is judged for what it means (relations.md, section 4)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tc_engine.dataset import open_dataset
from tc_engine.invariants import read
from tc_engine.pipelines.check import check
from tests.builder import Trace
from tests.worked_examples_tensors import tensor

UNCONDITIONAL = {"inverted": False, "preconditions": [{"clauses": "Unconditional"}]}


def api(name: str, **other: Any) -> dict[str, Any]:
    return {"param_type": "APIParam", "api_full_name": name, **other}


def clause(kind: str, name: str, **other: Any) -> dict[str, Any]:
    base = {"type": kind, "prop_name": name, "additional_path": "None", "prop_dtype": "None"}
    return {**base, **other}


def only(*clauses: dict[str, Any], inverted: bool = False) -> dict[str, Any]:
    return {"inverted": inverted, "preconditions": [{"clauses": list(clauses)}]}


def run(folder: Path) -> Path:
    """Three steps: a contains b, then c; in the last one c is missing."""
    autocast = {"torch.autocast": {"enabled": True}}
    trace = Trace()
    for step in range(3):
        trace.at(step=step, context_managers=autocast)
        with trace.call("m.a"), trace.call("m.b", args=[tensor(2, 2, _TRAINCHECK_data_ID=step)]):
            pass
        if step < 2:
            with trace.call("m.c"):
                pass
    with trace.call("m.a"):
        pass
    return trace.write(folder)


CONTAIN = ("APIContainRelation", "parent_func_call_pre")
LEAD = ("FunctionLeadRelation", "func_lead")
COVER = ("FunctionCoverRelation", "func_cover")
ENABLED = "meta_vars.context_managers.torch.autocast.enabled"


@pytest.mark.parametrize(
    ("relation", "params", "precondition", "judged", "violated"),
    [
        (CONTAIN, [api("m.a"), api("m.b", arguments=None)], UNCONDITIONAL, 4, 1),
        (CONTAIN, [api("m.a", exception=None), api("m.b")], UNCONDITIONAL, 4, 1),
        (LEAD, [api("m.b"), api("m.c"), api("m.a")], UNCONDITIONAL, 3, 0),
        # b is inside of a, so it does not follow it.
        (LEAD, [api("m.a"), api("m.b"), api("m.c")], UNCONDITIONAL, 5, 3),
        (COVER, [api("m.a"), api("m.c"), api("m.a")], UNCONDITIONAL, 6, 2),
        (CONTAIN, [api("m.a"), api("m.b")], only(clause("exist", ENABLED)), 4, 1),
        (
            CONTAIN,
            [api("m.a"), api("m.b")],
            only(clause("constant", ENABLED, values=[False])),
            0,
            0,
        ),
        (CONTAIN, [api("m.a"), api("m.b")], {**UNCONDITIONAL, "inverted": True}, 0, 0),
        (CONTAIN, [api("m.a"), api("m.b")], {"inverted": True, "preconditions": []}, 4, 1),
        (CONTAIN, [api("m.a"), api("m.b")], {"inverted": False, "preconditions": []}, 0, 0),
        (
            CONTAIN,
            [api("m.a"), api("m.b")],
            only(clause("constant", "meta_vars.step", values=[0.0, 1])),
            2,
            0,
        ),
    ],
)
def test_it_is_judged(
    tmp_path: Path,
    relation: tuple[str, str],
    params: list[dict[str, Any]],
    precondition: dict[str, Any],
    judged: int,
    violated: int,
) -> None:
    title, group = relation
    file = tmp_path / "old.json"
    content = {"text_description": "", "relation": title, "params": params}
    file.write_text(json.dumps({**content, "precondition": {group: precondition}}))
    (result,) = check([open_dataset(run(tmp_path / "run"))], read([file])).results
    assert result.examples == judged
    assert (result.violation.count if result.violation else 0) == violated


@pytest.mark.parametrize("prefix", ["_TRAINCHECK_", "_ML_DAIKON_"])
def test_either_prefix_of_addresses_is_understood(tmp_path: Path, prefix: str) -> None:
    trace = Trace()
    for step in range(3):
        for process, address in ((1, 7), (2, 7)):
            trace.process(process).thread(process).at(step=step)
            trace.state("w", data=step, _TRAINCHECK_data_ID=address)
        trace.wait(10_000)
    variable = {"param_type": "VarTypeParam", "var_type": "torch.nn.Parameter", "attr_name": "data"}
    same = only(clause("consistent", f"attributes.{prefix}data_ID"))
    file = tmp_path / "old.json"
    file.write_text(
        json.dumps(
            {
                "text_description": "",
                "relation": "ConsistencyRelation",
                "params": [variable, variable],
                "precondition": {"var": same},
            }
        )
    )
    (result,) = check([open_dataset(trace.write(tmp_path / "run"))], read([file])).results
    assert result.examples > 0
    assert result.violation is None
