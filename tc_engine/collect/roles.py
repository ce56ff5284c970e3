"""What the collector does around a call, by the part the call plays in training.

A role is a pair of functions: one before the call opens, one when it has come back. They keep step
and stage, find the models and have the variables compared.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module
from torch.optim import Optimizer

from tc_engine.collect.events import After, Before, Call
from tc_engine.collect.identity import Identity
from tc_engine.collect.observer import Content, Observer
from tc_engine.collect.recorder import Recorder
from tc_engine.collect.steps import Steps
from tc_engine.collect.variables import Variables, unwrap

WATCHING = frozenset({"clip", "collective", "init", "touch", "unscale", "update"})
DEEPLY = Content.ALL | Content.DEEP
TORCH_OPTIMIZERS = "torch.optim."
SEEN = "seen"


class Roles:
    """The roles by name, bound to the collector of this process."""

    def __init__(
        self,
        recorder: Recorder,
        steps: Steps,
        variables: Variables,
        observer: Observer,
        identity: Identity,
    ) -> None:
        self._recorder = recorder
        self._steps = steps
        self._variables = variables
        self._observer = observer
        self._identity = identity

    def named(self, role: str | None, *, watches: bool) -> tuple[Before | None, After | None]:
        """Return what runs before and after a call with this role.

        Without `watches` there is nothing for roles that only look at variables.
        """
        if role is None or (role in WATCHING and not watches):
            return None, None
        return getattr(self, f"before_{role}", None), getattr(self, f"after_{role}", None)

    # Calls that may change what is observed.

    def before_touch(self, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Compare everything before the call."""
        self._observer.enter(call)

    def after_touch(self, call: Call, now: int, error: BaseException | None) -> None:
        """Compare everything after the call."""
        self._observer.leave(call, now)

    def before_clip(self, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Compare gradients before they are made smaller."""
        self._observer.enter(call, content=Content.GRAD | Content.NO_DATA)

    def after_clip(self, call: Call, now: int, error: BaseException | None) -> None:
        """Compare gradients: nothing else is written here."""
        self._observer.leave(call, now, content=Content.NO_DATA)

    def before_init(self, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Compare only the tensor that is about to be initialised, if it is known."""
        call.note = self._variables.matching(_tensors_in(args, kwargs))
        if call.note:
            self._observer.enter(call, only=call.note)

    def after_init(self, call: Call, now: int, error: BaseException | None) -> None:
        """Compare the initialised tensor."""
        if call.note:
            self._observer.leave(call, now, only=call.note)

    def before_collective(self, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Compare the variables that are about to be communicated."""
        self.before_init(call, args, kwargs)

    def after_collective(self, call: Call, now: int, error: BaseException | None) -> None:
        """Compare them by content: collectives leave no trace in version counters."""
        if call.note:
            self._observer.leave(call, now, only=call.note, content=DEEPLY)

    # The place of this process among the others.

    def after_join(self, call: Call, now: int, error: BaseException | None) -> None:
        """Take the rank from the process group that was made."""
        if error is None:
            self._identity.join()

    def before_mesh(self, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Remember the device mesh that is being made."""
        call.note = args[0]

    def after_mesh(self, call: Call, now: int, error: BaseException | None) -> None:
        """Take the coordinates of this rank in it."""
        if error is None:
            self._identity.place(call.note)

    # The optimizer.

    def before_optimizer(self, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Remember the optimizer that is being made or given other parameters."""
        call.note = args[0] if args and isinstance(args[0], Optimizer) else None

    def after_optimizer(self, call: Call, now: int, error: BaseException | None) -> None:
        """Take up the optimizer, and the models in sight that own its parameters."""
        if call.note is not None and error is None:
            self._variables.add_optimizer(call.note)

    def before_zero_grad(self, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Begin the next step if the last one is over.

        Compare everything but buffers, which the next call of their model shows: the program may
        just have written parameters itself.
        """
        self._steps.zero_grad()
        self._variables.look_at_optimizers()
        self._observer.enter(call, content=self._by_itself() & ~Content.BUFFERS)

    after_zero_grad = after_clip

    def before_step(self, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Compare what an optimizer may write; remember whether it may do so without a trace.

        What the program wrote elsewhere is seen when a model is called next.
        """
        if args and isinstance(args[0], Optimizer):
            self._variables.know_optimizer(args[0])
            self._variables.stepped(args[0], call.thread)
        self._variables.look_at_optimizers()
        self._observer.enter(call, content=Content.HELD | Content.GRAD)
        call.note = DEEPLY if not args or _is_opaque(args[0]) else Content.NOTHING

    def after_step(self, call: Call, now: int, error: BaseException | None) -> None:
        """Compare everything; the iteration is over."""
        self._observer.leave(call, now, content=call.note)
        if error is None:
            self._steps.stepped()

    def before_update(self, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Compare before the functional form of an optimizer, unless its `step` just did."""
        self._observer.enter(call, again=not _is_inside(call, ".step"))
        call.note = DEEPLY if kwargs.get("fused") else Content.NOTHING

    def after_update(self, call: Call, now: int, error: BaseException | None) -> None:
        """Compare after the functional form of an optimizer."""
        self._observer.leave(call, now, content=call.note)

    before_unscale = before_touch

    def after_unscale(self, call: Call, now: int, error: BaseException | None) -> None:
        """Compare gradients by content: version counters do not tell that they were divided."""
        self._observer.leave(call, now, content=Content.GRAD | Content.DEEP)

    before_scaler_step = before_touch

    def after_scaler_step(self, call: Call, now: int, error: BaseException | None) -> None:
        """End the iteration, also if the scaler skipped the optimizer."""
        self._observer.leave(call, now)
        if error is None:
            self._steps.stepped()

    # The model.

    def before_backward(self, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Compare everything before gradients appear; once, where one form calls the other."""
        again = not _is_inside(call, ".backward")
        self._observer.enter(call, content=Content.GRAD, again=again)
        self._recorder.leave()

    def after_backward(self, call: Call, now: int, error: BaseException | None) -> None:
        """Compare everything; without any optimizer the iteration is over.

        Once: where one form calls the other, that is the last thing it does.
        """
        self._recorder.is_left = False
        if call.note is not SEEN:
            self._observer.leave(call, now)
        if _is_inside(call, ".backward", depth=2):
            call.thread.calls[-2].note = SEEN
        if error is None and not self._variables.has_optimizer:
            self._steps.stepped()

    def before_forward(self, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Take up the model if no other module is being called; find the stage."""
        if call.thread.depth != 1:
            return
        root = unwrap(args[0])
        self._variables.add_root(root)
        if self._variables.is_root(root):
            self._variables.used(root, call.thread)
            self._steps.forward(root.training and torch.is_grad_enabled())
            self._observer.enter(call, content=self._by_itself())

    def after_forward(self, call: Call, now: int, error: BaseException | None) -> None:
        """Compare the buffers by content: batch norm leaves no trace in version counters."""
        if call.observes:
            self._observer.leave(call, now, content=Content.BUFFERS | Content.NO_GRAD)

    def before_mode(self, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Find the stage when a whole model is switched to training or evaluation."""
        if args and self._variables.is_root(unwrap(args[0])):
            mode = kwargs.get("mode", args[1] if len(args) > 1 else True)
            self._steps.mode(bool(mode) and not call.api.name.endswith(".eval"))
            self._observer.enter(call, content=Content.NOTHING)

    def after_mode(self, call: Call, now: int, error: BaseException | None) -> None:
        """Compare what a model that freezes parts of itself has changed."""
        if call.observes:
            self._observer.leave(call, now)

    def before_parallel(self, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Take up the model that is about to be wrapped."""
        module = kwargs.get("module", args[1] if len(args) > 1 else None)
        if isinstance(module, Module):
            self._variables.add_root(unwrap(module))
        self._observer.enter(call)

    def after_parallel(self, call: Call, now: int, error: BaseException | None) -> None:
        """Compare by content: the wrapper has broadcast the parameters."""
        self._observer.leave(call, now, content=DEEPLY)

    def _by_itself(self) -> int:
        """Tell what the program may have changed by itself and no optimizer makes us look at."""
        if self._variables.has_optimizer:
            return Content.BUFFERS | Content.FREE
        return Content.DATA | Content.DEEP

    # Data and files.

    def before_fetch(self, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Note that a loader is asked for a batch."""
        iterator = args[0]
        # The data set outlives its iterators and tells training from evaluation data.
        source = getattr(iterator, "_dataset", iterator)
        call.note = self._recorder.serials.of(source) or 0
        self._steps.fetch(call.note)

    def after_fetch(self, call: Call, now: int, error: BaseException | None) -> None:
        """Note that a loader has come to its end."""
        if isinstance(error, StopIteration):
            self._steps.exhausted(call.note)
            call.label = self._recorder.label(call.thread)

    def before_save(self, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Enter the stage of checkpointing."""
        self._steps.saving(inside=True)

    def after_save(self, call: Call, now: int, error: BaseException | None) -> None:
        """Leave the stage of checkpointing."""
        self._steps.saving(inside=False)


def _is_opaque(optimizer: Any) -> bool:
    """Tell whether an optimizer may write without moving version counters."""
    if not type(optimizer).__module__.startswith(TORCH_OPTIMIZERS):
        return True
    return any(group.get("fused") for group in optimizer.param_groups)


def _is_inside(call: Call, ending: str, depth: int = 1) -> bool:
    """Tell whether the innermost open call is of such a function, or the one at a depth."""
    calls = call.thread.calls
    return (
        len(calls) >= depth and calls[-depth].observes and calls[-depth].api.name.endswith(ending)
    )


def _tensors_in(args: Iterable[Any], kwargs: dict[str, Any]) -> list[Tensor]:
    found: list[Tensor] = []
    for value in (*args, *kwargs.values()):
        if isinstance(value, Tensor):
            found.append(value)
        elif type(value) in (list, tuple):
            found.extend(element for element in value if isinstance(element, Tensor))
    return found
