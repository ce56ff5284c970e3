"""Run the SQL of a relation on small traces and speak of the outcome as the oracles do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from tc_engine.dataset import open_dataset
from tc_engine.engine import stages
from tc_engine.engine.session import Session
from tests.builder import Trace
from tests.reference.events import Examples
from tests.reference.values import canonical

FOLDERS = {
    "contain_call": "contain",
    "contain_change": "contain",
    "cover": "cover",
    "lead": "lead",
    "consistency": "consistency",
}


def prepared(traces: Mapping[str, Trace], folder: Path) -> Session:
    """Write the traces below a folder and derive the tables."""
    session = Session()
    runs = [open_dataset(trace.write(folder / name)) for name, trace in traces.items()]
    stages.prepare(session, runs)
    return session


def hypotheses(session: Session, relation: str) -> set[tuple[Any, ...]]:
    """Return the params of all hypotheses of a relation."""
    session.run(f"{FOLDERS[relation]}/hypotheses")
    found = [json.loads(row[0]) for row in session.rows("SELECT params FROM hypotheses")]
    return {to_reference(params) for params in found if _is_of(relation, params)}


def examples(session: Session, relation: str, params: tuple[Any, ...]) -> Examples:
    """Return the examples of a hypothesis, whether or not the relation would state it."""
    stated = pa.table(
        {"hypothesis_id": [1], "params": [json.dumps(from_reference(relation, params))]}
    )
    session.load("_one", stated)
    session.connection.execute(
        "CREATE OR REPLACE TABLE hypotheses AS "
        "SELECT hypothesis_id, CAST(params AS JSON) AS params FROM _one"
    )
    session.run(f"{FOLDERS[relation]}/examples")
    sides: dict[bool, set[Any]] = {True: set(), False: set()}
    rows = session.rows(
        "SELECT is_positive, trace, process_id, event_id, process_id_2, event_id_2 FROM examples"
    )
    for positive, trace, process, event, process_2, event_2 in rows:
        one: Any = (trace, process, event)
        if event_2 is not None:
            one = (one, (trace, process_2, event_2))
            if params[0] == params[1]:
                one = tuple(sorted(one))
        assert one not in sides[positive], "an example is there twice"
        sides[positive].add(one)
    return Examples(frozenset(sides[True]), frozenset(sides[False]))


def to_reference(params: Sequence[dict[str, Any]]) -> tuple[Any, ...]:
    """Turn the params of an invariants file into those of the oracles."""
    first, second = params
    if "var_type" in first:
        return tuple((one["var_type"], one["attr_name"]) for one in params)
    if "var_type" in second:
        values = (canonical(second["pre_value"]), canonical(second["post_value"]))
        return (first["api_full_name"], second["var_type"], second["attr_name"], *values)
    names = (first["api_full_name"], second["api_full_name"])
    if "arguments" in second:
        return (*names, canonical(second["arguments"]["args"]))
    return names


def from_reference(relation: str, params: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Turn the params of an oracle into those of an invariants file."""
    if relation == "consistency":
        return [
            {"param_type": "VarTypeParam", "var_type": kind, "attr_name": name}
            for kind, name in params
        ]
    first = {"param_type": "APIParam", "api_full_name": params[0]}
    if relation == "contain_change":
        _, kind, name, old, new = params
        change = {"param_type": "VarTypeParam", "var_type": kind, "attr_name": name}
        return [first, {**change, "pre_value": json.loads(old), "post_value": json.loads(new)}]
    second: dict[str, Any] = {"param_type": "APIParam", "api_full_name": params[1]}
    if relation == "contain_call" and params[2:] and params[2] != "{}":
        second["arguments"] = {"args": json.loads(params[2]), "func_name": params[1]}
    return [first, second]


def _is_of(relation: str, params: Sequence[dict[str, Any]]) -> bool:
    if not relation.startswith("contain"):
        return True
    return ("var_type" in params[1]) == (relation == "contain_change")
