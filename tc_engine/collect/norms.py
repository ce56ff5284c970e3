"""The L2 norm of tensors, to tell a rounding difference from a real one.

A fingerprint says whether two tensors are equal to the last bit; replicas that add up in another
order are not. Norms cost a pass of their own over each tensor, so they are taken on request.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from tc_engine.collect.fingerprint import inner_tensors


def norms(tensors: Sequence[Tensor | None]) -> list[float | None]:
    """Return the norm of each tensor, computed in double precision.

    Of a sharded tensor that of the shard. None for no tensor, for a norm that is not finite, and
    for content that has none or cannot be read. All tensors of a device are computed before the
    first is waited for.
    """
    found: list[float | None] = [None] * len(tensors)
    devices: dict[torch.device, list[tuple[int, Tensor]]] = {}
    for place, tensor in enumerate(tensors):
        norm = None if tensor is None else _norm(tensor)
        if norm is not None and not norm.is_meta:
            devices.setdefault(norm.device, []).append((place, norm))
    for computed in devices.values():
        values = torch.stack([norm for _, norm in computed]).tolist()
        for (place, _), value in zip(computed, values, strict=True):
            found[place] = value if math.isfinite(value) else None
    return found


def _norm(tensor: Tensor) -> Tensor | None:
    try:
        (inner,) = inner_tensors(tensor)  # torch is called below the level where wrappers work
        content = inner.detach()
        if content.is_complex():
            content = torch.view_as_real(content)
        if not content.is_floating_point():
            content = content.to(torch.float64)
        norm: Tensor = torch.linalg.vector_norm(content, dtype=torch.float64)
    except (RuntimeError, NotImplementedError, TypeError, ValueError, AttributeError):
        return None
    return norm
