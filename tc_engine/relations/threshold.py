"""A number that F returns stays below or above one of its arguments (relations.md 8.5)."""

from __future__ import annotations

from typing import Any

from tc_engine.relations._base import Claim, Params, Relation, short_function


def _side(param: dict[str, Any]) -> str:
    if param.get("is_input"):
        return str(param.get("name"))
    path = param.get("additional_path") or []
    return f"output[{param.get('index')}]." + ".".join(map(str, path))


def _sentence(params: Params) -> str:
    larger, function, smaller = params
    return f"{short_function(function['api_full_name'])}: {_side(smaller)} <= {_side(larger)}"


def _failure(params: Params) -> str:
    larger, function, smaller = params
    return f"{short_function(function['api_full_name'])}: {_side(smaller)} > {_side(larger)}"


def _claim(params: Params) -> Claim:
    del params
    return Claim.BOUND


RELATION = Relation(
    name="threshold",
    title="ThresholdRelation",
    group="pre_event",
    sentence=_sentence,
    failure=_failure,
    claim=_claim,
)
