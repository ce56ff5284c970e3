"""Every tensor that F returns has a property with a given value (relations.md 8.3)."""

from __future__ import annotations

from tc_engine.relations._base import Claim, Params, Relation, short_function


def _sentence(params: Params) -> str:
    function, returned = params
    value = returned.get("const_value")
    name = short_function(function["api_full_name"])
    return f"{name} always returns tensors with {returned['attr_name']} = {value}"


def _failure(params: Params) -> str:
    function, returned = params
    value = returned.get("const_value")
    name = short_function(function["api_full_name"])
    return f"{name} returns tensors whose {returned['attr_name']} is not {value}"


def _claim(params: Params) -> Claim:
    del params
    return Claim.OUTPUT


RELATION = Relation(
    name="output",
    title="ConsistentOutputRelation",
    group="pre_event",
    sentence=_sentence,
    failure=_failure,
    claim=_claim,
)
