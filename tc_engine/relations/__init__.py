"""The relations: one module each, found by being here, and those that other packages offer."""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points

from tc_engine.errors import UsageError
from tc_engine.relations._base import Claim, Params, Relation, short_function

__all__ = [
    "ENTRY_POINTS",
    "Claim",
    "Params",
    "Relation",
    "by_name",
    "discover",
    "select",
    "short_function",
]

ENTRY_POINTS = "tc_engine.relations"


def discover() -> list[Relation]:
    """Return all relations, in order of their names.

    Raises UsageError for an entry point that cannot be loaded or is no relation, and for a name
    that two relations have.
    """
    found: list[Relation] = [
        importlib.import_module(f"{__name__}.{module.name}").RELATION
        for module in pkgutil.iter_modules(__path__)
        if not module.name.startswith("_")
    ]
    found += [_load(entry) for entry in entry_points(group=ENTRY_POINTS)]
    for names in ([one.name for one in found], [one.title for one in found]):
        name, times = Counter(names).most_common(1)[0]
        if times > 1:
            raise UsageError(
                f"there are {times} relations {name!r}",
                "Rename yours, or uninstall the package that it is from",
            )
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


def _load(entry: EntryPoint) -> Relation:
    """Return the relation of another package. Raises UsageError whatever that package raises."""
    package = entry.dist.name if entry.dist else "a package"
    hint = f"Repair or uninstall {package}"
    try:
        relation = entry.load()
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise UsageError(
            f"the relation {entry.name!r} of {package} ({entry.value}) cannot be loaded: {reason}",
            hint,
        ) from error
    if not isinstance(relation, Relation):
        raise UsageError(f"{entry.value} of {package} is no Relation", hint)
    return relation
