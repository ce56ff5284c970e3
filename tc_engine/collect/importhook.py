"""Run code right after a module was imported, before anyone can copy names out of it.

A finder placed first on `sys.meta_path` looks only at names that somebody asked for (one set
look-up for all others), lets the ordinary finders do their work and wraps the loader for the time
of the import; afterwards the module shows its own loader again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


class ImportHook(MetaPathFinder):
    """The finder: callbacks by module name, and stand-ins for modules that nobody else has.

    `fallbacks` maps a module name to a function that fills the empty module. `around` gives the
    context in which a module of the package `torch` is executed. `beginnings` are those of names
    that are looked for in any module; `inside` is called with the name of each module, once it was
    executed, that such a name can be in.
    """

    def __init__(
        self,
        fallbacks: Mapping[str, Callable[[ModuleType], None]],
        beginnings: Sequence[str] = (),
    ) -> None:
        self._beginnings = beginnings
        self.inside: Callable[[str], None] | None = None
        self._callbacks: dict[str, Callable[[], None]] = {}
        self._fallbacks = fallbacks
        self.around: Callable[[], AbstractContextManager[Any]] | None = None

    def install(self) -> None:
        """Put the finder first."""
        sys.meta_path.insert(0, self)

    def remove(self) -> None:
        """Take the finder away again."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def after(self, name: str, callback: Callable[[], None]) -> None:
        """Call `callback` once after the module `name` was executed; now, if that is past."""
        if name in sys.modules:
            callback()
        else:
            self._callbacks[name] = callback

    def may_hold(self, module: str) -> bool:
        """Tell whether one of the names that are looked for can be in a module."""
        inside = f"{module}."
        return any(inside.startswith(one) or one.startswith(inside) for one in self._beginnings)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find the module as the other finders do, and wrap its loader where asked for."""
        quiet = self.around is not None and fullname.startswith("torch.")
        known = fullname in self._callbacks or fullname in self._fallbacks
        looked_into = self.may_hold(fullname)
        if not (quiet or known or looked_into):
            return None
        spec = self._ordinary(fullname, path, target)
        if spec is None:
            fill = self._fallbacks.get(fullname)
            return ModuleSpec(fullname, _StandIn(fill), is_package=True) if fill else None
        if spec.loader is not None and hasattr(spec.loader, "exec_module"):
            callbacks = [self._callbacks.pop(fullname, None)]
            callbacks += [partial(self._look_inside, fullname)] if looked_into else []
            around = self.around if quiet and self.around else nullcontext
            spec.loader = _Hooked(spec.loader, [one for one in callbacks if one], around)
        return spec

    def _look_inside(self, fullname: str) -> None:
        # The import of torch may have come from inside of this module: now there is a listener.
        if self.inside is not None:
            self.inside(fullname)

    def _ordinary(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        for finder in list(sys.meta_path):
            find = getattr(finder, "find_spec", None)
            if finder is self or find is None:
                continue
            spec: ModuleSpec | None = find(fullname, path, target)
            if spec is not None:
                return spec
        return None


class _Hooked(Loader):
    """A loader that calls back after the module was executed."""

    def __init__(
        self,
        loader: Loader,
        callbacks: Sequence[Callable[[], None]],
        around: Callable[[], AbstractContextManager[Any]],
    ) -> None:
        self._loader = loader
        self._callbacks = callbacks
        self._around = around

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        with self._around():
            self._loader.exec_module(module)
        for callback in self._callbacks:
            callback()


class _StandIn(Loader):
    """The loader of a module that exists only during collection."""

    def __init__(self, fill: Callable[[ModuleType], None]) -> None:
        self._fill = fill

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        self._fill(module)
