"""A text of tokens made from a seed: the next token follows from the last one, most of the time."""

from __future__ import annotations

import torch
from torch import Tensor

TOKENS = 500


def make_text(length: int, seed: int) -> Tensor:
    """Return tokens, each of which follows its predecessor's rule or, one time in five, no rule."""
    generator = torch.Generator().manual_seed(seed)
    follows = torch.randperm(TOKENS, generator=generator).tolist()
    surprises = (torch.rand(length, generator=generator) < 0.2).tolist()
    other = torch.randint(TOKENS, (length,), generator=generator).tolist()
    tokens = [0]
    for surprise, token in zip(surprises, other, strict=True):
        tokens.append(token if surprise else follows[tokens[-1]])
    return torch.tensor(tokens[1:])
