"""Learn what always holds in good training runs, and find what breaks in others."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tc_engine.collect.annotations import annotate_stage, annotate_step

if TYPE_CHECKING:
    from tc_engine.api import Checked, Inferred, check, infer
    from tc_engine.collect.here import Collection, start
    from tc_engine.errors import TcEngineError

__all__ = [
    "Checked",
    "Collection",
    "Inferred",
    "TcEngineError",
    "annotate_stage",
    "annotate_step",
    "check",
    "infer",
    "start",
]
__version__ = "0.1.0"

# Loaded when it is asked for: a training job imports this package for its annotations alone.
_HOMES = {
    **dict.fromkeys(("Collection", "start"), "tc_engine.collect.here"),
    **dict.fromkeys(("Checked", "Inferred", "check", "infer"), "tc_engine.api"),
    "TcEngineError": "tc_engine.errors",
}


def __getattr__(name: str) -> Any:
    """Load what needs the engine, or torch, only when it is asked for."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List what can be asked for, loaded or not: editors and notebooks complete it."""
    return sorted({*globals(), *__all__})
