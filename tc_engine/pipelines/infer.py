"""Infer invariants from traces of good runs. Read from top to bottom: it is the flow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tc_engine.dataset import Dataset
from tc_engine.engine import stages
from tc_engine.engine.lanes import side_by_side
from tc_engine.engine.session import Limits, Session
from tc_engine.invariants import Failed, Invariant
from tc_engine.learn.clauses import NEVER_LITERAL, POSITION
from tc_engine.learn.hypotheses import learn, left_out
from tc_engine.relations._base import Relation

# What a precondition names never, or only if nothing else will do; and what is not looked at.
UNNAMED = {"never_literal": NEVER_LITERAL, "positions": POSITION, "with_sources": False}

# From hypotheses to their examples, counted; and from these to what the learner looks at.
COUNTED = (
    "4_learn/example_signatures",
    "4_learn/signature_fields",
    "4_learn/signature_classes",
    "4_learn/classed_examples",
    "4_learn/known_stages",
    "4_learn/teachers",
)
SUMMED = ("4_learn/example_counts", "4_learn/undecided")

# Of the hypotheses: all, those that became invariants, and the others.
COUNTS = ("hypotheses", "invariants", "failed", "over budget")

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Inference:
    """What was learned: the invariants, and the hypotheses that failed."""

    invariants: list[Invariant]
    failed: list[Failed]

    def counts(self, relations: Iterable[Relation]) -> list[tuple[str, int, int, int, int]]:
        """Return the title of each relation with how many of its hypotheses there are: COUNTS."""
        learned = Counter(one.relation for one in self.invariants)
        failed = Counter(one.invariant.relation for one in self.failed)
        over = Counter(one.invariant.relation for one in self.failed if one.is_over_budget)
        return [
            (
                name,
                learned[name] + failed[name],
                learned[name],
                failed[name] - over[name],
                over[name],
            )
            for name in (relation.title for relation in relations)
        ]


def infer(
    runs: Sequence[Dataset],
    *,
    relations: Sequence[Relation],
    limits: Limits | None = None,
    settings: Mapping[str, object] | None = None,
    sql_path: Sequence[Path] = (),
    progress: Progress = lambda _: None,
) -> Inference:
    """Learn the rules that hold in all runs, looking at all of them at once.

    `settings` override the defaults of `sql/settings.sql`. The same runs give the same result,
    whatever their order, the order of their rows, and the number of threads.
    """
    with Session(limits, sql_path=sql_path, comments=False) as session:
        stages.load(session, runs, {**(settings or {}), **UNNAMED})
        stages.gather(session, runs, progress)
        tasks = [partial(_infer, relation=one, progress=progress) for one in relations]
        return together(side_by_side(session, tasks, stages.lanes(session, runs)))


def _infer(session: Session, relation: Relation, progress: Progress) -> Inference:
    find_candidates(session, relation, progress)
    if state_hypotheses(session, relation):
        count_examples(session, relation, progress)
    return conclude(session, relation, progress)


def find_candidates(session: Session, relation: Relation, progress: Progress) -> None:
    """Find what the runs of a session suggest."""
    stages.run(session, f"{relation.name}/candidates", progress)


def state_hypotheses(session: Session, relation: Relation) -> int:
    """Make hypotheses of the candidates of all runs; return how many."""
    session.run("2_derive/left_out")
    session.run("2_derive/local_hypotheses")
    session.run(f"{relation.name}/hypotheses")
    return int(session.value("SELECT count(*) FROM hypotheses"))


def count_examples(session: Session, relation: Relation, progress: Progress) -> None:
    """Count the examples of the hypotheses in the runs of a session."""
    progress(f"{relation.name}: examples")
    session.run("2_derive/pair_fields")
    for name in (f"{relation.name}/examples", *COUNTED):
        stages.run(session, name, progress)


def conclude(session: Session, relation: Relation, progress: Progress) -> Inference:
    """Make invariants of the hypotheses, from the examples of all runs."""
    learned: tuple[list[Invariant], list[Failed]] = ([], [])
    if session.value("SELECT count(*) FROM hypotheses"):
        progress(f"{relation.name}: preconditions")
        for name in SUMMED:
            session.run(name)
        learned = learn(session, relation)
    return Inference(learned[0], learned[1] + left_out(session, relation))


def together(found: Iterable[Inference]) -> Inference:
    """Put together what was learned of several relations."""
    parts = list(found)
    return Inference(
        [one for part in parts for one in part.invariants],
        [one for part in parts for one in part.failed],
    )
