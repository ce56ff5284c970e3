"""A trace as the comparison asks it: the examples of any invariants, and when a rule applies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks.compatibility.statements import precondition
from tc_engine.dataset import open_dataset
from tc_engine.engine import stages
from tc_engine.engine.session import Session
from tc_engine.invariants import Condition, Invariant
from tc_engine.learn.clauses import Signature, accepts
from tc_engine.pipelines.check import state
from tc_engine.relations._base import Relation


@dataclass(frozen=True)
class Group:
    """The examples of an invariant that a precondition cannot tell apart."""

    signature: str
    fields: Signature
    is_positive: bool
    examples: int

    def accepted_by(self, condition: Condition) -> bool:
        """Tell whether a precondition holds for these examples."""
        return accepts(condition, self.fields, records=2 if self.signature[:1] == "[" else 1)


class Trace:
    """A trace dataset, loaded."""

    def __init__(self, run: Path) -> None:
        self.session = Session()
        stages.prepare(self.session, [open_dataset(run)])

    def examples(self, relation: Relation, invariants: Sequence[Invariant]) -> list[list[Group]]:
        """Return the examples of each invariant, whatever its precondition."""
        state(self.session, {number: one.params for number, one in enumerate(invariants)})
        for name in (
            f"{relation.name}/examples",
            "4_learn/example_signatures",
            "4_learn/signature_fields",
        ):
            self.session.run(name)
        fields = self._fields("SELECT signature, field, path, value FROM signature_fields")
        found: dict[int, list[Group]] = defaultdict(list)
        for number, signature, is_positive, count in self.session.rows(
            "SELECT hypothesis_id, signature, is_positive, examples FROM example_signatures"
        ):
            group = Group(signature, fields.get(signature, {}), is_positive, count)
            found[number].append(group)
        return [found[number] for number in range(len(invariants))]

    def accepts(self, invariant: Invariant, context: str) -> bool:
        """Tell whether the precondition of an invariant on single calls holds in a context."""
        group = Group(context, self._contexts.get(context, {}), is_positive=True, examples=1)
        return group.accepted_by(precondition(invariant))

    @cached_property
    def _contexts(self) -> dict[str, Signature]:
        """What preconditions can tell about each context of a call."""
        return self._fields("SELECT CAST(context_id AS VARCHAR), field, path, value FROM features")

    def _fields(self, query: str) -> dict[str, Signature]:
        found: dict[str, dict[tuple[str, tuple[str, ...]], str]] = defaultdict(dict)
        for key, field, path, value in self.session.rows(query):
            found[key][field, () if path is None else (path,)] = value
        return dict(found)
