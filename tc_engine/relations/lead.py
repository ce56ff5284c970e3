"""After every call of A, before the next call of A, B is called (relations.md 8.7)."""

from __future__ import annotations

from tc_engine.relations._base import Params, Relation, order_claim, short_function


def _names(params: Params) -> list[str]:
    return [short_function(param["api_full_name"]) for param in params]


def _sentence(params: Params) -> str:
    first, second, *others = _names(params)
    return ", that by ".join([f"{first} is always followed by {second}", *others])


def _failure(params: Params) -> str:
    names = _names(params)
    return f"{names[0]} is not followed by {', '.join(names[1:])}"


def _skipped(params: Params) -> frozenset[str]:
    del params
    return frozenset({"function"})


RELATION = Relation(
    name="lead",
    title="FunctionLeadRelation",
    group="func_lead",
    sentence=_sentence,
    failure=_failure,
    claim=order_claim,
    skipped_fields=_skipped,
    is_local=True,
)
