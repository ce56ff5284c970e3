"""Fetch what the learner needs from the tables of `sql/4_learn`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tc_engine.engine.session import Session
from tc_engine.learn.clauses import Signature

CLASSES = "SELECT class, fields FROM class_fields"
_POSITION_CLASSES = "SELECT class, fields FROM position_fields"


@dataclass(frozen=True)
class Weighted:
    """A class of signatures, and how many examples have one of them.

    `records`: 1, or 2 for pairs. `is_mixed`: not even step numbers tell all of its positives from
    its negatives.
    """

    signature: Signature
    records: int
    positive: int
    negative: int
    is_mixed: bool = False


def classes(session: Session, query: str = CLASSES) -> dict[int, Signature]:
    """Return what signatures of a class have in common, by its number."""
    rows = session.rows(query)
    return {
        number: {
            (one["field"], () if one["path"] is None else (one["path"],)): one["value"]
            for one in fields or ()
        }
        for number, fields in rows
    }


def undecided(session: Session) -> Mapping[int, Sequence[Weighted]]:
    """Return what the learner looks at, by hypothesis: signatures without step numbers."""
    return _weighted(session, "FROM undecided ORDER BY hypothesis_id, class", CLASSES)


class Positions:
    """Signatures with step numbers, of hypotheses that these may decide: fetched once needed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._found: Mapping[int, Sequence[Weighted]] | None = None

    def of(self, hypothesis: int) -> Sequence[Weighted]:
        """Return those of one hypothesis."""
        if self._found is None:
            self._session.run("4_learn/undecided_by_position")
            query = "FROM undecided_by_position ORDER BY hypothesis_id, position_class"
            self._found = _weighted(self._session, query, _POSITION_CLASSES)
        return self._found.get(hypothesis, ())


def _weighted(session: Session, query: str, named: str) -> Mapping[int, Sequence[Weighted]]:
    found: dict[int, list[Weighted]] = defaultdict(list)
    rows = session.rows(query)
    signatures = classes(session, named) if rows else {}
    for hypothesis, is_pair, number, *counts in rows:
        found[hypothesis].append(Weighted(signatures[number], 2 if is_pair else 1, *counts))
    return found
