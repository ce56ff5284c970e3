"""Pictures made from a seed: each class has a pattern, and each picture noise of its own."""

from __future__ import annotations

import torch
from torch.utils.data import TensorDataset

CLASSES = 10


def make_pictures(count: int, channels: int, side: int, seed: int) -> TensorDataset:
    """Return pictures around zero with their labels; the patterns are the same for every seed."""
    patterns = torch.randn(
        CLASSES, channels, side, side, generator=torch.Generator().manual_seed(0)
    )
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(CLASSES, (count,), generator=generator)
    noise = torch.randn(count, channels, side, side, generator=generator)
    return TensorDataset(0.5 * patterns[labels] + noise, labels)
