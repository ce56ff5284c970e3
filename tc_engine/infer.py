"""Infer invariants from traces of good runs. Read from top to bottom: it is the flow."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tc_engine.dataset import Dataset
from tc_engine.engine import stages
from tc_engine.engine.session import Limits, Session
from tc_engine.invariants import ALWAYS, Condition, Failed, Invariant
from tc_engine.learn import load
from tc_engine.learn.clauses import Signature
from tc_engine.learn.precondition import STAGE, Examples, deduce, deduce_by_stage
from tc_engine.relations._base import Relation

FEW_POSITIVES = "only one positive example"
NO_PRECONDITION = "Precondition not found"


@dataclass(frozen=True)
class Inference:
    """What was learned: the invariants, and the hypotheses that failed."""

    invariants: list[Invariant]
    failed: list[Failed]


def infer(
    runs: Sequence[Dataset],
    *,
    relations: Sequence[Relation],
    limits: Limits | None = None,
    settings: Mapping[str, object] | None = None,
    sql_path: Sequence[Path] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> Inference:
    """Learn the rules that hold in all runs, looking at all of them at once.

    `settings` override the defaults of `sql/settings.sql`. The same runs give the same result,
    whatever their order, the order of their rows, and the number of threads.
    """
    invariants: list[Invariant] = []
    failed: list[Failed] = []
    with Session(limits, sql_path=sql_path) as session:
        stages.prepare(session, runs, settings, progress)
        all_stages = _all_stages(session)
        for relation in relations:
            progress(f"{relation.name}: examples")
            session.run(f"{relation.name}/hypotheses")
            session.run(f"{relation.name}/examples")
            session.run("4_learn/example_signatures")
            session.run("4_learn/example_counts")
            session.run("4_learn/undecided")
            session.run("4_learn/signature_fields")
            progress(f"{relation.name}: preconditions")
            learned, given_up = _learn(session, relation, all_stages)
            invariants += learned
            failed += given_up
    return Inference(invariants, failed)


def _learn(
    session: Session, relation: Relation, all_stages: Sequence[str]
) -> tuple[list[Invariant], list[Failed]]:
    """Deduce a precondition for each hypothesis of a relation."""
    minimum = session.value("SELECT getvariable('min_support')")
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
        condition: Condition | None = ALWAYS
        counts = (positive, negative)
        if positive >= minimum and negative:
            condition, counts = _deduce(
                relation, params, undecided[hypothesis], signatures, all_stages
            )
        invariant = _invariant(relation, params, condition or ALWAYS, counts)
        if counts[0] < minimum:
            failed.append(Failed(FEW_POSITIVES, invariant))
        elif condition is None:
            failed.append(Failed(NO_PRECONDITION, invariant))
        else:
            invariants.append(invariant)
    return invariants, failed


def _deduce(
    relation: Relation,
    params: Sequence[dict[str, Any]],
    found: load.Undecided,
    signatures: Mapping[str, Signature],
    all_stages: Sequence[str],
) -> tuple[Condition | None, tuple[int, int]]:
    """Return a hypothesis' precondition, if any, and the counts of its examples."""
    examples = Examples(
        _ordered(found.positive, signatures),
        _ordered(found.negative, signatures),
        records=2 if found.positive[0].key.startswith("[") else 1,
        skipped=relation.skipped_fields(params),
    )
    counts = (_total(found.positive), _total(found.negative))
    if not relation.by_stage:
        return deduce(examples), counts
    limited = deduce_by_stage(examples, all_stages)
    if limited is None:
        return None, counts
    condition, valid = limited
    inside = [
        _total([one for one in side if signatures[one.key].get(STAGE) in valid])
        for side in (found.positive, found.negative)
    ]
    return condition, (inside[0], inside[1])


def _ordered(side: Sequence[load.Weighted], signatures: Mapping[str, Signature]) -> list[Signature]:
    """Put signatures into an order that their content alone decides."""
    return sorted((signatures.get(one.key, {}) for one in side), key=lambda s: sorted(s.items()))


def _total(side: Sequence[load.Weighted]) -> int:
    return sum(one.examples for one in side)


def _all_stages(session: Session) -> list[str]:
    rows = session.rows("SELECT DISTINCT value FROM features WHERE field = ?", [STAGE[0]])
    return sorted(row[0] for row in rows)


def _invariant(
    relation: Relation,
    params: Sequence[dict[str, Any]],
    condition: Condition,
    counts: tuple[int, int],
) -> Invariant:
    return Invariant(
        relation=relation.title,
        params=tuple(params),
        precondition={relation.group: condition},
        text=relation.sentence(params),
        positive=counts[0],
        negative=counts[1],
    )
