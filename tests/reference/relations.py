"""The relations by name; each is a module with `hypotheses` and `examples`."""

from __future__ import annotations

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
