"""Make invariants of the hypotheses whose examples are in the tables of `sql/4_learn`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tc_engine.engine.session import Session
from tc_engine.invariants import ALWAYS, OVER_BUDGET, Condition, Failed, Invariant
from tc_engine.learn import load
from tc_engine.learn.clauses import Signature
from tc_engine.learn.precondition import (
    STAGE,
    Examples,
    OverBudgetError,
    deduce,
    deduce_by_stage,
)
from tc_engine.relations._base import Relation

FEW_POSITIVES = "only one positive example"
NO_PRECONDITION = "Precondition not found"


@dataclass(frozen=True)
class _Found:
    """What the learner says of a hypothesis, and of how many examples; why not, if it failed."""

    condition: Condition
    positive: int
    negative: int
    failure: str = ""


def learn(session: Session, relation: Relation) -> tuple[list[Invariant], list[Failed]]:
    """Return the invariants of a relation, and the hypotheses that failed."""
    all_stages = _all_stages(session)
    minimum = session.value("SELECT getvariable('min_support')")
    max_splits = session.value("SELECT getvariable('max_splits')")
    undecided = load.undecided(session)
    signatures = load.signatures(session) if undecided else {}
    invariants: list[Invariant] = []
    failed: list[Failed] = []
    rows = session.rows(
        "SELECT hypothesis_id, CAST(params AS VARCHAR), positive, negative "
        "FROM hypotheses INNER JOIN example_counts USING (hypothesis_id) ORDER BY hypothesis_id"
    )
    for hypothesis, params_text, positive, negative in rows:
        params = json.loads(params_text)
        found = _Found(ALWAYS, positive, negative)
        if positive >= minimum and negative:
            skipped = relation.skipped_fields(params)
            examples = _examples(undecided[hypothesis], signatures, skipped, max_splits)
            found = _deduce(relation, examples, undecided[hypothesis], signatures, all_stages)
        if found.positive < minimum:
            found = replace(found, failure=FEW_POSITIVES)
        invariant = _invariant(relation, params, found)
        if found.failure:
            failed.append(Failed(found.failure, invariant))
        else:
            invariants.append(invariant)
    return invariants, failed + _left_out(session, relation)


def _examples(
    found: load.Undecided,
    signatures: Mapping[str, Signature],
    skipped: frozenset[str],
    max_splits: int,
) -> Examples:
    positive = _ordered(found.positive, signatures)
    negative = _ordered(found.negative, signatures)
    records = 2 if found.positive[0].key.startswith("[") else 1
    return Examples(positive, negative, records, skipped, max_splits)


def _deduce(
    relation: Relation,
    examples: Examples,
    found: load.Undecided,
    signatures: Mapping[str, Signature],
    all_stages: Sequence[str],
) -> _Found:
    """Look for the precondition of a hypothesis; count the examples of the stages it holds in."""
    sides = [found.positive, found.negative]
    failure = NO_PRECONDITION
    condition = None
    try:
        if not relation.by_stage:
            condition = deduce(examples)
        elif limited := deduce_by_stage(examples, all_stages):
            condition, valid = limited
            sides = [[one for one in s if signatures[one.key].get(STAGE) in valid] for s in sides]
    except OverBudgetError:
        failure = f"{OVER_BUDGET}max_splits"
    positive, negative = map(_total, sides)
    if condition is None:
        return _Found(ALWAYS, positive, negative, failure)
    return _Found(condition, positive, negative)


def _left_out(session: Session, relation: Relation) -> list[Failed]:
    """Return what a budget kept the relation from looking at."""
    rows = session.rows("SELECT CAST(params AS VARCHAR), budget, allowed, found FROM left_out")
    return [
        Failed(
            f"{OVER_BUDGET}{budget}",
            Invariant(
                relation.title,
                tuple(json.loads(params)),
                {relation.group: ALWAYS},
                f"not looked at: {found} are more than {budget} = {allowed}",
            ),
        )
        for params, budget, allowed, found in rows
    ]


def _ordered(side: Sequence[load.Weighted], signatures: Mapping[str, Signature]) -> list[Signature]:
    """Put signatures into an order that their content alone decides."""
    return sorted((signatures.get(one.key, {}) for one in side), key=lambda s: sorted(s.items()))


def _total(side: Sequence[load.Weighted]) -> int:
    return sum(one.examples for one in side)


def _invariant(relation: Relation, params: Sequence[dict[str, Any]], found: _Found) -> Invariant:
    return Invariant(
        relation=relation.title,
        params=tuple(params),
        precondition={relation.group: found.condition},
        text=relation.sentence(params),
        positive=found.positive,
        negative=found.negative,
    )


def _all_stages(session: Session) -> list[str]:
    rows = session.rows("SELECT DISTINCT value FROM features WHERE field = ?", [STAGE[0]])
    return sorted(row[0] for row in rows)
