"""Work on many invariants at once: choose, merge, subtract, drop what others imply."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from tc_engine.implication import implies
from tc_engine.invariants import Clause, Condition, Invariant, to_json


def merge(invariants: Iterable[Invariant]) -> list[Invariant]:
    """Keep one of each rule, with the counts of that which was seen most often.

    The programs that taught it are those of all, where all are told; it is local if all are.
    """
    found: dict[str, Invariant] = {}
    for one in invariants:
        key = _identity(one)
        known = found.get(key, one)
        told = known.programs and one.programs
        programs = tuple(sorted({*known.programs, *one.programs})) if told else ()
        is_local = known.is_local and one.is_local
        kept = one if _support(one) > _support(known) else known
        found[key] = replace(kept, programs=programs, is_local=is_local)
    return list(found.values())


def subtract(invariants: Iterable[Invariant], unwanted: Iterable[Invariant]) -> list[Invariant]:
    """Drop the rules that are among the unwanted ones, whatever their counts."""
    keys = {_identity(one) for one in unwanted}
    return [one for one in invariants if _identity(one) not in keys]


def drop_implied(invariants: Iterable[Invariant]) -> list[Invariant]:
    """Drop each rule that another one implies; of rules that say the same, keep the first."""
    groups: dict[str, list[Invariant]] = defaultdict(list)
    for one in invariants:
        groups[one.relation].append(one)
    kept: list[Invariant] = []
    for group in groups.values():
        for number, one in enumerate(group):
            if not any(
                implies(other, one) and (place < number or not implies(one, other))
                for place, other in _same_subject(group, one)
            ):
                kept.append(one)
    return kept


def choose(
    invariants: Iterable[Invariant],
    *,
    relations: Sequence[str] = (),
    api: str = "",
    text: str = "",
    min_support: int = 0,
) -> list[Invariant]:
    """Keep the invariants that meet all conditions that are given.

    `relations` are names as in files; `api` is a part of the name of a function or of a variable's
    type, `text` a part of the description, in any case; `min_support` counts positive examples.
    """
    conditions: list[Callable[[Invariant], bool]] = [
        lambda one: not relations or one.relation in relations,
        lambda one: any(api in name for name in subjects(one)) or not api,
        lambda one: text.lower() in one.text.lower(),
        lambda one: _support(one) >= min_support,
    ]
    return [one for one in invariants if all(condition(one) for condition in conditions)]


def subjects(invariant: Invariant) -> list[str]:
    """Name the functions and types of variables that an invariant speaks about."""
    return [
        str(param[key])
        for param in invariant.params
        for key in ("api_full_name", "var_type")
        if key in param
    ]


def describe(condition: Condition) -> str:
    """Say a precondition in words."""
    parts = [" and ".join(map(_describe, one)) or "always" for one in condition.alternatives]
    text = " or ".join(parts) or "never"
    if not condition.inverted:
        return text
    return {"always": "never", "never": "always"}.get(text, f"not ({text})")


def _describe(clause: Clause) -> str:
    name = clause.field.removeprefix("meta_vars.").removeprefix("attributes.")
    manager = name.removeprefix("context_managers.")
    if manager != name:
        name = ".".join([manager.rsplit(".", 1)[-1], *clause.path])
    match clause.kind:
        case "constant":
            return f"{name} = {' or '.join(str(json.loads(value)) for value in clause.values)}"
        case "consistent":
            return f"same {name}"
        case "unequal":
            return f"different {name}"
        case _:
            return f"in {name}" if manager != name else f"{name} is known"


def _same_subject(group: list[Invariant], one: Invariant) -> Iterable[tuple[int, Invariant]]:
    wanted = set(subjects(one))
    return (
        (place, other)
        for place, other in enumerate(group)
        if other is not one and wanted <= set(subjects(other))
    )


def _support(invariant: Invariant) -> int:
    return invariant.positive or 0


def _identity(invariant: Invariant) -> str:
    content = to_json(replace(invariant, source={}))
    return json.dumps(
        [content[key] for key in ("relation", "params", "precondition")], sort_keys=True
    )
