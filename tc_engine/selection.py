"""What a trace must hold for certain invariants to be judged, and which cannot be."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from tc_engine.invariants import Clause, Invariant

ORDERED = frozenset({"FunctionLeadRelation", "FunctionCoverRelation"})
"""Relations that look from one training step into the next."""

ABOUT_CALLS = frozenset({"APIContainRelation", *ORDERED})
"""Relations that look at a call's arguments only where an invariant names some."""

OVER_TIME = frozenset({"ConsistencyRelation", "VarPeriodicChangeRelation"})
"""Relations that look at variables whatever function is being called."""

_FUNCTION_KEYS = ("api_full_name", "api_name")
_ATTRIBUTES = "attributes."


@dataclass(frozen=True)
class Selection:
    """The functions whose calls, and the attributes of variables whose values, must be there.

    `arguments` are those of the functions of whose calls arguments and results must be there, too.
    `over_time`: the values matter at any time, not only inside of the functions. `norms`: tensors
    are compared by their norms. `steps` is how many steps in a row must be.
    """

    functions: tuple[str, ...]
    arguments: tuple[str, ...]
    attributes: tuple[str, ...]
    over_time: bool
    norms: bool
    steps: int


def needed_by(invariants: Sequence[Invariant]) -> Selection:
    """Return what the invariants speak of, preconditions included."""
    named = {str(one["attr_name"]) for i in invariants for one in i.params if one.get("attr_name")}
    fields = {clause.field for one in invariants for clause in _clauses(one)}
    attributes = {one.removeprefix(_ATTRIBUTES) for one in fields if one.startswith(_ATTRIBUTES)}
    return Selection(
        functions=tuple(sorted({name for one in invariants for name in functions_of(one)})),
        arguments=tuple(sorted({name for one in invariants for name in _with_arguments(one)})),
        attributes=tuple(sorted(named | attributes)) if named else (),
        over_time=any(one.relation in OVER_TIME for one in invariants),
        norms=any("tolerance" in param for one in invariants for param in one.params),
        steps=2 if any(one.relation in ORDERED for one in invariants) else 1,
    )


def functions_of(invariant: Invariant) -> set[str]:
    """Return the names of the functions that an invariant speaks of."""
    return {
        str(param[key]) for param in invariant.params for key in _FUNCTION_KEYS if param.get(key)
    }


def _with_arguments(invariant: Invariant) -> set[str]:
    """Return the functions of whose calls an invariant says more than that they are made."""
    if invariant.relation not in ABOUT_CALLS:
        return functions_of(invariant)
    return {
        str(param[key])
        for param in invariant.params
        for key in _FUNCTION_KEYS
        if param.get(key) and param.get("arguments")
    }


def out_of_reach(
    invariants: Iterable[Invariant], never_called: Collection[str]
) -> list[tuple[Invariant, str]]:
    """Return the invariants that a trace cannot tell of, each with a function that is not there."""
    found = []
    for invariant in invariants:
        missing = functions_of(invariant) & set(never_called)
        if missing:
            found.append((invariant, min(missing)))
    return found


def _clauses(invariant: Invariant) -> Iterator[Clause]:
    for condition in invariant.precondition.values():
        for alternative in condition.alternatives:
            yield from alternative
