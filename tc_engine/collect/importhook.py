"""Run code right after a module was imported, before anyone can copy names out of it.

A finder placed first on `sys.meta_path` looks only at names that somebody asked for (one set
look-up for all others), lets the ordinary finders do their work and wraps the loader for the time
of the import; afterwards the module shows its own loader again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


class ImportHook(MetaPathFinder):
    """The finder: callbacks by module name, and stand-ins for modules that nobody else has.

    `fallbacks` maps a module name to a function that fills the empty module. `around` gives the
    context in which a module of the package `torch` is executed.
    """

    def __init__(self, fallbacks: Mapping[str, Callable[[ModuleType], None]]) -> None:
        self._callbacks: dict[str, Callable[[], None]] = {}
        self._fallbacks = fallbacks
        self.around: Callable[[], AbstractContextManager[Any]] | None = None

    def install(self) -> None:
        """Put the finder first."""
        sys.meta_path.insert(0, self)

    def after(self, name: str, callback: Callable[[], None]) -> None:
        """Call `callback` once after the module `name` was executed; now, if that is past."""
        if name in sys.modules:
            callback()
        else:
            self._callbacks[name] = callback

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find the module as the other finders do, and wrap its loader where asked for."""
        quiet = self.around is not None and fullname.startswith("torch.")
        if not (quiet or fullname in self._callbacks or fullname in self._fallbacks):
            return None
        spec = self._ordinary(fullname, path, target)
        if spec is None:
            fill = self._fallbacks.get(fullname)
            return ModuleSpec(fullname, _StandIn(fill), is_package=True) if fill else None
        if spec.loader is not None and hasattr(spec.loader, "exec_module"):
            callback = self._callbacks.pop(fullname, None)
            around = self.around if quiet and self.around else nullcontext
            spec.loader = _Hooked(spec.loader, callback, around)
        return spec

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
        callback: Callable[[], None] | None,
        around: Callable[[], AbstractContextManager[Any]],
    ) -> None:
        self._loader = loader
        self._callback = callback
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
        if self._callback is not None:
            self._callback()


class _StandIn(Loader):
    """The loader of a module that exists only during collection."""

    def __init__(self, fill: Callable[[ModuleType], None]) -> None:
        self._fill = fill

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        self._fill(module)
