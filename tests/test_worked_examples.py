"""The worked examples of the specification, from Parquet parts to invariants and violations."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tc_engine import relations
from tc_engine.dataset import open_dataset
from tc_engine.invariants import Invariant, canonical, to_json
from tc_engine.pipelines.check import check
from tc_engine.pipelines.infer import infer
from tests.relations.engine import to_reference
from tests.worked_examples import WORKED, Expected, Worked, dropout_rests_in_evaluation
from tests.worked_examples_more import WORKED_MORE

ALL = {
    **WORKED,
    **WORKED_MORE,
    # Its rules hold in one stage each; the oracles count over all stages, and do not run it.
    "dropout_rests_in_evaluation": dropout_rests_in_evaluation,
}


@pytest.mark.parametrize("name", list(ALL))
def test_is_inferred_and_checked(name: str, tmp_path: Path) -> None:
    worked = ALL[name]()
    runs = [open_dataset(trace.write(tmp_path / key)) for key, trace in worked.traces.items()]

    inference = infer(runs, relations=relations.discover(), settings={"all_hypotheses": True})

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
    events = {
        (row["process_id"], row["start_ts"]): row["event_id"] for row in worked.checked.rows()
    }
    keys = tuple(
        ("checked", record["process_id"], events[record["process_id"], record["time"]])
        for record in result.violation.records
    )
    assert (keys[0] if len(keys) == 1 else tuple(sorted(keys))) in worked.violations


def _find(invariants: list[Invariant], expected: Expected) -> Invariant:
    (found,) = [
        one
        for one in invariants
        if _relation(one) == expected.relation
        and to_reference(expected.relation, one.params) == expected.params
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
        path = one["additional_path"]
        values = tuple(map(canonical, one.get("values", ())))
        return (one["type"], one["prop_name"], tuple(path), values)

    return group["inverted"], sorted(
        one["clauses"] if isinstance(one["clauses"], str) else sorted(map(clause, one["clauses"]))
        for one in group["preconditions"]
    )
