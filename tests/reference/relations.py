"""The relations by name; each is a module with `hypotheses` and `examples`."""

from __future__ import annotations

from types import ModuleType

from tests.reference import consistency, contain_call, contain_change, cover, lead

RELATIONS: dict[str, ModuleType] = {
    "contain_call": contain_call,
    "contain_change": contain_change,
    "cover": cover,
    "lead": lead,
    "consistency": consistency,
}
