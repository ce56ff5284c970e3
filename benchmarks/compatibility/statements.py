"""What an invariant states, apart from when: to find its like on the other side."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tc_engine.invariants import Condition, Invariant

UNEXPLAINED = "unexplained"

Arguments = Mapping[str, dict[str, Any]]
Statement = tuple[str, ...]
Stated = Mapping[Statement, Sequence[Invariant]]

# As is_address() in sql/macros.sql.
_ADDRESS = re.compile(r"_(TRAINCHECK|ML_DAIKON)_.*_ID$")


@dataclass(frozen=True)
class Finding:
    """How one invariant stands to the other side's: a verdict, and what shows it."""

    invariant: Invariant
    verdict: str
    evidence: str = ""


def precondition(invariant: Invariant) -> Condition:
    """Return the precondition on the records of the relation's examples."""
    return next(iter(invariant.precondition.values()))


def arguments(invariant: Invariant) -> Arguments:
    """Return the arguments that a Contain invariant's child must have been given."""
    stored = invariant.params[-1].get("arguments") or {}
    given: Arguments = stored.get("args") or {}
    return given


def without_arguments(invariant: Invariant) -> Invariant:
    """Return the weaker invariant that does not say what the child must have been given."""
    params = tuple(
        {key: value for key, value in param.items() if key != "arguments"}
        for param in invariant.params
    )
    return replace(invariant, params=params)


def statement(invariant: Invariant) -> Statement:
    """Return what an invariant states, without precondition and arguments, to compare by."""
    params = [json.dumps(p, sort_keys=True) for p in without_arguments(invariant).params]
    if invariant.relation == "ConsistencyRelation":
        params.sort()
    return (invariant.relation, *params)


def by_statement(invariants: Sequence[Invariant]) -> Stated:
    """Group invariants by what they state."""
    found: dict[Statement, list[Invariant]] = defaultdict(list)
    for one in invariants:
        found[statement(one)].append(one)
    return found


def is_about_address(invariant: Invariant) -> bool:
    """Tell whether an invariant is about the address of an object."""
    return any(_ADDRESS.match(str(param.get("attr_name", ""))) for param in invariant.params)


def is_about_module(invariant: Invariant) -> bool:
    """Tell whether an invariant names a function that every module has, such as train or eval."""
    return any(
        str(param.get("api_full_name")).startswith("torch.nn.modules.module.Module.")
        for param in invariant.params
    )


def is_unwritable(invariant: Invariant) -> bool:
    """Tell whether an invariant is about a value that TrainCheck could not write down."""
    return any(
        str(param.get("const_value")).startswith("NOT SERIALIZABLE") for param in invariant.params
    )
