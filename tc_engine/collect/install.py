"""Put the recording into torch: the table of `apis`, and what no table can say."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any

import torch
from torch.nn import Module
from torch.nn.modules import module as module_hooks
from torch.optim import Optimizer, lr_scheduler
from torch.utils.hooks import RemovableHandle

from tc_engine.collect import contexts, dynamo
from tc_engine.collect.apis import SWEPT, TARGETS, Target, full_name
from tc_engine.collect.events import Api
from tc_engine.collect.importhook import ImportHook
from tc_engine.collect.include import Includer
from tc_engine.collect.patches import Patches, dress, recorded
from tc_engine.collect.plan import OPTIONAL, Plan
from tc_engine.collect.recorder import Recorder
from tc_engine.collect.roles import Roles
from tc_engine.collect.variables import Variables
from tc_engine.collect.workers import Workers

IDENTIFYING = frozenset({"clip", "init", "optimizer"})
"""Roles in which it matters which tensors a function is given."""

SUSPENDING = (
    ("torch.jit._trace", "trace"),
    ("torch.jit._trace", "trace_module"),
    ("torch.export", "export"),
    ("torch.fx._symbolic_trace", "symbolic_trace"),
    ("torch.onnx", "export"),
)
"""Functions that read the source or the identity of what they are given."""

_is_compiling = torch.compiler.is_compiling


class Installer:
    """Patches torch and the modules of torch that are imported later."""

    def __init__(
        self,
        recorder: Recorder,
        roles: Roles,
        variables: Variables,
        workers: Workers,
        plan: Plan,
        hook: ImportHook,
    ) -> None:
        self._recorder = recorder
        self._roles = roles
        self._variables = variables
        self._workers = workers
        self._plan = plan
        self._hook = hook
        self._patches = Patches()
        self._handles: list[RemovableHandle] = []
        self._forwards: dict[type, Api] = {}

    def install(self, *, everywhere: bool = False) -> None:
        """Patch everything that is there and wait for the rest.

        With `everywhere` also the names that modules of the program have imported.
        """
        for target in TARGETS:
            self._hook.after(target.module, self._later(self._patch, target))
        contexts.watch(self._recorder, self._patches)
        self._patch_optimizers()
        self._patch_schedulers()
        self._patch_modules()
        self._patch_script()
        for module_name, name in SUSPENDING:
            self._hook.after(module_name, self._later(self._suspend_in, module_name, name))
        self._hook.after(dynamo.EVAL_FRAME, self._later(dynamo.leave_alone))
        self._workers.watch(self._patches)
        Includer(self._recorder, self._patches, self._plan).watch(self._hook)
        self._patches.sweep(None if everywhere else SWEPT)
        self._hook.around = self._recorder.quiet

    def undo(self) -> None:
        """Put everything back as it was."""
        self._patches.undo()
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def _later(self, function: Callable[..., None], *args: Any) -> Callable[[], None]:
        """Make a callback that gives up quietly: a version of torch may lack what is patched."""

        def callback() -> None:
            try:
                function(*args)
            except Exception as error:
                self._recorder.note_error(f"install {function.__name__} {args}", error)

        return callback

    def _patch(self, target: Target) -> None:
        module = sys.modules[target.module]
        for holder, name in list(target.present(module)):
            self._record(holder, name, target)

    def _record(self, holder: Any, name: str, target: Target) -> None:
        original = inspect.getattr_static(holder, name)
        if self._patches.is_wrapper(original):
            return
        wrapper = self._patches.wrapper_of(original)
        if wrapper is None:
            api = self._api(full_name(holder, name, original), original, target)
            if api is None:
                return
            api.bound = isinstance(holder, type)
            wrapper = recorded(self._recorder, self._recorder.register(api))
        self._patches.add(holder, name, wrapper)

    def _api(self, name: str, original: Callable[..., Any], target: Target) -> Api | None:
        """Describe a function as the plan wants it; None if there is nothing to do about it."""
        plan = self._plan
        before, after = self._roles.named(target.role, watches=plan.watches)
        api = Api(
            name=name,
            original=original,
            leaf=target.leaf and target.inside not in plan.inside,
            minor=target.minor,
            rare=target.rare,
            identifies=target.role in IDENTIFYING,
            described=plan.describes(name),
            recorded=plan.records(name, target.group),
            before=before,
            after=after,
        )
        needed = (before or after) and target.group not in OPTIONAL
        return api if api.recorded or needed else None

    # Optimizers and schedulers.

    def _patch_optimizers(self) -> None:
        for name, module in list(sys.modules.items()):
            if not name.startswith("torch.optim."):
                continue
            for value in list(module.__dict__.values()):
                if isinstance(value, type) and issubclass(value, Optimizer):
                    self._patch_step(value)
            functional = name.rpartition(".")[2].lstrip("_")
            if isinstance(module.__dict__.get(functional), FunctionType):
                target = Target(
                    name, (functional,), None, "update", "optimizer", leaf=True, inside="optimizer"
                )
                self._record(module, functional, target)
        self._patch_optimizer_construction()

    def _patch_optimizer_construction(self) -> None:
        """See to it that every optimizer class is known before its first instance is made."""
        recorded_init = Optimizer.__init__

        def __init__(self_: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
            for owner in type(self_).__mro__:
                self._patch_step(owner)
            recorded_init(self_, *args, **kwargs)

        self._patches.add(Optimizer, "__init__", dress(__init__, recorded_init))

    def _patch_step(self, owner: type) -> None:
        step = owner.__dict__.get("step")
        if owner is Optimizer or not isinstance(step, FunctionType):
            return
        if not self._patches.is_wrapper(step):
            # With the first instance torch puts a wrapper around `step` that runs its hooks, once;
            # done now, it comes to lie inside of ours and stays when ours is taken away.
            if not getattr(step, "hooked", False):
                hooked: Any = Optimizer.profile_hook_step(step)
                hooked.hooked = True
                owner.step = hooked  # type: ignore[attr-defined]
            target = Target(owner.__module__, ("step",), role="step", group="optimizer")
            self._record(owner, "step", target)
            owner.step.hooked = True  # type: ignore[attr-defined]

    def _patch_schedulers(self) -> None:
        for value in list(lr_scheduler.__dict__.values()):
            if isinstance(value, type) and isinstance(value.__dict__.get("step"), FunctionType):
                target = Target(
                    lr_scheduler.__name__, ("step",), group="scheduler", leaf=True, rare=True
                )
                self._record(value, "step", target)

    # Modules.

    def _patch_modules(self) -> None:
        original = Module.__call__
        recorder = self._recorder
        forward_of = self._forward_of

        def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N807
            if not recorder.on or _is_compiling():
                return original(self, *args, **kwargs)
            thread = recorder.thread
            api = forward_of(type(self))
            if thread.depth and not (api.recorded and recorder.sampled):
                return original(self, *args, **kwargs)
            thread.depth += 1
            try:
                opened = recorder.begin(api, (self, *args), kwargs)
                if opened is None:
                    return original(self, *args, **kwargs)
                try:
                    result = original(self, *args, **kwargs)
                except BaseException as error:
                    recorder.fail(opened, error)
                    raise
                recorder.finish(opened, result)
                return result
            finally:
                thread.depth -= 1

        self._patches.add(Module, "__call__", dress(__call__, original))
        for register in (
            module_hooks.register_module_module_registration_hook,
            module_hooks.register_module_parameter_registration_hook,
            module_hooks.register_module_buffer_registration_hook,
        ):
            self._handles.append(register(self._registered))

    def _registered(self, module: Module, name: str, value: Any) -> None:
        self._variables.stale = True

    def _forward_of(self, kind: type) -> Api:
        """Return the function that a call of a module of this class runs: its `forward`."""
        api = self._forwards.get(kind)
        if api is None:
            forward = next(c.__dict__["forward"] for c in kind.__mro__ if "forward" in c.__dict__)
            # Wrappers that set it on the instance have torch's stub, generated ones no module.
            if (
                not isinstance(forward, FunctionType)
                or forward is Module.forward
                or forward.__module__ is None
            ):
                forward = kind
            before, after = self._roles.named("forward", watches=True)
            name = f"{forward.__module__}.{forward.__qualname__}"
            name = name if forward is not kind else f"{name}.forward"
            api = Api(
                name=name,
                original=forward,
                bound=True,
                minor=True,
                described=self._plan.describes(name),
                recorded=self._plan.records(name, "forward"),
                before=before,
                after=after,
            )
            self._forwards[kind] = self._recorder.register(api)
        return api

    # What must see the originals.

    def _suspend_in(self, module_name: str, name: str) -> None:
        module = sys.modules[module_name]
        original = module.__dict__.get(name)
        if not isinstance(original, FunctionType):
            return

        def suspended(*args: Any, **kwargs: Any) -> Any:
            with self._patches.suspended(), self._recorder.quiet():
                return original(*args, **kwargs)

        self._patches.add(module, name, dress(suspended, original))

    def _patch_script(self) -> None:
        """Suspend inside `torch.jit.script`, which looks for names in its caller's frame."""
        original = torch.jit.script

        def script(*args: Any, **kwargs: Any) -> Any:
            kwargs["_frames_up"] = kwargs.get("_frames_up", 0) + 1
            with self._patches.suspended(), self._recorder.quiet():
                return original(*args, **kwargs)

        home = sys.modules[original.__module__]
        self._patches.add(home, "script", dress(script, original))
