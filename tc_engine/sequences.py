"""Form chains of calls from pairs: (A, B) and (B, C) with one precondition become (A, B, C).

A chain is checked as its adjacent pairs are. So every pair goes into exactly one chain: nothing is
lost, nothing is said twice, and a chain is as long as the pairs that are left allow.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from tc_engine.invariant_sets import merge
from tc_engine.invariants import Invariant, to_json
from tc_engine.relations._base import Relation

MERGED = ("lead", "cover")

Pairs = dict[str, dict[str, Invariant]]


def merge_sequences(
    invariants: Iterable[Invariant], relations: Sequence[Relation]
) -> list[Invariant]:
    """Replace pairs of Lead and Cover by maximal chains; all other invariants stay as they are."""
    merged = {one.title: one for one in relations if one.name in MERGED}
    kept: list[Invariant] = []
    groups: dict[tuple[str, str], Pairs] = defaultdict(lambda: defaultdict(dict))
    for one in merge(invariants):
        if one.relation in merged and len(one.params) == 2:
            first, second = (param["api_full_name"] for param in one.params)
            groups[_group(one)][first][second] = one
        else:
            kept.append(one)
    for (title, _), pairs in sorted(groups.items()):
        kept += [_chain(merged[title], chain) for chain in _chains(pairs)]
    return kept


def _group(invariant: Invariant) -> tuple[str, str]:
    """Pairs of one relation and precondition may join."""
    return invariant.relation, json.dumps(to_json(invariant)["precondition"], sort_keys=True)


def _chains(pairs: Pairs) -> Iterable[list[Invariant]]:
    """Take the pairs apart into chains that visit no function twice."""
    while any(pairs.values()):
        start = min((name for name in pairs if pairs[name]), key=lambda n: (-len(pairs[n]), n))
        names = [start]
        chain: list[Invariant] = []
        while step := _next(pairs, names):
            chain.append(pairs[names[-1]].pop(step))
            names.append(step)
        while step := _previous(pairs, names):
            chain.insert(0, pairs[step].pop(names[0]))
            names.insert(0, step)
        yield chain


def _next(pairs: Pairs, names: list[str]) -> str | None:
    """Choose the follower that most others follow: in a loop the call that comes next."""
    free = [name for name in pairs.get(names[-1], {}) if name not in names]
    return min(free, key=lambda name: (-len(pairs.get(name, {})), name), default=None)


def _previous(pairs: Pairs, names: list[str]) -> str | None:
    free = [name for name in pairs if names[0] in pairs[name] and name not in names]
    return min(free, key=lambda name: (len(pairs[name]), name), default=None)


def _chain(relation: Relation, chain: list[Invariant]) -> Invariant:
    if len(chain) == 1:
        return chain[0]
    params: list[dict[str, Any]] = [chain[0].params[0], *(pair.params[1] for pair in chain)]
    return replace(
        chain[0],
        params=tuple(params),
        text=relation.sentence(params),
        positive=sum(pair.positive or 0 for pair in chain),
        negative=sum(pair.negative or 0 for pair in chain),
        source={},
    )
