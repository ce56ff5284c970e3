"""Every call of A contains a call of B, or a change of a variable (relations.md 8.1)."""

from __future__ import annotations

from typing import Any

from tc_engine.relations._base import (
    Claim,
    Params,
    Relation,
    short_function,
    short_variable,
    show_value,
)

MAX_ARGUMENTS = 4
MAX_CHARACTERS = 40


def _child(params: Params) -> str:
    child = params[1]
    if "api_full_name" in child:
        return short_function(child["api_full_name"]).replace("()", f"({_arguments(child)})")
    change = f"{show_value(child.get('pre_value'))} -> {show_value(child.get('post_value'))}"
    return f"{short_variable(child)} ({change})"


def _given(child: dict[str, Any]) -> dict[str, Any]:
    return (child.get("arguments") or {}).get("args") or {}


def _arguments(child: dict[str, Any]) -> str:
    given = sorted(_given(child).items())
    shown = []
    for name, typed in given[:MAX_ARGUMENTS]:
        value = str(next(iter(typed.values()), None))
        cut = value if len(value) <= MAX_CHARACTERS else value[: MAX_CHARACTERS - 3] + "..."
        shown.append(f"{name}={cut}")
    return ", ".join(shown + ["..."] * (len(given) > MAX_ARGUMENTS))


def _sentence(params: Params) -> str:
    verb = "calls" if "api_full_name" in params[1] else "changes"
    return f"{short_function(params[0]['api_full_name'])} always {verb} {_child(params)}"


def _failure(params: Params) -> str:
    verb = "does not call" if "api_full_name" in params[1] else "changes no"
    return f"{short_function(params[0]['api_full_name'])} {verb} {_child(params)}"


def _claim(params: Params) -> Claim:
    if "api_full_name" not in params[1]:
        return Claim.UPDATE if params[1].get("attr_name") == "data" else Claim.GRADIENT
    return Claim.ARGUMENT if _given(params[1]) else Claim.CALL


RELATION = Relation(
    name="contain",
    title="APIContainRelation",
    group="parent_func_call_pre",
    sentence=_sentence,
    failure=_failure,
    claim=_claim,
    by_stage=True,
)
