"""The worked examples of the specification, from Parquet parts to invariants and violations."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tc_engine import relations
from tc_engine.check import check
from tc_engine.dataset import open_dataset
from tc_engine.infer import infer
from tc_engine.invariants import Invariant, to_json
from tests.relations.engine import to_reference
from tests.worked_examples import WORKED, Expected, Worked

LEARNED = [name for name in WORKED if name != "generation_stays_below_its_limit"]


@pytest.mark.parametrize("name", LEARNED)
def test_is_inferred_and_checked(name: str, tmp_path: Path) -> None:
    worked = WORKED[name]()
    runs = [open_dataset(trace.write(tmp_path / key)) for key, trace in worked.traces.items()]

    inference = infer(runs, relations=relations.select())

    for expected in worked.expected:
        found = _find(inference.invariants, expected)
        assert (found.positive, found.negative) == (expected.positive, expected.negative)
        groups = to_json(found)["precondition"]
        assert [_plain(group) for group in groups.values()] == [_plain(expected.group)]
    assert not check(runs, inference.invariants).violated
    _assert_violations(worked, _find(inference.invariants, worked.expected[0]), tmp_path)


def _assert_violations(worked: Worked, invariant: Invariant, folder: Path) -> None:
    if worked.checked is None:
        return
    run = open_dataset(worked.checked.write(folder / "checked"))
    (result,) = check([run], [invariant]).results
    assert result.violation is not None
    assert result.violation.count == len(worked.violations)
    record = result.violation.records[0]
    keys = {("checked", record["process_id"], int(record["func_call_id"].split("_")[1]))}
    assert keys <= worked.violations


def _find(invariants: list[Invariant], expected: Expected) -> Invariant:
    (found,) = [
        one
        for one in invariants
        if to_reference(one.params) == expected.params and _relation(one) == expected.relation
    ]
    return found


def _relation(invariant: Invariant) -> str:
    name = relations.by_name(invariant.relation, relations.discover()).name
    if name != "contain":
        return name
    return "contain_change" if "var_type" in invariant.params[1] else "contain_call"


def _plain(group: Mapping[str, Any]) -> Any:
    """Bring a group into a form that does not depend on order, and leave the dtype out."""

    def clause(one: dict[str, Any]) -> tuple[Any, ...]:
        return (one["type"], one["prop_name"], tuple(one.get("values", ())))

    return group["inverted"], sorted(
        one["clauses"] if isinstance(one["clauses"], str) else sorted(map(clause, one["clauses"]))
        for one in group["preconditions"]
    )
