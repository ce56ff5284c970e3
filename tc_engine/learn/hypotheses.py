"""Make invariants of the hypotheses whose examples are in the tables of `sql/4_learn`."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from tc_engine.engine.session import Session
from tc_engine.invariants import ALWAYS, OVER_BUDGET, Condition, Failed, Invariant
from tc_engine.learn import load
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
    session.set("by_stage", relation.by_stage)
    all_stages = _all_stages(session) if relation.by_stage else []
    minimum = session.value("SELECT getvariable('min_support')")
    max_splits = session.value("SELECT getvariable('max_splits')")
    undecided = load.undecided(session)
    positions = load.Positions(session)
    invariants: list[Invariant] = []
    failed: list[Failed] = []
    rows = session.rows(
        "SELECT hypothesis_id, CAST(params AS VARCHAR), positive, negative "
        "FROM hypotheses INNER JOIN example_counts USING (hypothesis_id) ORDER BY hypothesis_id"
    )
    programs = _programs(session)
    local = {row[0] for row in session.rows("SELECT hypothesis_id FROM local_hypotheses")}
    for hypothesis, params_text, positive, negative in rows:
        params = json.loads(params_text)
        found = _Found(ALWAYS, positive, negative)
        if hypothesis in undecided:
            weighted = undecided[hypothesis]
            skipped = relation.skipped_fields(params)
            examples = replace(_examples(weighted), skipped=skipped, max_splits=max_splits)
            more = partial(_with_positions, examples, positions, hypothesis)
            examples = replace(examples, with_positions=more)
            found = _deduce(relation, examples, weighted, all_stages)
        if found.positive < minimum:
            found = replace(found, failure=FEW_POSITIVES)
        invariant = replace(
            _invariant(relation, params, found),
            programs=programs.get(hypothesis, ()),
            is_local=hypothesis in local,
        )
        if found.failure:
            failed.append(Failed(found.failure, invariant))
        else:
            invariants.append(invariant)
    return invariants, failed


def _examples(weighted: Sequence[load.Weighted]) -> Examples:
    return Examples(
        positive=[one.signature for one in weighted if one.positive],
        negative=[one.signature for one in weighted if one.negative],
        mixed=[one.signature for one in weighted if one.is_mixed],
        records=weighted[0].records if weighted else 1,
    )


def _with_positions(examples: Examples, positions: load.Positions, hypothesis: int) -> Examples:
    found = _examples(positions.of(hypothesis))
    return replace(examples, positive=found.positive, negative=found.negative, mixed=())


def _deduce(
    relation: Relation,
    examples: Examples,
    weighted: Sequence[load.Weighted],
    all_stages: Sequence[str],
) -> _Found:
    """Look for the precondition of a hypothesis; count the examples of the stages it holds in."""
    failure = NO_PRECONDITION
    condition = None
    try:
        if not relation.by_stage:
            condition = deduce(examples)
        elif limited := deduce_by_stage(examples, all_stages):
            condition, valid = limited
            weighted = [one for one in weighted if one.signature.get(STAGE) in valid]
    except OverBudgetError:
        failure = f"{OVER_BUDGET}max_splits"
    positive = sum(one.positive for one in weighted)
    negative = sum(one.negative for one in weighted)
    if condition is None:
        return _Found(ALWAYS, positive, negative, failure)
    return _Found(condition, positive, negative)


def left_out(session: Session, relation: Relation) -> list[Failed]:
    """Return what a budget kept the relation from looking at."""
    rows = session.rows(
        "SELECT CAST(params AS VARCHAR), budget, allowed, found FROM left_out ORDER BY ALL"
    )
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


def _programs(session: Session) -> dict[int, tuple[str, ...]]:
    """Return the programs in which each hypothesis held, where all of its runs tell theirs."""
    found: dict[int, list[str | None]] = defaultdict(list)
    for hypothesis, program in session.rows("FROM teachers ORDER BY ALL"):
        found[hypothesis].append(program)
    return {
        hypothesis: tuple(one for one in programs if one is not None)
        for hypothesis, programs in found.items()
        if None not in programs
    }


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
    return sorted(row[0] for row in session.rows("SELECT value FROM known_stages"))
