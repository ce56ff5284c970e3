"""Every call of A contains a call of B, or a change of a variable (relations.md 8.1)."""

from __future__ import annotations

from typing import Any

from tc_engine.relations._base import (
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


def _arguments(child: dict[str, Any]) -> str:
    given = sorted(((child.get("arguments") or {}).get("args") or {}).items())
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


def _rank(params: Params) -> int:
    if "api_full_name" in params[1]:
        return 3
    return 0 if params[1].get("attr_name") == "data" else 1


RELATION = Relation(
    name="contain",
    title="APIContainRelation",
    group="parent_func_call_pre",
    sentence=_sentence,
    failure=_failure,
    rank=_rank,
    by_stage=True,
)
