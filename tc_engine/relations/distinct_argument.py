"""Within a step, calls of F are given different arguments (relations.md 8.8)."""

from __future__ import annotations

from tc_engine.relations._base import Claim, Params, Relation, short_function


def _sentence(params: Params) -> str:
    return f"{short_function(params[0]['api_full_name'])} gets different arguments in each step"


def _failure(params: Params) -> str:
    return f"{short_function(params[0]['api_full_name'])} gets the same arguments twice in a step"


def _claim(params: Params) -> Claim:
    del params
    return Claim.DISTINCT


RELATION = Relation(
    name="distinct_argument",
    title="DistinctArgumentRelation",
    group="distinct_arg",
    sentence=_sentence,
    failure=_failure,
    claim=_claim,
)
