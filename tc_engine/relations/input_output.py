"""A property of a tensor that F returns equals one of a tensor passed to it (relations.md 8.4)."""

from __future__ import annotations

from typing import Any

from tc_engine.relations._base import Claim, Params, Relation, short_function


def _place(param: dict[str, Any], side: str) -> str:
    path = param.get("additional_path") or []
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in path]
    return f"{side}[{param.get('index')}]{''.join(parts)}"


def _sentence(params: Params) -> str:
    given, function, returned = params
    name = short_function(function["api_full_name"])
    return f"{name}: {_place(returned, 'output')} equals {_place(given, 'input')}"


def _failure(params: Params) -> str:
    given, function, returned = params
    name = short_function(function["api_full_name"])
    return f"{name}: {_place(returned, 'output')} differs from {_place(given, 'input')}"


def _claim(params: Params) -> Claim:
    del params
    return Claim.INPUT_OUTPUT


RELATION = Relation(
    name="input_output",
    title="ConsistentInputOutputRelation",
    group="pre_event",
    sentence=_sentence,
    failure=_failure,
    claim=_claim,
)
