"""Numbers that stand for objects, given in the order in which the objects are first seen."""

from __future__ import annotations

import itertools
import weakref
from typing import Any


class Serials:
    """Number objects by identity without keeping them alive or calling anything of theirs."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[Any], int]] = {}
        self._next = itertools.count()

    def of(self, value: Any) -> int | None:
        """Return the object's number; None for one that cannot be referenced weakly."""
        key = id(value)
        entry = self._known.get(key)
        if entry is not None and entry[0]() is value:
            return entry[1]
        try:
            reference = weakref.ref(value, lambda _, key=key: self._known.pop(key, None))  # type: ignore[misc]
        except TypeError:
            return None
        number = next(self._next)
        self._known[key] = (reference, number)
        return number
