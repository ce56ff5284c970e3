"""Numbers that a device computes: asked for now, waited for later and by another thread.

On an accelerator they are copied to the host without stopping the thread that asks, which would
hold up the training; the writer waits for them. On the CPU they are there at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

Fill = Callable[[list[Any]], None]


class Pending:
    """Answers that come from several devices: `add` what is on its way, then `wait`."""

    def __init__(self) -> None:
        self._coming: list[tuple[Tensor, torch.Event, Fill]] = []

    @property
    def is_there(self) -> bool:
        """Whether nothing is on its way."""
        return not self._coming

    def add(self, numbers: Sequence[Tensor], fill: Fill) -> None:
        """Fetch tensors of one device and one dtype, one after the other; give `fill` the list."""
        joined = torch.cat([number.reshape(-1) for number in numbers])
        if joined.is_cpu:
            fill(joined.tolist())
            return
        host = torch.empty(joined.shape, dtype=joined.dtype, device="cpu", pin_memory=True)
        host.copy_(joined, non_blocking=True)
        event = torch.Event(joined.device)
        event.record()
        self._coming.append((host, event, fill))

    def wait(self) -> None:
        """Wait until every `fill` was called; raises RuntimeError where a device failed."""
        for host, event, fill in self._coming:
            event.synchronize()
            fill(host.tolist())
        self._coming.clear()
