"""Which functions of torch are recorded: those that carry the meaning of a training program.

A `Target` names a place and the functions there. `role` says what else the collector does around
the call (see `roles`). Modules that are not imported yet are patched when they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import BuiltinFunctionType, FunctionType, ModuleType
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
    """Functions of one module or of one class in it; the flags are those of `recorder.Api`."""

    module: str
    names: tuple[str, ...] | Callable[[ModuleType], Iterator[str]]
    owner: str | None = None
    role: str | None = None
    leaf: bool = False
    minor: bool = False

    def present(self, module: ModuleType) -> Iterator[tuple[Any, str]]:
        """Yield holder and name of each function that this version of torch has."""
        holder = module if self.owner is None else module.__dict__.get(self.owner)
        if holder is None:
            return
        names = self.names(module) if callable(self.names) else self.names
        for name in names:
            if name in holder.__dict__ and callable(holder.__dict__[name]):
                yield holder, name


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

_OPTIMIZER = "torch.optim.optimizer"
_MODULE = "torch.nn.modules.module"
_SCALER = "torch.amp.grad_scaler"
_LOADER = "torch.utils.data.dataloader"
_C10D = "torch.distributed.distributed_c10d"

TARGETS: tuple[Target, ...] = (
    Target(_OPTIMIZER, ("__init__",), "Optimizer", "optimizer", leaf=True),
    Target(_OPTIMIZER, ("add_param_group",), "Optimizer", "optimizer", leaf=True),
    Target(_OPTIMIZER, ("load_state_dict",), "Optimizer", "optimizer", leaf=True),
    Target(_OPTIMIZER, ("zero_grad",), "Optimizer", "zero_grad", leaf=True),
    Target(_MODULE, ("zero_grad",), "Module", "zero_grad", leaf=True),
    Target(_MODULE, ("train",), "Module", "mode", leaf=True),
    Target(_MODULE, ("eval",), "Module", "mode"),
    Target(_MODULE, ("requires_grad_", "load_state_dict"), "Module", "touch", leaf=True),
    Target(_MODULE, _MOVES, "Module", "touch", leaf=True),
    Target(_MODULE, ("state_dict",), "Module", leaf=True),
    Target("torch._tensor", ("backward",), "Tensor", "backward"),
    Target("torch.autograd", ("backward",), role="backward"),
    Target("torch.autograd", ("grad",), role="touch"),
    Target(_SCALER, ("scale", "update"), "GradScaler"),
    Target(_SCALER, ("unscale_",), "GradScaler", "unscale"),
    Target(_SCALER, ("step",), "GradScaler", "scaler_step"),
    Target("torch.amp.autocast_mode", ("__enter__", "__exit__"), "autocast"),
    Target("torch.nn.functional", _functional, minor=True),
    Target("torch", _TORCH, minor=True),
    Target("torch.functional", ("einsum",), minor=True),
    Target("torch.nn.init", _initialisers, role="init", leaf=True),
    Target(
        "torch.nn.utils.clip_grad",
        ("clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm"),
        role="touch",
        leaf=True,
    ),
    Target("torch.nn.utils.convert_parameters", ("vector_to_parameters",), role="touch"),
    Target("torch.optim.swa_utils", ("update_parameters",), "AveragedModel", "touch", leaf=True),
    Target("torch.optim.swa_utils", ("update_bn",), role="touch"),
    Target("torch.utils.checkpoint", ("checkpoint",)),
    Target(_LOADER, ("__init__", "__iter__"), "DataLoader", leaf=True),
    Target(_LOADER, ("__next__",), "_BaseDataLoaderIter", "fetch", leaf=True),
    Target("torch.utils.data.distributed", ("set_epoch",), "DistributedSampler"),
    Target("torch.serialization", ("save",), role="save", leaf=True),
    Target("torch.serialization", ("load",), leaf=True),
    Target("torch.random", ("manual_seed", "seed", "set_rng_state"), leaf=True),
    Target("torch.cuda.random", ("manual_seed", "manual_seed_all"), leaf=True),
    Target("torch", ("use_deterministic_algorithms", "set_default_dtype", "compile"), leaf=True),
    Target(_C10D, ("init_process_group", "destroy_process_group", "new_group"), leaf=True),
    Target(_C10D, _COLLECTIVES, role="collective", leaf=True),
    Target(
        "torch.nn.parallel.distributed",
        ("__init__",),
        "DistributedDataParallel",
        "parallel",
        leaf=True,
    ),
    Target("torch.nn.parallel.data_parallel", ("__init__",), "DataParallel", "parallel", leaf=True),
)

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
    module = getattr(function, "__module__", None)
    qualified = getattr(function, "__qualname__", name)
    if module is None or "<locals>" in qualified:
        place = holder.__name__
        if isinstance(holder, type):
            place = f"{holder.__module__}.{holder.__qualname__}"
        return f"{place}.{name}"
    return f"{module}.{qualified}"
