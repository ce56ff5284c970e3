"""Two attributes of variables hold equal values while both live (relations.md 8.2)."""

from __future__ import annotations

from tc_engine.relations._base import Claim, Params, Relation, short_variable


def _sentence(params: Params) -> str:
    text = f"{short_variable(params[0])} equals {short_variable(params[1])} of other variables"
    tolerance = params[0].get("tolerance")
    return text if tolerance is None else f"{text}, within {tolerance:g} of the norm"


def _failure(params: Params) -> str:
    return f"{short_variable(params[0])} differs from {short_variable(params[1])} where they agreed"


def _claim(params: Params) -> Claim:
    del params
    return Claim.AGREEMENT


def _skipped(params: Params) -> frozenset[str]:
    compared = {f"attributes.{param['attr_name']}" for param in params}
    return frozenset(compared | {"attributes.data", "attributes.grad", "attributes.grad_fn"})


RELATION = Relation(
    name="consistency",
    title="ConsistencyRelation",
    group="var",
    sentence=_sentence,
    failure=_failure,
    claim=_claim,
    skipped_fields=_skipped,
)
