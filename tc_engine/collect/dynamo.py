"""Keep torch.compile from compiling the collector.

Where compiled code falls back to the interpreter, Dynamo looks at every Python frame that is
called, ours too. It is told to leave these frames alone; called from inside a compiled region our
wrappers are still traced through, down to the original.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any

EVAL_FRAME = "torch._dynamo.eval_frame"
_PACKAGE = "tc_engine.collect"


def leave_alone() -> None:
    """Mark all code of the collector; call it when `EVAL_FRAME` is imported."""
    skip_code: Callable[[CodeType], None] = sys.modules[EVAL_FRAME].__dict__["skip_code"]
    for code in set(_codes()):
        skip_code(code)


def _codes() -> Iterator[CodeType]:
    for name, module in list(sys.modules.items()):
        if name.startswith(_PACKAGE):
            for value in list(module.__dict__.values()):
                yield from _codes_of(value)


def _codes_of(value: Any) -> Iterator[CodeType]:
    if isinstance(value, property):
        value = value.fget
    value = getattr(value, "__func__", value)
    if isinstance(value, FunctionType) and value.__module__.startswith(_PACKAGE):
        yield from _nested(value.__code__)
    elif isinstance(value, type) and value.__module__.startswith(_PACKAGE):
        for member in list(value.__dict__.values()):
            yield from _codes_of(member)


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)
