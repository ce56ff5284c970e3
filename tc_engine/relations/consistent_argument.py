"""In a step, all ranks pass the same argument to their k-th call of F.

The half of the paper's APIArg relation that TrainCheck does not ship: ranks that call a collective
with different splits wait for each other for ever (DeepSpeed-5794).
"""

from __future__ import annotations

from tc_engine.relations._base import Claim, Params, Relation, short_function


def _argument(params: Params) -> str:
    name = str(params[1]["name"])
    return f"argument {name}" if name.isdigit() else name


def _sentence(params: Params) -> str:
    function = short_function(params[0]["api_full_name"])
    return f"{function} gets the same {_argument(params)} on all ranks"


def _failure(params: Params) -> str:
    function = short_function(params[0]["api_full_name"])
    return f"{function} gets another {_argument(params)} on another rank"


def _claim(params: Params) -> Claim:
    del params
    return Claim.SAME_ARGUMENT


RELATION = Relation(
    name="consistent_argument",
    title="ConsistentArgumentRelation",
    group="consistent_arg",
    sentence=_sentence,
    failure=_failure,
    claim=_claim,
)
