"""Learn what always holds in good training runs, and find what breaks in others."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tc_engine.collect.annotations import annotate_stage, annotate_step

if TYPE_CHECKING:
    from tc_engine.collect.here import Collection, start

__all__ = ["Collection", "annotate_stage", "annotate_step", "start"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Load what needs torch only when it is asked for."""
    if name in ("Collection", "start"):
        return getattr(import_module("tc_engine.collect.here"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
