"""Context managers that change what a call means: which are active, with which arguments."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import torch
from torch.amp.autocast_mode import autocast
from torch.autograd import grad_mode

from tc_engine.collect.events import Thread
from tc_engine.collect.patches import Patches, dress
from tc_engine.collect.recorder import Recorder
from tc_engine.collect.values import type_name

Arguments = Callable[[Any], dict[str, Any]]


def _autocast(manager: Any) -> dict[str, Any]:
    return {
        "device_type": manager.device,
        "dtype": str(manager.fast_dtype),
        "enabled": bool(manager._enabled),
        "cache_enabled": bool(manager._cache_enabled),
    }


WATCHED: tuple[tuple[type, Arguments], ...] = (
    (autocast, _autocast),
    (grad_mode.no_grad, lambda _: {}),
    (grad_mode.enable_grad, lambda _: {}),
    (grad_mode.set_grad_enabled, lambda manager: {"mode": bool(manager.mode)}),
    (grad_mode.inference_mode, lambda manager: {"mode": bool(manager.mode)}),
)


def watch(recorder: Recorder, patches: Patches) -> None:
    """Keep `Thread.managers` up to date for every class in `WATCHED`."""
    for owner, arguments in WATCHED:
        watch_class(recorder, patches, owner, arguments)


def watch_class(
    recorder: Recorder, patches: Patches, owner: type, arguments: Arguments = lambda _: {}
) -> None:
    """Keep it up to date for one class, which defines `__enter__` and `__exit__` itself."""
    enter, leave = owner.__dict__["__enter__"], owner.__dict__["__exit__"]
    patches.add(owner, "__enter__", _entering(recorder, enter, arguments))
    patches.add(owner, "__exit__", _leaving(recorder, leave))


def _entering(
    recorder: Recorder, original: Callable[..., Any], arguments: Arguments
) -> Callable[..., Any]:
    def __enter__(self: Any) -> Any:  # noqa: N807 - stands in for one
        if torch.compiler.is_compiling():
            return original(self)
        result = original(self)
        thread = recorder.thread
        thread.managers.append((type_name(type(self)), _described(self, arguments)))
        thread.version = -1
        return result

    return dress(__enter__, original)


def _described(manager: Any, arguments: Arguments) -> str:
    try:
        return json.dumps(arguments(manager))
    except AttributeError:  # another version of torch keeps them under another name
        return "{}"


def _leaving(recorder: Recorder, original: Callable[..., Any]) -> Callable[..., Any]:
    def __exit__(self: Any, *details: Any) -> Any:  # noqa: N807 - stands in for one
        if torch.compiler.is_compiling():
            return original(self, *details)
        try:
            _remove(recorder.thread, type_name(type(self)))
        finally:
            result = original(self, *details)
        return result

    return dress(__exit__, original)


def _remove(thread: Thread, name: str) -> None:
    """Take the innermost manager of a class out of those that are active."""
    for index in range(len(thread.managers) - 1, -1, -1):
        if thread.managers[index][0] == name:
            del thread.managers[index]
            thread.version = -1
            break
