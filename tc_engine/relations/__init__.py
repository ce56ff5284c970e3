"""The relations: one module each, found by being here, and those that other packages offer."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from importlib.metadata import entry_points

from tc_engine.errors import UsageError
from tc_engine.relations._base import Relation

ENTRY_POINTS = "tc_engine.relations"


def discover() -> list[Relation]:
    """Return all relations, in order of their names."""
    found: list[Relation] = [
        importlib.import_module(f"{__name__}.{module.name}").RELATION
        for module in pkgutil.iter_modules(__path__)
        if not module.name.startswith("_")
    ]
    found += [entry.load() for entry in entry_points(group=ENTRY_POINTS)]
    return sorted(found, key=lambda relation: relation.name)


def select(enable: Sequence[str] = (), disable: Sequence[str] = ()) -> list[Relation]:
    """Return the relations named in `enable`, without those in `disable`.

    Where `enable` is empty, those that are on by default.

    A relation may be named as here (`contain`) or as in files (`APIContainRelation`). Raises
    UsageError for a name that is neither.
    """
    relations = discover()
    default = {relation.name for relation in relations if relation.by_default}
    chosen = {by_name(name, relations).name for name in enable} or default
    chosen -= {by_name(name, relations).name for name in disable}
    return [relation for relation in relations if relation.name in chosen]


def by_name(name: str, relations: Sequence[Relation]) -> Relation:
    """Find a relation by either of its names. Raises UsageError for an unknown one."""
    for relation in relations:
        if name in (relation.name, relation.title):
            return relation
    known = ", ".join(f"{relation.name} ({relation.title})" for relation in relations)
    raise UsageError(f"there is no relation {name!r}", f"There are: {known}")
