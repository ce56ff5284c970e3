"""Evaluate a group of a precondition on the flat records of one example.

A group is `{"inverted": bool, "preconditions": [conjunction, ...]}` as in an invariants file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.reference.events import CONTEXTS
from tests.reference.values import ID_PREFIXES, canonical

Record = Mapping[str, Any]


class _Missing(Exception):
    """A record does not have what a clause speaks about."""


def holds(group: Mapping[str, Any], records: Sequence[Record]) -> bool:
    """Tell whether any conjunction is true, or none if the group is inverted."""
    found = any(_conjunction_holds(one["clauses"], records) for one in group["preconditions"])
    return not found if group["inverted"] else found


def _conjunction_holds(clauses: Any, records: Sequence[Record]) -> bool:
    return clauses == "Unconditional" or all(clause_holds(clause, records) for clause in clauses)


def clause_holds(clause: Mapping[str, Any], records: Sequence[Record]) -> bool:
    """Tell whether a clause is true; one about something that a record lacks is false."""
    try:
        values = [_value(clause, record) for record in records]
    except _Missing:
        return False
    if clause["type"] == "exist":
        return True
    if any(isinstance(value, list | dict) for value in values):
        return False
    distinct = {canonical(value) for value in values}
    match clause["type"]:
        case "constant":
            return len(distinct) == 1 and distinct <= {canonical(one) for one in clause["values"]}
        case "consistent":
            return len(distinct) == 1
        case "unequal":
            return len(distinct) == len(records)
        case other:
            raise ValueError(f"no such type of clause: {other!r}")


def _value(clause: Mapping[str, Any], record: Record) -> Any:
    known = {_one_prefix(name): value for name, value in record.items()}
    name = _one_prefix(clause["prop_name"])
    path = [] if clause["additional_path"] == "None" else list(clause["additional_path"])
    if name not in known and name.startswith(f"meta_vars.{CONTEXTS}."):
        name, _, argument = name.rpartition(".")
        path = [argument, *path]
    value: Any = known
    for step in [name, *path]:
        if not isinstance(value, dict) or step not in value:
            raise _Missing
        value = value[step]
    return value


def _one_prefix(name: str) -> str:
    current, older = ID_PREFIXES
    return name.replace(older, current)
