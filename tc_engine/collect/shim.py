"""Let a script written for TrainCheck run unchanged during collection, without TrainCheck.

The names that such scripts import exist as small modules that drive our own annotations. Where
TrainCheck is really installed its modules are found first and nothing here is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from tc_engine.collect.annotations import ANNOTATIONS, annotate_stage


class MetaVars(dict[str, Any]):
    """TrainCheck's dictionary of annotations: `step` and `stage` are ours, the rest is `meta`."""

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        if key == "step" and isinstance(value, int):
            ANNOTATIONS.set_step(value)
        elif key == "stage" and isinstance(value, str):
            ANNOTATIONS.set_stage(value)
        else:
            ANNOTATIONS.set_meta(key, value)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Set several keys, each as if by assignment."""
        for key, value in dict(*args, **kwargs).items():
            self[key] = value


class _TracerModule(ModuleType):
    """A module whose assigned flag `DISABLE_WRAPPER` stops and resumes the recording."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "DISABLE_WRAPPER":
            ANNOTATIONS.set_paused(bool(value))


META_VARS = MetaVars(step=0)


def _fill_package(module: ModuleType) -> None:
    module.annotate_stage = annotate_stage  # type: ignore[attr-defined]
    module.annotate_answer_start_token_ids = lambda *_args, **_kwargs: None  # type: ignore[attr-defined]


def _fill_instrumentor(module: ModuleType) -> None:
    module.META_VARS = module.meta_vars = META_VARS  # type: ignore[attr-defined]
    module.annotate_stage = annotate_stage  # type: ignore[attr-defined]


def _fill_tracer(module: ModuleType) -> None:
    module.__class__ = _TracerModule
    module.DISABLE_WRAPPER = False  # type: ignore[attr-defined]


MODULES: Mapping[str, Callable[[ModuleType], None]] = {
    "traincheck": _fill_package,
    "traincheck.instrumentor": _fill_instrumentor,
    "traincheck.instrumentor.tracer": _fill_tracer,
}
