"""Values as JSON has them: when two are equal, and what a symbol such as `above_zero` matches.

Equality keeps types apart, except that an int and a float are equal by exact value. `canonical`
turns that equality into equality of text, so that values can be keys and parts of parameters.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

ID_PREFIXES = ("_TRAINCHECK_", "_ML_DAIKON_")


def canonical(value: Any) -> str:
    """Return JSON text that two values share if and only if they are equal."""
    return json.dumps(_normal(value), sort_keys=True, separators=(",", ":"))


def _normal(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _normal(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_normal(inner) for inner in value]
    return value


def same(left: Any, right: Any) -> bool:
    """Tell whether two values are equal."""
    return canonical(left) == canonical(right)


def is_address(name: str) -> bool:
    """Tell whether a key holds the address of an object."""
    return name.startswith(ID_PREFIXES) and name.endswith("_ID")


def without_ids(value: Any) -> Any:
    """Take away, at any depth, the keys of objects that hold addresses."""
    if isinstance(value, dict):
        kept = {name: inner for name, inner in value.items() if not is_address(name)}
        return {name: without_ids(inner) for name, inner in kept.items()}
    if isinstance(value, list):
        return [without_ids(inner) for inner in value]
    return value


def is_number(value: Any) -> bool:
    """Tell whether a value is an int or a float; a bool is not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


NUMERIC_SYMBOLS: dict[str, Callable[[Any], bool]] = {
    "above_zero": lambda value: value > 0,
    "below_zero": lambda value: value < 0,
    "non_positive": lambda value: value <= 0,
    "non_negative": lambda value: value >= 0,
    "non_zero": lambda value: value != 0,
}
MATCH_NULL = ("non_positive", "non_negative")


def matches(stored: Any, value: Any) -> bool:
    """Tell whether an observed value is equal to a stored one or, if that is a symbol, matches it.

    A bool counts as 0 or 1 here; other things that are not numbers match no numeric symbol.
    """
    if same(stored, value):
        return True
    if stored == "anything":
        return True
    if stored == "non_none":
        return value is not None
    if not isinstance(stored, str) or stored not in NUMERIC_SYMBOLS:
        return False
    if value is None:
        return stored in MATCH_NULL
    return isinstance(value, int | float) and NUMERIC_SYMBOLS[stored](value)


def generalise(values: Sequence[Any]) -> Any:
    """Return the one value they all are, or the narrowest symbol; nulls come only by themselves."""
    if all(same(value, values[0]) for value in values):
        return values[0]
    if not all(is_number(value) for value in values):
        return "non_none"
    for symbol in ("above_zero", "non_negative", "below_zero", "non_positive", "non_zero"):
        if all(NUMERIC_SYMBOLS[symbol](value) for value in values):
            return symbol
    return "non_none"
