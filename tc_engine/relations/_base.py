"""What a relation is to the engine; its meaning is in its two SQL files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Params = Sequence[dict[str, Any]]


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
    `by_stage`: a rule may hold in some stages only, and is then limited to them. `rank` orders
    findings: the lower, the closer to what training does to the model. A relation that is not
    `by_default` is inferred only when it is named.
    """

    name: str
    title: str
    group: str
    sentence: Callable[[Params], str]
    failure: Callable[[Params], str]
    rank: Callable[[Params], int]
    skipped_fields: Callable[[Params], frozenset[str]] = no_fields
    by_stage: bool = False
    by_default: bool = True


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
