"""See changes of variables from the outside and record them with the call that caused them.

Identity, version counter and address of a tensor tell most changes cheaply, but not all: fused
optimizers, collectives, batch norm and writes through `.data` leave them as they are. So content is
compared by fingerprint wherever these may have been at work: at the exit of a call that is known to
write this way, and at the entry of an outermost observed call for whatever the program did by
itself. A change is the work of the call at whose exit it is seen and at whose entry it was not
there.

Reading all content takes its time, and what the program does by itself it does to whole tensors. So
of larger tensors some words are compared first, and what an optimizer holds is compared
before the optimizer steps, not before each call. What escapes that is seen with the next change.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from tc_engine.collect import native
from tc_engine.collect.events import Call, Look, Thread
from tc_engine.collect.fingerprint import Fingerprints
from tc_engine.collect.norms import norms
from tc_engine.collect.pending import Pending
from tc_engine.collect.plan import Plan
from tc_engine.collect.recorder import Recorder, raised_by_handler
from tc_engine.collect.values import primitive, tensor_facts
from tc_engine.collect.variables import Variable, Variables

# Asked at each look.
_is_compiling: Callable[[], bool] = torch.compiler.is_compiling
_tracing_state: Callable[[], object] = torch._C._get_tracing_state
_functorch_level: Callable[[], object] = torch._C._functorch.peek_interpreter_stack
_is_cuda_used: Callable[[], bool] = torch.cuda.is_initialized


class Content:
    """What is compared by content, however unchanged it looks: a sum of these.

    `DEEP`: by the whole content. Otherwise some words of a larger tensor have to do. `NO_DATA` and
    `NO_GRAD`: it is not compared at all. Plain numbers, since they are asked for each variable at
    each look.
    """

    NOTHING = 0
    BUFFERS = 1
    HELD = 2  # parameters that an optimizer holds
    FREE = 4  # the other ones
    GRAD = 8
    DEEP = 16
    NO_DATA = 32
    NO_GRAD = 64
    DATA = BUFFERS | HELD | FREE
    ALL = DATA | GRAD


class _Found(NamedTuple):
    """What one look finds: facts that differ, and what must be computed, with its tensor.

    `doubtful` are places in these lists where nothing but a probe speaks for a change.
    """

    facts: dict[Variable, str]
    slots: list[tuple[Variable, bool]]
    tensors: list[Tensor | None]
    doubtful: list[int]


class Observer:
    """Compares the variables with how they were at the last look."""

    def __init__(self, recorder: Recorder, variables: Variables, plan: Plan) -> None:
        self._recorder = recorder
        self._variables = variables
        self._plan = plan
        self._shown = plan.shows("data"), plan.shows("grad")
        compiled = native.load()
        self.is_native = compiled is not None
        self._fingerprints = Fingerprints(compiled)
        self._facts: dict[tuple[Any, ...], str] = {}
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Be ready in a forked child, whatever another thread of the parent was doing."""
        self._lock = threading.Lock()

    def enter(
        self,
        call: Call,
        only: Iterable[Variable] | None = None,
        content: int = Content.ALL,
        *,
        again: bool = True,
    ) -> None:
        """Compare at the entry of a call: what is seen here is not its work.

        Inside of another observed call it is the work of that one, else of the program itself. It
        need not be done `again` where nothing can have happened since the last look.
        """
        if self._plan.only_inside and self._recorder.is_silent(call.api):
            return
        around = next((c for c in reversed(call.thread.calls) if c.observes), None)
        with self._lock:  # another thread that is looking now looks to its end
            call.observes = True
            call.thread.inside += 1
        if not again:
            return
        cause = around.visible_id if around is not None else None
        if around is not None:
            content = Content.NOTHING
        self._look(call.thread, time.monotonic_ns(), cause, only, content)

    def leave(
        self,
        call: Call,
        now: int,
        only: Iterable[Variable] | None = None,
        content: int = Content.NOTHING,
    ) -> None:
        """Compare at the exit of a call; `content` for one that may write without a trace."""
        if not call.observes:
            return
        self._look(call.thread, now, call.visible_id, only, content)

    def _look(
        self,
        thread: Thread,
        now: int,
        cause: int | None,
        only: Iterable[Variable] | None,
        content: int,
    ) -> None:
        if not (self._plan.watches and self._recorder.sampled) or _out_of_reach():
            return
        with self._lock, torch._C.DisableTorchFunction(), torch._C._DisableTorchDispatch():
            self._compare(thread, now, cause, only, content)

    def _compare(
        self,
        thread: Thread,
        now: int,
        cause: int | None,
        only: Iterable[Variable] | None,
        content: int,
    ) -> None:
        found = _Found({}, [], [], [])
        variables = self._variables.all() if only is None else only
        pairs = self._present(self._safe(variables, thread))
        if not content & Content.NO_DATA:
            self._see_data(pairs, content, found)
        if self._shown[1] and not content & Content.NO_GRAD:
            self._see_grads(pairs, content, found)
        if found.doubtful:
            found = self._without_doubt(found)
        if found.slots or found.facts:
            self._hand_over(thread, now, cause, found)

    def _present(self, variables: Iterable[Variable]) -> list[tuple[Variable, Tensor]]:
        """Return the variables that have a tensor now, with it."""
        pairs = []
        for variable in variables:
            try:
                tensor = variable.tensor()
            except Exception as error:
                self._leave_out(variable, error)
                continue
            if tensor is not None:
                pairs.append((variable, tensor))
        return pairs

    def _see_data(
        self, pairs: Iterable[tuple[Variable, Tensor]], content: int, found: _Found
    ) -> None:
        """Note which data may not be as it was. Asked for each variable at each look."""
        deep, some, shown = content & Content.DEEP, content & Content.DATA, self._shown[0]
        for variable, tensor in pairs:
            try:
                key = _evidence(tensor)
                is_new = key is None or key != variable.data_key
                if is_new:
                    variable.data_key = key
                    variable.is_held = id(tensor) in self._variables.held
                if is_new or tensor.__dict__:
                    facts = self._facts_of(tensor, variable.is_held)
                    if facts is not variable.facts:
                        variable.facts = found.facts[variable] = facts
                if shown and (is_new or (some and some & _kind(variable))):
                    _note(variable, tensor, True, is_new or deep, found)
            except Exception as error:
                self._leave_out(variable, error)

    def _see_grads(
        self, pairs: Iterable[tuple[Variable, Tensor]], content: int, found: _Found
    ) -> None:
        """Note which gradients may not be as they were, likewise."""
        deep, all_of_them = content & Content.DEEP, content & Content.GRAD
        for variable, tensor in pairs:
            if variable.is_buffer:
                continue
            try:
                grad = tensor.grad if tensor.is_leaf else None
                key = 0 if grad is None else _evidence(grad)
                is_new = key is None or key != variable.grad_key
                if is_new:
                    variable.grad_key = key
                elif grad is None or not all_of_them:
                    continue
                _note(variable, grad, False, is_new or deep, found)
            except Exception as error:
                self._leave_out(variable, error)

    def _without_doubt(self, found: _Found) -> _Found:
        """Leave out what a probe finds as it was."""
        facts, slots, tensors, doubtful = found
        probes = self._fingerprints.probe([tensors[place] for place in doubtful])
        same = set()
        for place, probe in zip(doubtful, probes, strict=True):
            variable, is_data = slots[place]
            if probe == (variable.data_mark if is_data else variable.grad_mark)[1]:
                same.add(place)
        kept = [place for place in range(len(slots)) if place not in same]
        return _Found(facts, [slots[i] for i in kept], [tensors[i] for i in kept], [])

    def _leave_out(self, variable: Variable, error: Exception) -> None:
        """Look no more at a tensor whose class lets nobody read it."""
        if raised_by_handler(error):
            raise error
        variable.is_readable = False
        self._recorder.note_error(variable.name, error)

    def _safe(self, variables: Iterable[Variable], thread: Thread) -> Iterable[Variable]:
        """Leave out what belongs to other threads, or what another thread may be writing.

        A backward pass writes gradients while Python code runs elsewhere; to read one then would
        crash the program.
        """
        if len(self._recorder.all_threads) == 1:
            return variables
        return [one for one in variables if _is_safe(one.users, thread)]

    def _hand_over(self, thread: Thread, now: int, cause: int | None, found: _Found) -> None:
        """Have the content computed, and leave it to the writer to see what has changed."""
        pending = Pending()
        seen, slots, tensors, _ = found
        values, probes = self._fingerprints.start(tensors, pending)
        if pending.is_there:
            slots, tensors, values = _changed(slots, tensors, values, probes)
        seen |= {variable: variable.facts for variable, _ in slots if variable.facts is not None}
        if not seen:
            return
        ids = self._recorder.event_ids(len(seen))
        look = Look(
            thread=thread,
            start=now,
            cause=cause,
            label=self._recorder.label(thread),
            entries=list(zip(ids, seen, seen.values(), strict=True)),
            slots=slots,
            values=values,
            norms=norms(tensors, pending) if self._plan.norms else [],
            pending=pending,
            shown=self._shown,
        )
        self._recorder.look(look)

    def _facts_of(self, tensor: Tensor, is_held: bool) -> str:
        own = getattr(tensor, "__dict__", None)
        extra = _extra(own) if own else ()
        key = (
            tensor.dtype,
            tensor.shape,
            tensor.device.type,
            tensor.requires_grad,
            tensor.is_leaf,
            is_held,
            extra,
        )
        text = self._facts.get(key)
        if text is None:
            facts = {**{k: json.loads(v) for k, v in extra}, **tensor_facts(tensor)}
            facts["in_optimizer"] = is_held
            text = self._facts[key] = json.dumps(facts, separators=(",", ":"))[1:-1]
        return text


def _kind(variable: Variable) -> int:
    if variable.is_buffer:
        return Content.BUFFERS
    return Content.HELD if variable.is_held else Content.FREE


def _note(
    variable: Variable, tensor: Tensor | None, is_data: bool, certain: object, found: _Found
) -> None:
    """Note that the content is to be computed, or probed first if that can tell."""
    if not certain and (variable.data_mark if is_data else variable.grad_mark)[1] is not None:
        found.doubtful.append(len(found.slots))
    found.slots.append((variable, is_data))
    found.tensors.append(tensor)


def _is_safe(users: set[Thread], thread: Thread) -> bool:
    if not users:
        return True
    return thread in users and not any(user.inside for user in users if user is not thread)


def _changed(
    slots: list[tuple[Variable, bool]],
    tensors: list[Tensor | None],
    values: list[int | None],
    probes: list[int | None],
) -> tuple[list[tuple[Variable, bool]], list[Tensor | None], list[int | None]]:
    """Leave out what turns out to be as it was, and remember the rest."""
    kept = []
    for place, ((variable, is_data), mark) in enumerate(
        zip(slots, zip(values, probes, strict=True), strict=True)
    ):
        if mark != (variable.data_mark if is_data else variable.grad_mark) or mark[0] is None:
            kept.append(place)
        if is_data:
            variable.data_mark = mark
        else:
            variable.grad_mark = mark
    return [slots[i] for i in kept], [tensors[i] for i in kept], [values[i] for i in kept]


def _extra(own: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Attributes that a framework hung on the tensor, such as `tensor_model_parallel`."""
    found = []
    for name, value in own.items():
        text = primitive(value)
        if text is not None and not name.startswith("_"):
            found.append((name, text))
    return tuple(found)


def _evidence(tensor: Tensor) -> int | None:
    """Return what moves with nearly every change of a tensor; None where nothing tells.

    A hash of it: one number is quicker to compare than several that lie here and there.
    """
    try:
        return hash(
            (
                id(tensor),
                tensor._version,
                tensor.data_ptr(),
                tensor.dtype,
                tensor.shape,
                tensor.requires_grad,
            )
        )
    except Exception:
        # Inference tensors have no version, sharded and fake ones no address; subclasses may raise.
        return None


def _out_of_reach() -> bool:
    """Tell whether looking at tensors now would become part of what is being captured."""
    if _is_compiling() or _tracing_state() is not None or _functorch_level() is not None:
        return True
    return _is_cuda_used() and torch.cuda.is_current_stream_capturing()
