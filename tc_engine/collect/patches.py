"""Replace functions where they are defined, everywhere they were copied to, and undo it.

One wrapper exists per original, so that two names of one function stay one function. Of the
original a wrapper shows its names, documentation and signature, never its `__dict__`: marks that a
compiler left there are about the original.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import torch

from tc_engine.collect.events import Api
from tc_engine.collect.recorder import Recorder

_INHERITED = object()
_NAMES = ("__module__", "__name__", "__qualname__", "__doc__")
_is_compiling = torch.compiler.is_compiling


class Patches:
    """The attributes that were replaced: (holder, name) with what was and what is there."""

    def __init__(self) -> None:
        self._entries: list[tuple[Any, str, Any, Any]] = []
        self._wrappers: dict[int, Any] = {}
        self._originals: dict[int, Any] = {}

    def add(self, holder: Any, name: str, replacement: Any) -> None:
        """Replace one attribute of a module or class; an inherited one is overridden."""
        original = holder.__dict__.get(name, _INHERITED)
        setattr(holder, name, replacement)
        self._entries.append((holder, name, original, replacement))
        if original is _INHERITED:
            original = getattr(super(holder, holder), name)
        self._wrappers[id(original)] = replacement
        self._originals[id(replacement)] = original

    def wrapper_of(self, original: Any) -> Any | None:
        """Return what stands for a function, if it was replaced before."""
        return self._wrappers.get(id(original))

    def is_wrapper(self, function: Any) -> bool:
        """Tell whether a function is one of ours."""
        return id(function) in self._originals

    def sweep(self, packages: tuple[str, ...] | None) -> None:
        """Replace the copies of the originals that other modules hold as module attributes.

        `packages` stand for all modules in them, but `torch` for itself alone; None for all there
        are.
        """
        for name, module in _modules():
            if (
                packages is None
                or name == "torch"
                or name.startswith(tuple(f"{p}." for p in packages))
                or name in packages
            ):
                self._sweep_module(module)

    def _sweep_module(self, module: ModuleType) -> None:
        for name, value in list(module.__dict__.items()):
            wrapper = self._wrappers.get(id(value))
            if wrapper is not None and self._originals[id(wrapper)] is value:
                self.add(module, name, wrapper)

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Put all originals back for a while, also where user modules imported our wrappers.

        Needed around whatever reads the source or the identity of functions: TorchScript, export,
        symbolic tracing.
        """
        replaced = self._restore()
        try:
            yield
        finally:
            for holder, name, original, replacement in replaced:
                if holder.__dict__.get(name, _INHERITED) is original:
                    setattr(holder, name, replacement)

    def undo(self) -> None:
        """Put all originals back for good."""
        self._restore()
        self._entries.clear()

    def _restore(self) -> list[tuple[Any, str, Any, Any]]:
        """Put all originals back and return what was replaced."""
        copies = [
            (module, name, self._originals[id(value)], value)
            for _, module in _modules()
            for name, value in list(module.__dict__.items())
            if id(value) in self._originals and module.__dict__[name] is value
        ]
        entries = [*self._entries, *copies]
        for holder, name, original, replacement in reversed(entries):
            if holder.__dict__.get(name) is not replacement:
                continue
            if original is _INHERITED:
                delattr(holder, name)
            else:
                setattr(holder, name, original)
        return entries


def _modules() -> list[tuple[str, ModuleType]]:
    return [
        (name, module)
        for name, module in list(sys.modules.items())
        if type(module) is ModuleType and not name.startswith("torch._C")
    ]


def dress(wrapper: Callable[..., Any], original: Callable[..., Any]) -> Callable[..., Any]:
    """Give a wrapper the names, the documentation and the signature of its original."""
    for name in _NAMES:
        value = getattr(original, name, None)
        if value is not None:
            setattr(wrapper, name, value)
    wrapper.__wrapped__ = original  # type: ignore[attr-defined]
    return wrapper


def recorded(recorder: Recorder, api: Api) -> Callable[..., Any]:
    """Make the function that stands for `api.original` and records its calls."""
    if isinstance(api.original, _BUILTINS):
        return Builtin(recorder, api)
    original = api.original

    def call(*args: Any, **kwargs: Any) -> Any:
        if not recorder.on or _is_compiling():
            return original(*args, **kwargs)
        opened = recorder.begin(api, args, kwargs)
        if opened is None:
            return original(*args, **kwargs)
        try:
            result = original(*args, **kwargs)
        except BaseException as error:
            recorder.fail(opened, error)
            raise
        recorder.finish(opened, result)
        return result

    return dress(call, original)


class Builtin:
    """Stands for a function written in C, and equals it.

    `__torch_function__` is handed the original; programs look it up in tables whose keys they took
    from torch, that is from us, so both must be the same key. Not being a Python function, it is
    not bound when it is an attribute of a class, as the original is not.
    """

    def __init__(self, recorder: Recorder, api: Api) -> None:
        self._recorder = recorder
        self._api = api
        self._original = api.original
        dress(self, api.original)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the original."""
        if not self._recorder.on or _is_compiling():
            return self._original(*args, **kwargs)
        opened = self._recorder.begin(self._api, args, kwargs)
        if opened is None:
            return self._original(*args, **kwargs)
        try:
            result = self._original(*args, **kwargs)
        except BaseException as error:
            self._recorder.fail(opened, error)
            raise
        self._recorder.finish(opened, result)
        return result

    def __eq__(self, other: object) -> bool:
        return other is self or other is self._original

    def __hash__(self) -> int:
        return hash(self._original)

    def __repr__(self) -> str:
        return repr(self._original)

    def __reduce__(self) -> tuple[Any, ...]:
        return copy.copy, (self._original,)

    def __deepcopy__(self, memo: dict[int, Any]) -> Builtin:
        return self


_BUILTINS = (type(len), type(torch.relu))
