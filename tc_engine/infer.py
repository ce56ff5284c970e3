"""Infer invariants from traces of good runs. Read from top to bottom: it is the flow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tc_engine.dataset import Dataset
from tc_engine.engine import stages
from tc_engine.engine.session import Limits, Session
from tc_engine.invariants import Failed, Invariant
from tc_engine.learn.clauses import NEVER_LITERAL, POSITION
from tc_engine.learn.hypotheses import learn, left_out
from tc_engine.relations._base import Relation

# What a precondition names never, or only if nothing else will do.
UNNAMED = {"never_literal": NEVER_LITERAL, "positions": POSITION}

# From examples to what the learner looks at.
COUNTED = (
    "4_learn/example_signatures",
    "4_learn/example_counts",
    "4_learn/signature_fields",
    "4_learn/signature_classes",
    "4_learn/undecided",
)


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
    with Session(limits, sql_path=sql_path, comments=False) as session:
        stages.load(session, runs, {**(settings or {}), **UNNAMED})
        stages.gather(session, runs, progress)
        for relation in relations:
            progress(f"{relation.name}: examples")
            session.run("2_derive/left_out")
            stages.run(session, f"{relation.name}/hypotheses", progress)
            if session.value("SELECT count(*) FROM hypotheses"):
                for name in (f"{relation.name}/examples", *COUNTED):
                    stages.run(session, name, progress)
                progress(f"{relation.name}: preconditions")
                learned, given_up = learn(session, relation)
                invariants += learned
                failed += given_up
            failed += left_out(session, relation)
    return Inference(invariants, failed)
