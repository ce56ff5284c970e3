"""Run the SQL of a relation on small traces and speak of the outcome as the oracles do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tc_engine.dataset import open_dataset
from tc_engine.engine import stages
from tc_engine.engine.session import Session
from tc_engine.pipelines.check import state
from tests.builder import Trace
from tests.reference.events import Examples
from tests.reference.values import canonical

Params = tuple[Any, ...]


@dataclass(frozen=True)
class Counted:
    """How many examples a hypothesis has; some relations count pairs without listing them."""

    positive: int
    negative: int


def prepared(traces: Mapping[str, Trace], folder: Path) -> Session:
    """Write the traces below a folder and derive the tables."""
    session = Session()
    runs = [open_dataset(trace.write(folder / name)) for name, trace in traces.items()]
    stages.prepare(session, runs)
    return session


def folder_of(relation: str) -> str:
    """Return the folder of a relation's SQL: two oracles share one."""
    return "contain" if relation in ("contain_call", "contain_change") else relation


def hypotheses(session: Session, relation: str, *, all_hypotheses: bool = False) -> set[Params]:
    """Return the params of all hypotheses of a relation."""
    session.set("all_hypotheses", all_hypotheses)
    session.run(f"{folder_of(relation)}/candidates")
    session.run(f"{folder_of(relation)}/hypotheses")
    found = [json.loads(row[0]) for row in session.rows("SELECT params FROM hypotheses")]
    return {to_reference(relation, params) for params in found if _is_of(relation, params)}


def local(session: Session, relation: str) -> set[Params]:
    """Return the params of the hypotheses that tell something of their own programs only."""
    rows = session.rows("FROM hypotheses SEMI JOIN local_hypotheses USING (hypothesis_id)")
    return {to_reference(relation, json.loads(params)) for _, params in rows}


def examples(session: Session, relation: str, params: Params) -> Examples:
    """Return the examples of a hypothesis, whether or not the relation would state it."""
    sides: dict[bool, set[Any]] = {True: set(), False: set()}
    for positive, weight, trace, process, event, process_2, event_2 in _rows(
        session, relation, params
    ):
        assert weight == 1
        one: Any = (trace, process, event)
        if event_2 is not None:
            one = (one, (trace, process_2, event_2))
            if relation != "consistency" or params[0] == params[1]:
                one = tuple(sorted(one))
        assert one not in sides[positive], "an example is there twice"
        sides[positive].add(one)
    return Examples(frozenset(sides[True]), frozenset(sides[False]))


def counts(session: Session, relation: str, params: Params) -> Counted:
    """Return how many examples a hypothesis has."""
    rows = _rows(session, relation, params)
    return Counted(*(sum(row[1] for row in rows if row[0] is side) for side in (True, False)))


def _rows(session: Session, relation: str, params: Params) -> list[tuple[Any, ...]]:
    state(session, {1: from_reference(relation, params)})
    session.run(f"{folder_of(relation)}/examples")
    return session.rows(
        "SELECT is_positive, weight, trace, process_id, event_id, process_id_2, event_id_2 "
        "FROM examples"
    )


def to_reference(relation: str, params: Sequence[dict[str, Any]]) -> Params:
    """Turn the params of an invariants file into those of the oracles."""
    names = [param.get("api_full_name") for param in params]
    if relation == "consistency":
        return tuple((one["var_type"], one["attr_name"]) for one in params)
    if relation == "contain_change":
        change = params[1]
        values = (canonical(change["pre_value"]), canonical(change["post_value"]))
        return (names[0], change["var_type"], change["attr_name"], *values)
    if relation == "contain_call" and "arguments" in params[1]:
        return (*names, canonical(params[1]["arguments"]["args"]))
    if relation == "output":
        return (names[0], params[1]["attr_name"], canonical(params[1]["const_value"]))
    if relation == "periodic":
        (param,) = params
        return (param["var_type"], param["attr_name"], canonical(param["const_value"]))
    if relation == "input_output":
        given, _, returned = params
        return (names[1], *_place(given), *_place(returned))
    if relation == "threshold":
        kind = "max" if params[0]["is_input"] else "min"
        given, returned = (params[0], params[2]) if kind == "max" else (params[2], params[0])
        return (kind, names[1], given["name"], *_place(returned))
    if relation == "consistent_argument":
        return (names[0], params[1]["name"])
    return tuple(names)


def from_reference(relation: str, params: Params) -> list[dict[str, Any]]:
    """Turn the params of an oracle into those of an invariants file."""
    if relation == "consistency":
        return [_variable(kind, name) for kind, name in params]
    if relation == "periodic":
        return [{**_variable(params[0], params[1]), "const_value": json.loads(params[2])}]
    if relation == "contain_change":
        change = _variable(params[1], params[2])
        values = {"pre_value": json.loads(params[3]), "post_value": json.loads(params[4])}
        return [_function(params[0]), {**change, **values}]
    if relation == "output":
        value = {"const_value": json.loads(params[2])}
        return [_function(params[0]), {**_variable("torch.Tensor", params[1]), **value}]
    if relation == "input_output":
        given, returned = _tensor(*params[1:3], True), _tensor(*params[3:5], False)
        return [given, _function(params[0]), returned]
    if relation == "threshold":
        kind, function, name, index, path = params
        limit = {"param_type": "InputOutputParam", "name": name, "is_input": True}
        returned = _tensor(index, path, False)
        first, last = (limit, returned) if kind == "max" else (returned, limit)
        return [first, _function(function), last]
    if relation == "consistent_argument":
        argument = {"param_type": "InputOutputParam", "name": params[1], "is_input": True}
        return [_function(params[0]), argument]
    found = [_function(name) for name in params[:2]]
    if relation == "contain_call" and params[2:] and params[2] != "{}":
        found[1]["arguments"] = {"args": json.loads(params[2]), "func_name": params[1]}
    return found


def _function(name: str) -> dict[str, Any]:
    return {"param_type": "APIParam", "api_full_name": name}


def _variable(kind: str, attribute: str) -> dict[str, Any]:
    return {"param_type": "VarTypeParam", "var_type": kind, "attr_name": attribute}


def _tensor(index: int, path: tuple[Any, ...], is_input: bool) -> dict[str, Any]:
    side = "input_tensors" if is_input else "output_tensors"
    place = {"name": side, "index": index, "additional_path": list(path)}
    return {"param_type": "InputOutputParam", **place, "is_input": is_input}


def _place(param: dict[str, Any]) -> tuple[int, tuple[Any, ...]]:
    return param["index"], tuple(param["additional_path"])


def _is_of(relation: str, params: Sequence[dict[str, Any]]) -> bool:
    if folder_of(relation) != "contain":
        return True
    return ("var_type" in params[1]) == (relation == "contain_change")
