"""Deduce a precondition: true of every positive example, false of every negative one.

The search is that of relations.md 6.4 on distinct signatures. Two things are done otherwise: a
conjunction found for a part of the positives keeps the clauses that all of them share (Q65), and
what comes out is verified on all examples before anyone sees it. There is no search where no
precondition can tell some positive from some negative.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from tc_engine.invariants import ALWAYS, Clause, Condition
from tc_engine.learn.clauses import (
    ACTIVE,
    DIFFER,
    Signature,
    Target,
    accepts,
    dtype,
    is_constant,
    is_unnamed,
    unnamed,
)

MAX_DEPTH = 16
MAX_STRINGS = 4
MAX_OTHERS = 1
STAGE: Target = ("meta_vars.stage", ())
PROCESS: Target = ("process_id", ())

Conjunction = tuple[Clause, ...]
Index = Mapping[Target, Mapping[str, int]]


class OverBudgetError(Exception):
    """A search was given up because it took more splits than it may."""


@dataclass(frozen=True)
class Examples:
    """The distinct signatures of a hypothesis' examples.

    `records` in each: 1, or 2 for pairs. `skipped` fields make no clauses. A search for their
    precondition may split them `max_splits` times. Where the signatures lack what clauses do not
    name, step numbers too, `with_positions` fetches those that have these; `mixed` then stand for
    positives and negatives that step numbers do not tell apart either; and a positive that is like
    a negative is the same object.
    """

    positive: Sequence[Signature]
    negative: Sequence[Signature]
    records: int = 1
    skipped: frozenset[str] = frozenset()
    max_splits: int = 10_000
    mixed: Sequence[Signature] = ()
    with_positions: Callable[[], Examples] | None = None


def deduce(examples: Examples) -> Condition | None:
    """Find a precondition, or None.

    One that names no step number is preferred, then one that is not inverted. Raises
    OverBudgetError.
    """
    if not examples.negative:
        return _in_one_process(examples) or ALWAYS
    if not examples.positive:
        return None
    return _search(_reduced(examples, positions=False)) or _search_with_positions(examples)


def _in_one_process(examples: Examples) -> Condition | None:
    """Limit what was only seen of pairs in one process to these: replicas may well be alike."""
    seen = {one.get(PROCESS, DIFFER) for one in examples.positive}
    if examples.records == 1 or not seen or DIFFER in seen:
        return None
    return Condition(((Clause("consistent", *PROCESS, (), dtype(min(seen))),),))


def _search_with_positions(examples: Examples) -> Condition | None:
    if examples.mixed:
        return None
    more = examples.with_positions
    return _search(more() if more else _reduced(examples, positions=True))


def _reduced(examples: Examples, *, positions: bool) -> Examples:
    """Reduce signatures to what a clause may name; equal ones become one object.

    Those that were fetched without step numbers are reduced.
    """
    if examples.with_positions:
        return examples
    known: dict[tuple[tuple[Target, str], ...], Signature] = {}
    sides = []
    for side in (examples.positive, examples.negative):
        reduced = [unnamed(one, positions=positions) for one in side]
        different = {tuple(sorted(one.items())): one for one in reduced}
        sides.append([known.setdefault(key, different[key]) for key in sorted(different)])
    return replace(examples, positive=sides[0], negative=sides[1])


def _search(examples: Examples) -> Condition | None:
    """Search in reduced signatures."""
    refused = {id(one) for one in examples.negative}
    if any(id(one) in refused for one in examples.positive):
        return None
    sides = [_Side(len(s), _index(s)) for s in (examples.positive, examples.negative)]
    for inverted in (False, True):
        accepted, refusing = reversed(sides) if inverted else sides
        found = _Search(accepted, refusing, examples).run()
        if found:
            condition = Condition(tuple(sorted(found, key=_order_of)), inverted)
            if is_exact(condition, examples):
                return condition
    return None


def _index(signatures: Sequence[Signature]) -> Index:
    """Return the signatures that have a value in a field, as the bits of a number."""
    values: dict[Target, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for number, signature in enumerate(signatures):
        for target, value in signature.items():
            values[target][value] |= 1 << number
    return values


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
    condition = deduce(_restricted(examples, valid))
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
    stages = {one.get(STAGE) for one in chain(examples.positive, examples.negative)}
    return {stage: _restricted(examples, {stage}) for stage in sorted(stages, key=str)}


def _restricted(examples: Examples, stages: Collection[str | None]) -> Examples:
    """Return the examples of some stages."""
    sides = [examples.positive, examples.negative, examples.mixed]
    positive, negative, mixed = ([one for one in s if one.get(STAGE) in stages] for s in sides)
    more = examples.with_positions
    return replace(
        examples,
        positive=positive,
        negative=negative,
        mixed=mixed,
        with_positions=(lambda: _restricted(more(), stages)) if more else None,
    )


def _order_of(conjunction: Conjunction) -> list[tuple[str, str, tuple[str, ...], tuple[str, ...]]]:
    return [(c.kind, c.field, c.path, c.values) for c in conjunction]


@dataclass(frozen=True)
class _Side:
    """The distinct signatures of one polarity: how many, and where which value is."""

    count: int
    values: Index

    @property
    def all(self) -> int:
        return (1 << self.count) - 1


class _Search:
    """One run of the search; sets of examples are the bits of an integer."""

    def __init__(self, accepted: _Side, refused: _Side, examples: Examples) -> None:
        self._accepted = accepted
        self._refused = refused
        self._records = examples.records
        self._targets = sorted(t for t in accepted.values if t[0] not in examples.skipped)
        self._splits_left = examples.max_splits
        self._pruned: set[Clause] = set()

    def run(self) -> list[Conjunction]:
        """Return alternatives that together cover all accepted, or an empty list.

        Raises OverBudgetError.
        """
        return self._alternatives(self._accepted.all, self._refused.all, (), 0)

    def _alternatives(
        self, positive: int, negative: int, inherited: Conjunction, depth: int
    ) -> list[Conjunction]:
        if depth > MAX_DEPTH:
            return []
        support = self._merged(positive)
        truth = {clause: self._true_of_refused(clause) & negative for clause in support}
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
        merged: dict[Clause, int] = {}
        for target in self._targets:
            found = self._accepted.values[target]
            values = {value: at & positive for value, at in found.items() if at & positive}
            for clause, at in self._clauses(target, values):
                merged[clause] = merged.get(clause, 0) | at
        return merged

    def _clauses(self, target: Target, values: dict[str, int]) -> Iterable[tuple[Clause, int]]:
        name, path = target
        constants = {value: at for value, at in values.items() if is_constant(value)}
        if DIFFER in values:
            yield Clause("unequal", name, path), values[DIFFER]
        if ACTIVE in values:
            yield Clause("exist", name, path), values[ACTIVE]
        if not constants:
            return
        kind = dtype(min(constants))
        limit = MAX_STRINGS if kind == "str" else MAX_OTHERS
        is_literal = not any(map(is_unnamed, constants))
        if is_literal and (kind == "bool" or len(constants) <= limit):
            for value in sorted(constants):
                yield Clause("constant", name, path, (value,), dtype(value)), constants[value]
        else:
            yield Clause("consistent", name, path, (), kind), _united(constants.values())

    def _true_of_refused(self, clause: Clause) -> int:
        """Return those of the refused that a clause is true of (as `holds` has it)."""
        values = self._refused.values.get((clause.field, clause.path), {})
        if clause.kind == "constant":
            return _united(values.get(value, 0) for value in clause.values)
        if clause.kind == "exist":
            return _united(values.values())
        if clause.kind == "consistent":
            return _united(at for value, at in values.items() if is_constant(value))
        return _united(
            at
            for value, at in values.items()
            if value != ACTIVE and (self._records == 1 or not is_constant(value))
        )


def _united(sets: Iterable[int]) -> int:
    together = 0
    for at in sets:
        together |= at
    return together


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
