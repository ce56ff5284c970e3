"""F is called N times in every step."""

from tc_engine.relations import Claim, Params, Relation, short_function


def _what(params: Params) -> str:
    times = params[0]["times"]
    return f"called exactly {'once' if times == 1 else f'{times} times'}"


def _sentence(params: Params) -> str:
    return f"{short_function(params[0]['api_full_name'])} is {_what(params)} in every step"


def _failure(params: Params) -> str:
    return f"{short_function(params[0]['api_full_name'])} is not {_what(params)} in a step"


def _claim(params: Params) -> Claim:
    """Take what a step does once, such as a pass through the model, for a part of training."""
    return Claim.TRAINING_ORDER if params[0]["times"] == 1 else Claim.ORDER


RELATION = Relation(
    name="calls_per_step",
    title="CallsPerStepRelation",
    group="first_call_of_step",
    sentence=_sentence,
    failure=_failure,
    claim=_claim,
)
