"""Numbers that stand for objects, given in the order in which the objects are first seen."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef

SWEPT_EVERY = 4096
_weak: Callable[..., Any] = StorageWeakRef


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
            # No Python code in it: an exception that a signal raises there would be lost.
            reference = weakref.ref(value, partial(self._known.pop, key))
        except TypeError:
            return None
        number = next(self._next)
        self._known[key] = (reference, number)
        return number


class Storages:
    """Number the memory of tensors, so that two tensors with one number share it."""

    def __init__(self) -> None:
        # As long as the weak reference is there, no other storage gets the same address.
        self._known: dict[int, tuple[Any, int]] = {}
        self._next = itertools.count()

    def of(self, tensor: Tensor) -> int | None:
        """Return the number of a tensor's memory; None for a tensor that has none."""
        try:
            storage = tensor.untyped_storage()
            if storage.nbytes() == 0:
                return None
            key = storage._cdata
        except (RuntimeError, NotImplementedError):  # sparse, fake, sharded
            return None
        entry = self._known.get(key)
        if entry is None:
            number = next(self._next)
            if number % SWEPT_EVERY == SWEPT_EVERY - 1:
                self._forget_the_dead()
            entry = self._known[key] = (_weak(storage), number)
        return entry[1]

    def _forget_the_dead(self) -> None:
        self._known = {k: entry for k, entry in self._known.items() if not entry[0].expired()}
