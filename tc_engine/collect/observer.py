"""See changes of variables from the outside and record them with the call that caused them.

Identity, version counter and address of a tensor tell most changes cheaply, but not all: fused
optimizers, collectives, batch norm and writes through `.data` leave them as they are. So content is
compared by fingerprint wherever these may have been at work: at the entry of an outermost observed
call for whatever the program did by itself, and at the exit of a call that is known to write this
way. A change is the work of the call at whose exit it is seen and at whose entry it was not there.

Two looks are left out because the next one makes up for them: gradients by content before they are
reset, and data by content between forward and backward. What the program writes there behind the
back of torch is seen before the optimizer steps, with the same cause: none.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable
from enum import Flag, auto
from typing import Any

import torch
from torch import Tensor

from tc_engine.collect.events import Call, Thread
from tc_engine.collect.fingerprint import Fingerprints
from tc_engine.collect.norms import norms
from tc_engine.collect.recorder import Recorder
from tc_engine.collect.values import primitive, tensor_facts
from tc_engine.collect.variables import Variable, Variables


class Content(Flag):
    """What is compared by content, however unchanged it looks."""

    NOTHING = 0
    DATA = auto()
    GRAD = auto()
    ALL = DATA | GRAD


class Observer:
    """Compares the variables with what was last recorded of them."""

    def __init__(self, recorder: Recorder, variables: Variables, *, with_norms: bool) -> None:
        self._recorder = recorder
        self._variables = variables
        self._with_norms = with_norms
        self._fingerprints = Fingerprints()
        self._facts: dict[tuple[Any, ...], str] = {}
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Be ready in a forked child, whatever another thread of the parent was doing."""
        self._lock = threading.Lock()

    def enter(
        self,
        call: Call,
        only: Iterable[Variable] | None = None,
        content: Content = Content.ALL,
    ) -> None:
        """Compare at the entry of a call: what is seen here is not its work.

        Inside of another observed call it is the work of that one, else of the program itself.
        """
        around = next((c for c in reversed(call.thread.calls) if c.observes), None)
        call.observes = True
        cause = around.event_id if around is not None else None
        if around is not None:
            content = Content.NOTHING
        self._look(call.thread, time.monotonic_ns(), cause, only, content)

    def leave(
        self,
        call: Call,
        now: int,
        only: Iterable[Variable] | None = None,
        content: Content = Content.NOTHING,
    ) -> None:
        """Compare at the exit of a call; `content` for one that may write without a trace."""
        self._look(call.thread, now, call.event_id, only, content)

    def _look(
        self,
        thread: Thread,
        now: int,
        cause: int | None,
        only: Iterable[Variable] | None,
        content: Content,
    ) -> None:
        if _out_of_reach():
            return
        with self._lock, torch._C.DisableTorchFunction(), torch._C._DisableTorchDispatch():
            self._compare(thread, now, cause, only, content)

    def _compare(
        self,
        thread: Thread,
        now: int,
        cause: int | None,
        only: Iterable[Variable] | None,
        content: Content,
    ) -> None:
        all_data, all_grads = Content.DATA in content, Content.GRAD in content
        present: list[tuple[Variable, Tensor]] = []
        slots: list[tuple[Variable, bool]] = []
        tensors: list[Tensor | None] = []
        for variable in self._variables.all() if only is None else only:
            tensor = variable.tensor()
            if tensor is None:
                continue
            present.append((variable, tensor))
            key = _evidence(tensor)
            if all_data or key is None or key != variable.data_key:
                variable.data_key = key
                slots.append((variable, True))
                tensors.append(tensor)
            if variable.is_buffer:
                continue
            grad = tensor.grad if tensor.is_leaf else None
            key = None if grad is None else _evidence(grad)
            if (grad is not None and (all_grads or key is None)) or key != variable.grad_key:
                variable.grad_key = key
                slots.append((variable, False))
                tensors.append(grad)
        for (variable, is_data), value in zip(slots, self._fingerprints.of(tensors), strict=True):
            if is_data:
                variable.data = value
            else:
                variable.grad = value
        if self._with_norms:
            _take_norms(slots, tensors)
        for variable, tensor in present:
            self._record(thread, now, cause, variable, tensor)

    def _record(
        self, thread: Thread, now: int, cause: int | None, variable: Variable, tensor: Tensor
    ) -> None:
        """Write a row if anything differs from the last one."""
        facts = self._facts_of(tensor)
        row = (variable.data, variable.grad, facts)
        if row == variable.row:
            return
        first, variable.row = variable.row is None, row
        number = "null" if variable.data is None else str(variable.data)
        if not variable.is_buffer:
            grad = "null" if variable.grad is None else str(variable.grad)
            number = f'{number},"grad":{grad}'
        attributes = f'{{"data":{number},{facts}'
        # Before the first row nothing is known, so nothing can be said about the cause.
        self._recorder.state(
            thread,
            now,
            (variable.name, variable.type),
            attributes,
            None if first else cause,
            _norms_of(variable) if self._with_norms else None,
        )

    def _facts_of(self, tensor: Tensor) -> str:
        own = getattr(tensor, "__dict__", None)
        extra = _extra(own) if own else ()
        held = id(tensor) in self._variables.held
        key = (
            tensor.dtype,
            tensor.shape,
            tensor.device.type,
            tensor.requires_grad,
            tensor.is_leaf,
            held,
            extra,
        )
        text = self._facts.get(key)
        if text is None:
            facts = {**{k: json.loads(v) for k, v in extra}, **tensor_facts(tensor)}
            facts["in_optimizer"] = held
            text = self._facts[key] = json.dumps(facts, separators=(",", ":"))[1:]
        return text


def _take_norms(slots: list[tuple[Variable, bool]], tensors: list[Tensor | None]) -> None:
    for (variable, is_data), norm in zip(slots, norms(tensors), strict=True):
        if is_data:
            variable.data_norm = norm
        else:
            variable.grad_norm = norm


def _norms_of(variable: Variable) -> str:
    return json.dumps({"norms": {"data": variable.data_norm, "grad": variable.grad_norm}})


def _extra(own: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Attributes that a framework hung on the tensor, such as `tensor_model_parallel`."""
    found = []
    for name, value in own.items():
        text = primitive(value)
        if text is not None and not name.startswith("_"):
            found.append((name, text))
    return tuple(found)


def _evidence(tensor: Tensor) -> tuple[Any, ...] | None:
    """Return what moves with nearly every change of a tensor; None where nothing tells."""
    try:
        return (
            id(tensor),
            tensor._version,
            tensor.data_ptr(),
            tensor.dtype,
            tensor.shape,
        )
    except RuntimeError:  # inference tensors have no version, sharded and fake ones no address
        return None


def _out_of_reach() -> bool:
    """Tell whether looking at tensors now would become part of what is being captured."""
    if torch.compiler.is_compiling() or torch._C._get_tracing_state() is not None:
        return True
    if torch._C._functorch.peek_interpreter_stack() is not None:
        return True
    initialized: bool = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    return initialized and torch.cuda.is_current_stream_capturing()
