"""Record functions of any package that the person asks for by name.

A module is looked through right after its import, before anyone can copy functions out of it.
Functions and methods that are defined there are recorded as those of torch are; a class that is a
context manager is also told by the events inside of it. Only Python functions can be recorded so;
of a generator or a coroutine, only that it was made.
"""

from __future__ import annotations

import sys
from fnmatch import fnmatchcase
from types import FunctionType, ModuleType
from typing import Any

from torch.nn import Module

from tc_engine.collect import contexts
from tc_engine.collect.events import Api
from tc_engine.collect.importhook import ImportHook
from tc_engine.collect.patches import Patches, recorded
from tc_engine.collect.plan import Plan
from tc_engine.collect.recorder import Recorder

_SPECIAL = frozenset({"__init__", "__call__", "__enter__", "__exit__"})
_WRAPPED = (staticmethod, classmethod)


class Includer:
    """Finds and patches what the patterns of `plan.include` name."""

    def __init__(self, recorder: Recorder, patches: Patches, plan: Plan) -> None:
        self._recorder = recorder
        self._patches = patches
        self._plan = plan

    def watch(self, hook: ImportHook) -> None:
        """Look through the modules that are there, and the others when they are imported."""
        if not self._plan.include:
            return
        hook.inside = self._look_through
        for name in list(sys.modules):
            if hook.may_hold(name):
                self._look_through(name)

    def _look_through(self, name: str) -> None:
        module = sys.modules.get(name)
        if type(module) is not ModuleType:
            return
        for value in list(module.__dict__.values()):
            if getattr(value, "__module__", None) != name:
                continue
            if isinstance(value, FunctionType):
                self._patch(module, value.__name__)
            elif isinstance(value, type):
                self._patch_class(value)

    def _patch_class(self, owner: type) -> None:
        own = owner.__dict__
        for name in list(own):
            if name == "forward" and issubclass(owner, Module):
                continue  # recorded with the call of the module
            if not name.startswith("__") or name in _SPECIAL:
                self._patch(owner, name)
        place = f"{owner.__module__}.{owner.__qualname__}"
        if "__enter__" in own and "__exit__" in own and self._matches(place):
            contexts.watch_class(self._recorder, self._patches, owner)

    def _patch(self, holder: Any, name: str) -> None:
        value = holder.__dict__.get(name)
        wrap, function = (
            (type(value), value.__func__) if isinstance(value, _WRAPPED) else (None, value)
        )
        if not isinstance(function, FunctionType) or self._patches.is_wrapper(function):
            return
        full = f"{function.__module__}.{function.__qualname__}"
        if not self._matches(full):
            return
        api = Api(
            name=full,
            original=function,
            bound=isinstance(holder, type) and wrap is None,
            recorded=self._plan.records(full, None),
        )
        self._recorder.register(api)
        wrapper = recorded(self._recorder, api)
        self._patches.add(holder, name, wrapper if wrap is None else wrap(wrapper))

    def _matches(self, name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in self._plan.include)
