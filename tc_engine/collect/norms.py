"""The L2 norm of tensors, to tell a rounding difference from a real one.

A fingerprint says whether two tensors are equal to the last bit; replicas that add up in another
order are not. Norms cost a pass of their own over each tensor, so they are taken on request.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from tc_engine.collect.content import inner_tensors
from tc_engine.collect.pending import Pending


def norms(tensors: Sequence[Tensor | None], pending: Pending) -> list[float | None]:
    """Begin to compute the norm of each tensor, in double precision.

    The list is complete after `pending.wait()`. Of a sharded tensor it is that of the shard. None
    for no tensor, for a norm that is not finite, and for content that has none or cannot be read.
    """
    found: list[float | None] = [None] * len(tensors)
    devices: dict[torch.device, list[tuple[int, Tensor]]] = {}
    for index, tensor in enumerate(tensors):
        norm = None if tensor is None else _norm(tensor)
        if norm is not None and not norm.is_meta:
            devices.setdefault(norm.device, []).append((index, norm))
    for pairs in devices.values():
        places = [index for index, _ in pairs]
        pending.add([norm for _, norm in pairs], partial(_fill_in, found, places))
    return found


def _fill_in(found: list[float | None], places: list[int], values: list[float]) -> None:
    for place, value in zip(places, values, strict=True):
        found[place] = value if math.isfinite(value) else None


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
