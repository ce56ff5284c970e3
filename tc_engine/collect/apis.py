"""Which functions of torch are recorded: those that carry the meaning of a training program.

A `Target` names a place and the functions there. `role` says what else the collector does around
the call (see `roles`). Modules that are not imported yet are patched when they are.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import BuiltinFunctionType, FunctionType, MethodDescriptorType, ModuleType
from typing import Any

FUNCTIONAL_SKIPPED = frozenset(
    {
        "assert_int_or_pair",
        "boolean_dispatch",
        "handle_torch_function",
        "has_torch_function",
        "has_torch_function_unary",
        "has_torch_function_variadic",
    }
)


@dataclass(frozen=True)
class Target:
    """Functions of one module or of one class in it; the flags are those of `events.Api`.

    `inside` names the place of `plan.INSIDE` that a leaf is no leaf for.
    """

    module: str
    names: tuple[str, ...] | Callable[[ModuleType], Iterator[str]]
    owner: str | None = None
    role: str | None = None
    group: str | None = None
    leaf: bool = False
    minor: bool = False
    rare: bool = False
    inside: str | None = None

    def present(self, module: ModuleType) -> Iterator[tuple[Any, str]]:
        """Yield holder and name of each function that this version of torch has."""
        holder = module if self.owner is None else module.__dict__.get(self.owner)
        if holder is None:
            return
        names = self.names(module) if callable(self.names) else self.names
        for name in names:
            value = inspect.getattr_static(holder, name, None)
            inherited = isinstance(value, MethodDescriptorType)  # as the methods of tensors are
            if callable(value) and (name in holder.__dict__ or inherited):
                yield holder, name


_FLAGS = frozenset({"detach_", "requires_grad_", "share_memory_"})


def _functional(module: ModuleType) -> Iterator[str]:
    for name, value in list(module.__dict__.items()):
        public = not name.startswith("_") and name not in FUNCTIONAL_SKIPPED
        if public and isinstance(value, FunctionType | BuiltinFunctionType):
            home = value.__module__ or ""
            if home == "torch" or home.startswith(("torch.nn.functional", "torch._C._nn")):
                yield name


def _initialisers(module: ModuleType) -> Iterator[str]:
    for name, value in list(module.__dict__.items()):
        if isinstance(value, FunctionType) and name.endswith("_") and not name.startswith("_"):
            yield name


def _in_place(module: ModuleType) -> Iterator[str]:
    """Name the methods of a tensor that write into it; operators and flags are left out."""
    for name in dir(module.Tensor):
        if name.endswith("_") and not name.startswith("_") and name not in _FLAGS:
            yield name


_COLLECTIVES = (
    "all_gather",
    "all_gather_into_tensor",
    "all_gather_object",
    "all_reduce",
    "all_to_all",
    "all_to_all_single",
    "barrier",
    "broadcast",
    "broadcast_object_list",
    "gather",
    "irecv",
    "isend",
    "recv",
    "reduce",
    "reduce_scatter",
    "reduce_scatter_tensor",
    "scatter",
    "send",
)
_MOVES = ("to", "cuda", "cpu", "half", "float", "double", "bfloat16", "type", "to_empty")
_TORCH = (
    "addmm",
    "baddbmm",
    "bmm",
    "cat",
    "flatten",
    "log_softmax",
    "matmul",
    "mm",
    "relu",
    "sigmoid",
    "softmax",
    "stack",
    "tanh",
)

_SWITCHES = ("use_deterministic_algorithms", "set_default_dtype", "compile")
_CLIPPING = ("clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm")

_OPTIMIZER = "torch.optim.optimizer"
_MODULE = "torch.nn.modules.module"
_SCALER = "torch.amp.grad_scaler"
_LOADER = "torch.utils.data.dataloader"
_C10D = "torch.distributed.distributed_c10d"
_MESH = "torch.distributed.device_mesh"
_DDP = "torch.nn.parallel.distributed"
_DP = "torch.nn.parallel.data_parallel"
_AVERAGES = "torch.optim.swa_utils"


def of_group(group: str, *targets: Target) -> Iterator[Target]:
    """Say of targets which group they belong to."""
    return (replace(target, group=group) for target in targets)


TARGETS: tuple[Target, ...] = (
    *of_group(
        "optimizer",
        Target(_OPTIMIZER, ("__init__",), "Optimizer", "optimizer", leaf=True, rare=True),
        Target(_OPTIMIZER, ("add_param_group",), "Optimizer", "optimizer", leaf=True, rare=True),
        Target(_OPTIMIZER, ("load_state_dict",), "Optimizer", "optimizer", leaf=True, rare=True),
        Target(_OPTIMIZER, ("zero_grad",), "Optimizer", "zero_grad", leaf=True),
        Target(_MODULE, ("zero_grad",), "Module", "zero_grad", leaf=True),
    ),
    *of_group(
        "module",
        Target(_MODULE, ("train",), "Module", "mode", leaf=True, rare=True),
        Target(_MODULE, ("eval",), "Module", "mode", rare=True),
        Target(_MODULE, ("requires_grad_",), "Module", "touch", leaf=True, rare=True),
        Target(_MODULE, ("load_state_dict",), "Module", "touch", leaf=True, rare=True),
        Target(_MODULE, _MOVES, "Module", "touch", leaf=True, rare=True),
        Target(_MODULE, ("state_dict",), "Module", leaf=True, rare=True),
    ),
    *of_group(
        "autograd",
        Target("torch._tensor", ("backward",), "Tensor", "backward"),
        Target("torch.autograd", ("backward",), role="backward"),
        Target("torch.autograd", ("grad",), role="touch"),
    ),
    *of_group(
        "amp",
        Target(_SCALER, ("scale", "update"), "GradScaler"),
        Target(_SCALER, ("unscale_",), "GradScaler", "unscale"),
        Target(_SCALER, ("step",), "GradScaler", "scaler_step"),
        Target("torch.amp.autocast_mode", ("__enter__", "__exit__"), "autocast"),
    ),
    *of_group(
        "functional",
        Target("torch.nn.functional", _functional, minor=True),
        Target("torch", _TORCH, minor=True),
        Target("torch.functional", ("einsum",), minor=True),
    ),
    *of_group("init", Target("torch.nn.init", _initialisers, role="init", leaf=True, rare=True)),
    *of_group(
        "utils",
        Target("torch.nn.utils.clip_grad", _CLIPPING, role="clip", leaf=True),
        Target("torch.nn.utils.convert_parameters", ("vector_to_parameters",), role="touch"),
        Target(_AVERAGES, ("update_parameters",), "AveragedModel", "touch", leaf=True),
        Target(_AVERAGES, ("update_bn",), role="touch"),
        Target("torch.utils.checkpoint", ("checkpoint",)),
    ),
    *of_group(
        "data",
        Target(_LOADER, ("__init__", "__iter__"), "DataLoader", leaf=True, rare=True),
        Target(_LOADER, ("__next__",), "_BaseDataLoaderIter", "fetch", leaf=True, inside="data"),
        Target("torch.utils.data.distributed", ("set_epoch",), "DistributedSampler", rare=True),
    ),
    *of_group(
        "files",
        Target("torch.serialization", ("save",), role="save", leaf=True, rare=True),
        Target("torch.serialization", ("load",), leaf=True, rare=True),
    ),
    *of_group(
        "random",
        Target("torch.random", ("manual_seed", "seed", "set_rng_state"), leaf=True, rare=True),
        Target("torch.cuda.random", ("manual_seed", "manual_seed_all"), leaf=True, rare=True),
    ),
    *of_group("compile", Target("torch", _SWITCHES, leaf=True, rare=True)),
    *of_group(
        "distributed",
        Target(_C10D, ("init_process_group",), role="join", leaf=True, rare=True),
        Target(_C10D, ("destroy_process_group", "new_group"), leaf=True, rare=True),
        Target(_MESH, ("__init__",), "DeviceMesh", "mesh", leaf=True, rare=True),
        Target(_C10D, _COLLECTIVES, role="collective", leaf=True),
        Target(_DDP, ("__init__",), "DistributedDataParallel", "parallel", leaf=True, rare=True),
        Target(_DP, ("__init__",), "DataParallel", "parallel", leaf=True, rare=True),
    ),
    *of_group("tensor", Target("torch", _in_place, "Tensor", "init", leaf=True, minor=True)),
)
"""What is patched where; optimizers' steps, schedulers and the call of a module come on top."""

SWEPT = (
    "torch.amp",
    "torch.autograd",
    "torch.cuda.amp",
    "torch.cuda.random",
    "torch.distributed",
    "torch.export",
    "torch.functional",
    "torch.fx",
    "torch.jit",
    "torch.nn",
    "torch.optim",
    "torch.random",
    "torch.serialization",
    "torch.utils.checkpoint",
    "torch.utils.data",
)
"""Packages whose modules hold copies of the functions above; so does `torch` itself."""


def full_name(holder: Any, name: str, function: Any) -> str:
    """Name a function as TrainCheck does: by its own module and qualified name.

    A function that is made inside another has no telling name of its own and is called by the place
    where it is public, such as `torch.nn.functional.max_pool2d`.
    """
    if isinstance(function, MethodDescriptorType):
        return f"{function.__objclass__.__module__}.{function.__qualname__}"
    module = getattr(function, "__module__", None)
    qualified = getattr(function, "__qualname__", name)
    if module is None or "<locals>" in qualified:
        place = holder.__name__
        if isinstance(holder, type):
            place = f"{holder.__module__}.{holder.__qualname__}"
        return f"{place}.{name}"
    return f"{module}.{qualified}"
