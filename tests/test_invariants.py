"""The invariants file: round trips, old variants, and errors that name a line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tc_engine.errors import DataError
from tc_engine.invariants import (
    ALWAYS,
    Clause,
    Condition,
    Invariant,
    from_json,
    read,
    to_json,
    write,
)
from tc_engine.learn.clauses import accepts

TRACES = Path(__file__).resolve().parents[2] / "shared" / "traces"
PARAMS = ({"param_type": "APIParam", "api_full_name": "a.A"},) * 2
STEP = Clause("constant", "meta_vars.step", values=("0",), dtype="int")
MANAGER = "meta_vars.context_managers.torch.autocast"


def one(precondition: Condition = ALWAYS) -> Invariant:
    return Invariant("FunctionLeadRelation", PARAMS, {"func_lead": precondition}, "text", 3, 1)


def test_round_trip_keeps_everything_and_sorts(tmp_path: Path) -> None:
    inverted = one(Condition(((STEP,), (Clause("exist", MANAGER),)), inverted=True))
    write(tmp_path / "file", [inverted, one()])
    assert sorted(map(str, read([tmp_path / "file"]))) == sorted(map(str, [inverted, one()]))


def test_round_trip_keeps_what_is_unknown_wherever_it_is(tmp_path: Path) -> None:
    content = to_json(one(Condition(((STEP,),))))
    content["author"] = {"tool": "another"}
    group = content["precondition"]["func_lead"]
    group["verified"] = True
    group["preconditions"][0]["name"] = "first step"
    group["preconditions"][0]["clauses"][0]["values"] = [0.0]
    content["params"][0]["exception"] = None
    (tmp_path / "file").write_text(json.dumps(content))
    write(tmp_path / "again", read([tmp_path / "file"]))
    assert json.loads((tmp_path / "again").read_text()) == content

    changed = replace(read([tmp_path / "file"])[0], precondition={"func_lead": ALWAYS}, text="new")
    assert to_json(changed)["precondition"] == to_json(one())["precondition"]
    assert to_json(changed)["text_description"] == "new"
    assert to_json(changed)["author"] == {"tool": "another"}


@pytest.mark.skipif(not TRACES.is_dir(), reason="the reference traces are not at ../shared/traces")
def test_published_files_are_written_as_they_were(tmp_path: Path) -> None:
    files = [*TRACES.glob("*/invariants.json"), *TRACES.glob("*/*/invariants.json")]
    assert len(files) == 4
    for file in files:
        write(tmp_path / "again", read([file]))
        before, after = (
            sorted(json.dumps(json.loads(line), sort_keys=True) for line in one.open())
            for one in (file, tmp_path / "again")
        )
        assert before == after


def test_keys_are_those_of_the_format() -> None:
    assert list(to_json(one(Condition(((STEP,),))))) == [
        "text_description",
        "relation",
        "params",
        "precondition",
        "num_positive_examples",
        "num_negative_examples",
    ]
    group = to_json(one(Condition(((STEP,),))))["precondition"]["func_lead"]
    assert group == {
        "inverted": False,
        "preconditions": [
            {
                "clauses": [
                    {
                        "type": "constant",
                        "prop_name": "meta_vars.step",
                        "additional_path": "None",
                        "prop_dtype": "int",
                        "values": [0],
                    }
                ]
            }
        ],
    }


def test_blank_lines_and_missing_counts_are_fine(tmp_path: Path) -> None:
    content = to_json(one())
    del content["num_positive_examples"]
    (tmp_path / "old").write_text(f"\n{json.dumps(content)}\n\n")
    assert read([tmp_path / "old"])[0].positive is None


def test_inverted_unconditional_never_holds() -> None:
    assert not accepts(Condition(((),), inverted=True), {}, records=1)


def test_an_old_dotted_name_finds_the_argument_of_a_manager() -> None:
    clause = Clause("constant", f"{MANAGER}.enabled", values=("true",))
    signature = {(MANAGER, ()): "{}", (MANAGER, ("enabled",)): "true"}
    assert accepts(Condition(((clause,),)), signature, records=1)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "not an invariant"),
        ("[]", "not an invariant"),
        ('{"relation": "X"}', "'params' is missing"),
        ('{"relation": "X", "params": [], "precondition": {}}', "params"),
        ("not json at all", "not an invariant"),
    ],
)
def test_another_tools_file_is_refused_with_its_line(tmp_path: Path, line: str, said: str) -> None:
    file = tmp_path / "foreign.json"
    file.write_text(json.dumps(to_json(one())) + "\n" + line + "\n")
    with pytest.raises(DataError) as caught:
        read([file])
    assert f"{file}:2: " in caught.value.message
    assert said in caught.value.message


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read([tmp_path / "nowhere"])


def test_numbers_are_compared_by_value() -> None:
    content = to_json(one(Condition(((STEP,),))))
    content["precondition"]["func_lead"]["preconditions"][0]["clauses"][0]["values"] = [0.0]
    assert from_json(content).precondition["func_lead"] == Condition(((STEP,),))
