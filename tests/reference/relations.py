"""The relations by name; each is a module with `hypotheses` and `examples`."""

from __future__ import annotations

from inspect import signature
from types import ModuleType

from tests.reference import (
    consistency,
    consistent_argument,
    contain_call,
    contain_change,
    cover,
    distinct_argument,
    input_output,
    lead,
    output,
    periodic,
    threshold,
)

RELATIONS: dict[str, ModuleType] = {
    "contain_call": contain_call,
    "contain_change": contain_change,
    "cover": cover,
    "lead": lead,
    "consistency": consistency,
}

MORE_RELATIONS: dict[str, ModuleType] = {
    "output": output,
    "input_output": input_output,
    "threshold": threshold,
    "distinct_argument": distinct_argument,
    "periodic": periodic,
    "consistent_argument": consistent_argument,
}


def choices(relation: ModuleType) -> list[dict[str, bool]]:
    """Return what the hypotheses of a relation can be asked with: all of them come last."""
    if "all_hypotheses" not in signature(relation.hypotheses).parameters:
        return [{}]
    return [{}, {"all_hypotheses": True}]
