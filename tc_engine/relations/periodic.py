"""An attribute of every variable of a type takes a value again and again (relations.md 8.9).

Off unless asked for: it says little of most programs.
"""

from __future__ import annotations

from tc_engine.relations._base import Claim, Params, Relation, short_variable, show_value


def _sentence(params: Params) -> str:
    return f"{short_variable(params[0])} becomes {show_value(params[0].get('const_value'))} often"


def _failure(params: Params) -> str:
    value = show_value(params[0].get("const_value"))
    return f"{short_variable(params[0])} does not become {value} again and again"


def _claim(params: Params) -> Claim:
    del params
    return Claim.GRADIENT


def _skipped(params: Params) -> frozenset[str]:
    return frozenset({f"attributes.{params[0]['attr_name']}"})


RELATION = Relation(
    name="periodic",
    title="VarPeriodicChangeRelation",
    group="var",
    sentence=_sentence,
    failure=_failure,
    claim=_claim,
    skipped_fields=_skipped,
    by_default=False,
)
