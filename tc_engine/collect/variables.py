"""The parameters and buffers of the program's models: which there are and what they are called.

Models are found by themselves: a module that is called while no other is, the module behind a
parallel wrapper, and the module in sight that owns what an optimizer is given. A variable is a slot
(a module and a key in it), so it stays the same when another tensor is put there. No tensor and no
module is kept alive.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from functools import partial
from typing import Any

from torch import Tensor
from torch.nn import DataParallel, Module, Parameter
from torch.nn.parallel import DistributedDataParallel
from torch.nn.parameter import is_lazy
from torch.optim import Optimizer

from tc_engine.collect import naming
from tc_engine.collect.events import Thread
from tc_engine.collect.values import type_name

PARAMETER, BUFFER = "torch.nn.Parameter", "torch.Tensor"


Mark = tuple[int | None, int | None]
Place = tuple[int, int]  # group of an optimizer and number in it


class Variable:
    """One slot and what is known of it.

    The program's threads keep how it was at the last look: `data_key` and `grad_key`, cheap
    evidence (identity, version, address) of its content, `data_mark` and `grad_mark`, what was
    computed of it (fingerprint and probe), `facts`, its other attributes, and whether an optimizer
    holds it. The writer keeps what it last heard: the fingerprints `data` and `grad`, their norms
    if these are wanted, and `row`, what it last wrote. `users` are the threads that have used its
    model.
    """

    __slots__ = (
        "_kind",
        "data",
        "data_key",
        "data_mark",
        "data_norm",
        "facts",
        "grad",
        "grad_key",
        "grad_mark",
        "grad_norm",
        "is_buffer",
        "is_held",
        "is_readable",
        "key",
        "name",
        "owner",
        "row",
        "users",
    )

    def __init__(
        self,
        name: str,
        owner: weakref.ref[Any],
        key: str | Place,
        is_buffer: bool,
        users: set[Thread],
    ) -> None:
        self.users = users
        self.is_readable = True
        self.is_held = False
        self.name = name
        self.owner = owner
        self.key = key
        self.is_buffer = is_buffer
        self._kind = "_buffers" if is_buffer else "_parameters"
        self.forget()

    def forget(self) -> None:
        """Know nothing of the content."""
        self.data_key: int | None = None
        self.grad_key: int | None = None
        self.data_mark: Mark = (None, None)
        self.grad_mark: Mark = (None, None)
        self.data: int | None = None
        self.grad: int | None = None
        self.data_norm: float | None = None
        self.grad_norm: float | None = None
        self.facts: str | None = None
        self.row: tuple[object, ...] | None = None

    @property
    def type(self) -> str:
        """Type name of the variable in the trace."""
        return BUFFER if self.is_buffer else PARAMETER

    def tensor(self) -> Tensor | None:
        """Return the tensor that is in the slot now, if it has content."""
        owner = self.owner()
        if owner is None or not self.is_readable:
            return None
        key = self.key
        if type(key) is str:
            slots = owner.__dict__.get(self._kind)
            found = (slots if type(slots) is dict else _slots(owner, self.is_buffer)).get(key)
        else:
            found = _at(owner, key)
        if type(found) is Parameter:
            return found
        if found is None or not issubclass(type(found), Tensor) or is_lazy(found):
            return None
        return found


class Variables:
    """All variables of this process, in the order in which they were found."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.held: set[int] = set()  # ids of the tensors that an optimizer holds
        self._roots: dict[str, weakref.ref[Module]] = {}
        self._optimizers: list[weakref.ref[Optimizer]] = []
        self._slots: dict[tuple[int, str | None], Variable] = {}
        self._all: list[Variable] = []
        self._held_ids: tuple[int, ...] = ()
        self._users: dict[int, set[Thread]] = {}  # by id of the model or optimizer
        self._stepped: set[tuple[int, int]] = set()
        self.stale = False

    def forget(self) -> None:
        """Take every variable as never looked at, as a forked child does."""
        for variable in self._all:
            variable.forget()

    @property
    def has_optimizer(self) -> bool:
        """Whether the program has made an optimizer."""
        return bool(self._optimizers)

    def all(self) -> list[Variable]:
        """Return the variables, after a look at what was added since."""
        if self.stale:
            self.stale = False
            self._refresh()
        return self._all

    def is_root(self, module: Module) -> bool:
        """Tell whether a module is known as a model of its own."""
        return any(reference() is module for reference in self._roots.values())

    def add_root(self, module: Module, name: str | None = None) -> None:
        """Take up a model with all its parts; a part of a known model changes nothing."""
        if self.is_root(module) or not _has_slots(module):
            return
        if name is None:
            name = naming.name_of(module) or type(module).__name__
        self._roots[self._free(name)] = weakref.ref(module)
        self.stale = True

    def used(self, root: Module, thread: Thread) -> None:
        """Note that a thread calls a model."""
        self._users.setdefault(id(root), set()).add(thread)

    def stepped(self, optimizer: Optimizer, thread: Thread) -> None:
        """Note that a thread updates what an optimizer holds."""
        key = id(optimizer), thread.number
        if key in self._stepped:
            return
        held = {id(tensor) for tensor in _held_by(optimizer)}
        for variable in self.all():
            if id(variable.tensor()) in held:
                variable.users.add(thread)
        self._stepped.add(key)

    def add_optimizer(self, optimizer: Optimizer) -> None:
        """Take up an optimizer, and the models in sight that own its parameters."""
        if not any(reference() is optimizer for reference in self._optimizers):
            self._optimizers.append(weakref.ref(optimizer))
        self.stale = True
        missing = {id(tensor) for tensor in _held_by(optimizer)}
        for root in self._living_roots().values():
            missing -= {id(tensor) for tensor in _tensors(root)}
        while missing:
            found = naming.find(partial(_owns_any, tensors=frozenset(missing)))
            if found is None:
                break
            self.add_root(unwrap(found[1]), found[0])
            missing -= {id(tensor) for tensor in _tensors(found[1])}

    def know_optimizer(self, optimizer: Optimizer) -> None:
        """Take up an optimizer that was made before the collection began."""
        if not any(reference() is optimizer for reference in self._optimizers):
            self.add_optimizer(optimizer)

    def look_at_optimizers(self) -> None:
        """Notice parameters that were put into or taken out of an optimizer."""
        ids = tuple(id(tensor) for tensor in self._held())
        if ids != self._held_ids:
            self._held_ids = ids
            self.held = set(ids)
            self.stale = True

    def matching(self, tensors: list[Tensor]) -> list[Variable]:
        """Return the variables whose data or gradient shares memory with a given tensor."""
        wanted = [span for span in map(_span, tensors) if span is not None]
        found = []
        for variable in self.all():
            tensor = variable.tensor()
            if tensor is not None and (
                _meets(_span(tensor), wanted)
                or (tensor.grad is not None and _meets(_span(tensor.grad), wanted))
            ):
                found.append(variable)
        return found

    def _living_roots(self) -> dict[str, Module]:
        found = {name: reference() for name, reference in self._roots.items()}
        return {name: root for name, root in found.items() if root is not None}

    def _living_optimizers(self) -> Iterator[Optimizer]:
        return (one for reference in self._optimizers if (one := reference()) is not None)

    def _free(self, name: str) -> str:
        """Find a name for a new model; that of one which is gone is free again."""
        candidate, count = name, 1
        while candidate in self._roots and self._roots[candidate]() is not None:
            count += 1
            candidate = f"{name}#{count}"
        return candidate

    def _held(self) -> Iterator[Tensor]:
        for optimizer in self._living_optimizers():
            yield from _held_by(optimizer)

    def _refresh(self) -> None:
        """Walk through all models once more; a slot that is known stays the same variable."""
        slots: dict[tuple[int, str | None], Variable] = {}
        tensors: set[int] = set()
        for name, root in self._living_roots().items():
            self._walk(root, name, slots, tensors)
        for number, reference in enumerate(self._optimizers):
            optimizer = reference()
            if optimizer is not None:
                self._add_orphans(optimizer, number, slots, tensors)
        self._stepped.clear()
        alive = {id(one) for one in (*self._living_roots().values(), *self._living_optimizers())}
        self._users = {key: users for key, users in self._users.items() if key in alive}
        self._slots = slots
        self._all = list(slots.values())
        self.names.update(variable.name for variable in self._all)
        self._held_ids = tuple(id(tensor) for tensor in self._held())
        self.held = set(self._held_ids)
        for variable in self._all:
            if variable.is_held != (id(variable.tensor()) in self.held):
                variable.data_key = None  # to be looked at, though nothing else tells

    def _walk(
        self,
        root: Module,
        name: str,
        slots: dict[tuple[int, str | None], Variable],
        tensors: set[int],
    ) -> None:
        users = self._users.setdefault(id(root), set())
        for path, module in _modules(root, name):
            for is_buffer in (False, True):
                for key, tensor in _slots(module, is_buffer).items():
                    slot = (id(module), key)
                    # A tensor that is in two places (tied weights) keeps the first name.
                    if slot in slots or tensor is None or id(tensor) in tensors:
                        continue
                    tensors.add(id(tensor))
                    known = self._slots.get(slot)
                    if known is None or known.owner() is not module:
                        known = Variable(
                            f"{path}.{key}", weakref.ref(module), key, is_buffer, users
                        )
                    slots[slot] = known

    def _add_orphans(
        self,
        optimizer: Optimizer,
        number: int,
        slots: dict[tuple[int, str | None], Variable],
        tensors: set[int],
    ) -> None:
        """Take up tensors that an optimizer holds and no model in sight does."""
        users = self._users.setdefault(id(optimizer), set())
        for index, (place, tensor) in enumerate(_places(optimizer)):
            if id(tensor) in tensors:
                continue
            tensors.add(id(tensor))
            slot = (id(tensor), None)
            known = self._slots.get(slot)
            if known is None or known.tensor() is not tensor:
                fallback = f"{type(optimizer).__name__}#{number + 1}.params.{index}"
                name = naming.name_of(tensor) or fallback
                # By its place: a tensor that is referenced weakly cannot be swapped with another.
                known = Variable(name, weakref.ref(optimizer), place, False, users)
            slots[slot] = known


def unwrap(module: Module) -> Module:
    """Return the model inside a parallel or compiling wrapper."""
    while True:
        inner = None
        inside = module.__dict__.get("_modules", {})
        if issubclass(type(module), DataParallel | DistributedDataParallel):
            inner = inside.get("module")
        elif type_name(type(module)) == "torch._dynamo.eval_frame.OptimizedModule":
            inner = inside.get("_orig_mod")
        if inner is None:
            return module
        module = inner


def _modules(root: Module, name: str) -> Iterator[tuple[str, Module]]:
    seen: set[int] = set()
    pending = [(name, root)]
    while pending:
        path, module = pending.pop()
        if id(module) in seen:
            continue
        seen.add(id(module))
        yield path, module
        children = [
            (f"{path}.{key}", child)
            for key, child in module.__dict__.get("_modules", {}).items()
            if child is not None
        ]
        pending.extend(reversed(children))


def _slots(module: Module, is_buffer: bool) -> dict[str, Tensor | None]:
    # TorchScript has nothing here, or something that is only like a dictionary.
    slots = module.__dict__.get("_buffers" if is_buffer else "_parameters", {})
    return slots if isinstance(slots, dict) else dict(slots.items())


def _tensors(root: Module) -> Iterator[Tensor]:
    for _, module in _modules(root, ""):
        for is_buffer in (False, True):
            yield from (t for t in _slots(module, is_buffer).values() if t is not None)


def _has_slots(root: Module) -> bool:
    return next(_tensors(root), None) is not None


def _owns_any(value: Any, tensors: frozenset[int]) -> bool:
    if not issubclass(type(value), Module) or "_modules" not in value.__dict__:
        return False
    return any(id(tensor) in tensors for tensor in _tensors(value))


def _held_by(optimizer: Optimizer) -> Iterator[Tensor]:
    return (tensor for _, tensor in _places(optimizer))


def _places(optimizer: Optimizer) -> Iterator[tuple[Place, Tensor]]:
    for number, group in enumerate(optimizer.__dict__.get("param_groups", ())):
        for index, tensor in enumerate(group["params"]):
            if issubclass(type(tensor), Tensor):
                yield (number, index), tensor


def _at(optimizer: Optimizer, place: Any) -> Any:
    try:
        return optimizer.__dict__["param_groups"][place[0]]["params"][place[1]]
    except (LookupError, TypeError):
        return None


def _span(tensor: Tensor) -> tuple[int, int] | None:
    """Return the addresses of the first byte of a tensor and of the one after its last."""
    try:
        start = tensor.data_ptr()
        reach = sum((n - 1) * step for n, step in zip(tensor.shape, tensor.stride(), strict=True))
        return (start, start + (reach + 1) * tensor.element_size()) if start else None
    except Exception:  # sharded, sparse and fake ones have no address
        return (id(tensor), id(tensor) + 1)


def _meets(span: tuple[int, int] | None, others: list[tuple[int, int]]) -> bool:
    return span is not None and any(span[0] < end and start < span[1] for start, end in others)
