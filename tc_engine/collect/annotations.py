"""What the program says about itself: its step, its stage, any other annotation.

Imported by `import tc_engine`, so it must stay free of torch and of everything heavy. Outside of a
collection nobody listens and the annotations have no effect.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tc_engine.errors import UsageError


class Annotations:
    """The annotations of this process; `on_change` is called after each one.

    `step` and `stage` are None until the program sets them: from then on they replace what the
    collector finds out by itself. `paused` stops the recording.
    """

    def __init__(self) -> None:
        self.step: int | None = None
        self.stage: str | None = None
        self.meta: dict[str, Any] = {}
        self.paused = False
        self.on_change: Callable[[], None] | None = None

    def set_stage(self, name: str) -> None:
        """Set the stage from here on."""
        self.stage = name
        self.changed()

    def set_step(self, step: int) -> None:
        """Set the step from here on."""
        self.step = step
        self.changed()

    def set_meta(self, key: str, value: Any) -> None:
        """Set a key of `meta` from here on."""
        self.meta[key] = value
        self.changed()

    def set_paused(self, paused: bool) -> None:
        """Stop or resume the recording."""
        self.paused = paused
        self.changed()

    def changed(self) -> None:
        """Tell the listener, if there is one."""
        if self.on_change is not None:
            self.on_change()


ANNOTATIONS = Annotations()


def annotate_stage(name: str) -> None:
    """Say which stage the program is in from here on, such as "training" or "evaluation".

    Replaces the stage that `tc-engine collect` finds by itself; without a collection it does
    nothing. Raises UsageError for a name that is not a string or is empty.
    """
    if not isinstance(name, str) or not name:
        raise UsageError(
            f"annotate_stage got {name!r}", "Give the stage a name, such as 'training'"
        )
    ANNOTATIONS.set_stage(name)


def annotate_step(step: int | None = None) -> None:
    """Say that the training step with this index begins; without an index, the next one.

    Replaces the steps that `tc-engine collect` counts by itself; without a collection it does
    nothing. Raises UsageError for an index that is not an int.
    """
    if step is None:
        ANNOTATIONS.set_step(0 if ANNOTATIONS.step is None else ANNOTATIONS.step + 1)
    elif isinstance(step, int):
        ANNOTATIONS.set_step(int(step))
    else:
        raise UsageError(f"annotate_step got {step!r}", "Give the index of the step as an int")
