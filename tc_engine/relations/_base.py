"""What a relation is to the engine; its meaning is in its two SQL files."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

Params = Sequence[dict[str, Any]]

_TRAINING = re.compile(
    r"\.(zero_grad|backward|step|unscale_|clip_grad_norm_|clip_grad_value_|train|eval|set_epoch)$"
)


class Claim(Enum):
    """What a rule speaks of; `diagnosis/evidence.py` says how much each tells."""

    UPDATE = "changes of parameters"
    AGREEMENT = "equal values of variables"
    GRADIENT = "changes of gradients or other attributes"
    TRAINING_ORDER = "the order of the calls that make up training"
    SAME_ARGUMENT = "an argument that all ranks pass alike"
    ARGUMENT = "what a call inside another is given"
    CALL = "a call inside another"
    BOUND = "a bound of a value"
    OUTPUT = "a property of what a call returns"
    INPUT_OUTPUT = "what a call returns beside what it is given"
    DISTINCT = "arguments that differ within a step"
    ORDER = "an order of calls"
    MISSING = "a call of training that never comes"


def no_fields(params: Params) -> frozenset[str]:
    """Skip no field in preconditions."""
    del params
    return frozenset()


@dataclass(frozen=True)
class Relation:
    """A kind of rule: the files in `sql/3_relations/<name>/` and this page.

    `title` is TrainCheck's name for it, as files spell it. `group` names the records that the
    precondition speaks about, in the same files. `sentence` says a hypothesis in words; `failure`
    says that it was broken. `skipped_fields` are of no use in preconditions of a hypothesis.
    `by_stage`: a rule may hold in some stages only, and is then limited to them. `is_local`: a rule
    that one program taught says nothing of other programs. `claim` tells what a rule speaks of,
    which ranks findings. A relation that is not `by_default` is inferred only when it is named.
    """

    name: str
    title: str
    group: str
    sentence: Callable[[Params], str]
    failure: Callable[[Params], str]
    claim: Callable[[Params], Claim]
    skipped_fields: Callable[[Params], frozenset[str]] = no_fields
    by_stage: bool = False
    is_local: bool = False
    by_default: bool = True


def order_claim(params: Params) -> Claim:
    """Tell an order of the calls that make up training from one of other calls."""
    named = [str(param.get("api_full_name", "")) for param in params]
    return Claim.TRAINING_ORDER if all(map(is_training, named)) else Claim.ORDER


def is_training(function: str) -> bool:
    """Tell the calls that make up training, such as zero_grad and step, from other ones."""
    return bool(_TRAINING.search(function))


def short_function(name: str) -> str:
    """Shorten `torch.optim.adam.Adam.step` to `Adam.step()`."""
    parts = name.split(".")
    for index, part in enumerate(parts):
        if part[:1].isupper():
            return ".".join(parts[index:]) + "()"
    return ".".join(parts[-2:]) + "()"


def short_variable(param: dict[str, Any]) -> str:
    """Shorten the type and attribute of a variable to `Parameter.data`."""
    attribute = str(param.get("attr_name", "")).removeprefix("_TRAINCHECK_")
    return f"{str(param.get('var_type', '')).rsplit('.', 1)[-1]}.{attribute}"


def show_value(value: object) -> str:
    """Show a value or the name of a class of values."""
    if value is None:
        return "None"
    return value.replace("_", "-") if isinstance(value, str) else str(value)
