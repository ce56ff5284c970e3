"""Deduce a precondition: true of every positive example, false of every negative one.

The search is that of relations.md 6.4 on distinct signatures. Two things are done otherwise: a
conjunction found for a part of the positives keeps the clauses that all of them share (Q65), and
what comes out is verified on all examples before anyone sees it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tc_engine.invariants import ALWAYS, Clause, Condition
from tc_engine.learn.clauses import (
    ACTIVE,
    DIFFER,
    DIFFER_NULL,
    Signature,
    Target,
    accepts,
    dtype,
    holds,
    is_literal,
)

MAX_DEPTH = 16
MAX_STRINGS = 4
MAX_OTHERS = 1
STAGE: Target = ("meta_vars.stage", ())

Conjunction = tuple[Clause, ...]


class OverBudgetError(Exception):
    """A search was given up because it took more splits than it may."""


@dataclass(frozen=True)
class Examples:
    """The distinct signatures of a hypothesis' examples.

    `records` in each: 1, or 2 for pairs. `skipped` fields make no clauses. A search for their
    precondition may split them `max_splits` times.
    """

    positive: Sequence[Signature]
    negative: Sequence[Signature]
    records: int = 1
    skipped: frozenset[str] = frozenset()
    max_splits: int = 10_000


def deduce(examples: Examples) -> Condition | None:
    """Find a precondition, or None.

    One that names no step number is preferred, then one that is not inverted. Raises
    OverBudgetError.
    """
    if not examples.negative:
        return ALWAYS
    if not examples.positive:
        return None
    swapped = replace(examples, positive=examples.negative, negative=examples.positive)
    for positions in (False, True):
        for inverted, given in ((False, examples), (True, swapped)):
            found = _Search(given, positions=positions).run()
            if found:
                condition = Condition(tuple(sorted(found, key=_order_of)), inverted)
                if is_exact(condition, examples):
                    return condition
    return None


def is_exact(condition: Condition, examples: Examples) -> bool:
    """Tell whether a condition accepts every positive example and no negative one."""
    records = examples.records
    return all(accepts(condition, one, records=records) for one in examples.positive) and not any(
        accepts(condition, one, records=records) for one in examples.negative
    )


def deduce_by_stage(
    examples: Examples, stages: Iterable[str]
) -> tuple[Condition, frozenset[str | None]] | None:
    """Find a precondition that may hold in some stages only (relations.md 6.5).

    `stages` are those of all traces, as canonical values. Returns the precondition and the stages
    whose examples it was deduced from (None: no stage known), or None.
    """
    parts = _split_by_stage(examples)
    found = {stage: deduce(part) for stage, part in parts.items() if part.positive}
    valid = frozenset(stage for stage, condition in found.items() if condition is not None)
    if not valid:
        return None
    kept = replace(
        examples,
        positive=[one for stage in valid for one in parts[stage].positive],
        negative=[one for stage in valid for one in parts[stage].negative],
    )
    condition = deduce(kept)
    if condition is None:
        return None
    if valid == parts.keys():
        return condition, valid
    named = valid - {None}
    if not named:
        return None
    limited = _limit(condition, {s for s in named if s}, set(stages))
    return (limited, named) if is_exact(limited, _only(parts, named)) else None


def _only(parts: dict[str | None, Examples], stages: Iterable[str | None]) -> Examples:
    """Put together all negatives, and the positives of some stages."""
    return replace(
        next(iter(parts.values())),
        positive=[positive for stage in stages for positive in parts[stage].positive],
        negative=[negative for part in parts.values() for negative in part.negative],
    )


def _limit(condition: Condition, valid: set[str], stages: set[str]) -> Condition:
    """Let a condition hold in the valid stages only."""
    if condition.inverted:
        outside = _stage_clause(stages - valid)
        return Condition((*condition.alternatives, (outside,)), inverted=True)
    inside = _stage_clause(valid)
    return Condition(
        tuple(
            alternative if any(_names_stages(c) for c in alternative) else (*alternative, inside)
            for alternative in condition.alternatives
        )
    )


def _names_stages(clause: Clause) -> bool:
    return clause.field == STAGE[0] and clause.kind == "constant"


def _stage_clause(stages: set[str]) -> Clause:
    return Clause("constant", STAGE[0], values=tuple(sorted(stages)), dtype="str")


def _split_by_stage(examples: Examples) -> dict[str | None, Examples]:
    positive: dict[str | None, list[Signature]] = defaultdict(list)
    negative: dict[str | None, list[Signature]] = defaultdict(list)
    for one in examples.positive:
        positive[one.get(STAGE)].append(one)
    for one in examples.negative:
        negative[one.get(STAGE)].append(one)
    return {
        stage: replace(examples, positive=positive[stage], negative=negative[stage])
        for stage in sorted({*positive, *negative}, key=str)
    }


def _order_of(conjunction: Conjunction) -> list[tuple[str, str, tuple[str, ...], tuple[str, ...]]]:
    return [(c.kind, c.field, c.path, c.values) for c in conjunction]


class _Search:
    """One run of the search; sets of examples are the bits of an integer."""

    def __init__(self, examples: Examples, *, positions: bool) -> None:
        self._positive = examples.positive
        self._negative = examples.negative
        self._records = examples.records
        self._skipped = examples.skipped
        self._positions = positions
        self._splits_left = examples.max_splits
        self._pruned: set[Clause] = set()

    def run(self) -> list[Conjunction]:
        """Return alternatives that together cover all positives, or an empty list.

        Raises OverBudgetError.
        """
        everything = (1 << len(self._positive)) - 1
        return self._alternatives(everything, (1 << len(self._negative)) - 1, (), 0)

    def _alternatives(
        self, positive: int, negative: int, inherited: Conjunction, depth: int
    ) -> list[Conjunction]:
        if depth > MAX_DEPTH:
            return []
        support = self._merged(positive)
        truth = {clause: self._true_of_negatives(clause) & negative for clause in support}
        if depth == 0:
            self._pruned = {clause for clause in support if truth[clause] == negative}
        support = {clause: at for clause, at in support.items() if clause not in self._pruned}
        base = [clause for clause, at in support.items() if at == positive]
        passing = negative
        for clause in base:
            passing &= truth[clause]
        conjunction = tuple(sorted({*inherited, *base}, key=lambda c: _order_of((c,))))
        if not passing:
            return [conjunction]
        return self._split(positive, passing, support, conjunction, depth)

    def _split(
        self,
        positive: int,
        passing: int,
        support: dict[Clause, int],
        conjunction: Conjunction,
        depth: int,
    ) -> list[Conjunction]:
        self._splits_left -= 1
        if self._splits_left < 0:
            raise OverBudgetError
        parts = _largest({at for at in support.values() if at != positive})
        found: list[Conjunction] = []
        covered = 0
        for index, part in enumerate(parts):
            reachable = covered
            for rest in parts[index:]:
                reachable |= rest
            if reachable != positive:
                return []
            alternatives = self._alternatives(part, passing, conjunction, depth + 1)
            if alternatives:
                covered |= part
                found.extend(alternatives)
        return _without_implied(found) if covered == positive else []

    def _merged(self, positive: int) -> dict[Clause, int]:
        """Return the clauses of the chosen positives, each with the positives it is true of."""
        values: dict[Target, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for index, signature in enumerate(self._positive):
            bit = 1 << index
            if positive & bit:
                for target, value in signature.items():
                    if target[0] not in self._skipped:
                        values[target][value] |= bit
        merged: dict[Clause, int] = {}
        for target in sorted(values):
            for clause, at in self._clauses(target, values[target]):
                merged[clause] = merged.get(clause, 0) | at
        return merged

    def _clauses(self, target: Target, values: dict[str, int]) -> Iterable[tuple[Clause, int]]:
        name, path = target
        constants = {v: at for v, at in values.items() if v not in (DIFFER, DIFFER_NULL, ACTIVE)}
        if DIFFER in values:
            yield Clause("unequal", name, path), values[DIFFER]
        if ACTIVE in values:
            yield Clause("exist", name, path), values[ACTIVE]
        if not constants:
            return
        kind = dtype(min(constants))
        literal = is_literal(target, positions=self._positions)
        limit = MAX_STRINGS if kind == "str" else MAX_OTHERS
        if literal and (kind == "bool" or len(constants) <= limit):
            for value in sorted(constants):
                yield Clause("constant", name, path, (value,), dtype(value)), constants[value]
        else:
            together = 0
            for at in constants.values():
                together |= at
            yield Clause("consistent", name, path, (), kind), together

    def _true_of_negatives(self, clause: Clause) -> int:
        return sum(
            1 << index
            for index, signature in enumerate(self._negative)
            if holds(clause, signature, records=self._records)
        )


def _largest(sets: set[int]) -> list[int]:
    """Keep the sets that lie in no other, the largest first."""
    kept: list[int] = []
    for one in sorted(sets, key=lambda at: (-at.bit_count(), at)):
        if not any(one & other == one for other in kept):
            kept.append(one)
    return kept


def _without_implied(found: list[Conjunction]) -> list[Conjunction]:
    """Drop each conjunction that says more than another one."""
    unique = list(dict.fromkeys(found))
    return [
        one
        for one in unique
        if not any(other is not one and set(other) < set(one) for other in unique)
    ]
