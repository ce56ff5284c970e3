"""Fetch what the learner needs from the tables of `sql/4_learn`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from tc_engine.engine.session import Session
from tc_engine.learn.clauses import Signature, Target


@dataclass(frozen=True)
class Weighted:
    """A signature with its key in the tables and the number of examples that have it."""

    key: str
    examples: int


@dataclass(frozen=True)
class Undecided:
    """The signatures of one hypothesis, by polarity."""

    positive: list[Weighted]
    negative: list[Weighted]


def signatures(session: Session) -> dict[str, Signature]:
    """Return the fields of every signature, by its key."""
    fields: dict[str, dict[Target, str]] = defaultdict(dict)
    rows = session.rows("SELECT signature, field, path, value FROM signature_fields")
    for key, field, path, value in rows:
        fields[key][field, () if path is None else (path,)] = value
    return dict(fields)


def undecided(session: Session) -> Mapping[int, Undecided]:
    """Return the hypotheses that have both positive and negative examples, by their id."""
    found: dict[int, Undecided] = defaultdict(lambda: Undecided([], []))
    rows = session.rows(
        "SELECT hypothesis_id, is_positive, signature, examples FROM undecided "
        "ORDER BY hypothesis_id, is_positive, signature"
    )
    for hypothesis, is_positive, key, examples in rows:
        side = found[hypothesis].positive if is_positive else found[hypothesis].negative
        side.append(Weighted(key, examples))
    return found
