"""Before every call of B, since the call of B before it, A was called (relations.md 8.6)."""

from __future__ import annotations

from tc_engine.relations._base import Params, Relation, order_claim, short_function


def _names(params: Params) -> list[str]:
    return [short_function(param["api_full_name"]) for param in params]


def _sentence(params: Params) -> str:
    first, second, *others = _names(params)
    return ", that before ".join([f"{first} always comes before {second}", *others])


def _failure(params: Params) -> str:
    names = _names(params)
    return f"{names[-1]} is called without {', '.join(names[:-1])} before it"


def _skipped(params: Params) -> frozenset[str]:
    del params
    return frozenset({"function"})


RELATION = Relation(
    name="cover",
    title="FunctionCoverRelation",
    group="func_cover",
    sentence=_sentence,
    failure=_failure,
    claim=order_claim,
    skipped_fields=_skipped,
    is_local=True,
)
