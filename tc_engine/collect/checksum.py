"""A number for many 64-bit words, of which each bit counts, and its place.

Only sums and products modulo 2**64 are used, in any order, so equal words give an equal number on
every device.

Few words are weighed: a word x is folded to x + (x >> 29), which carries a change of the top bits
down, where a product modulo 2**64 keeps it (a change by a multiple of 2**29 loses exactly 29
factors of two), multiplied by the odd pseudo-random weight of its place, and added up.

Many words are cut into chunks first: coarse ones where there are very many, fine ones for the rest,
the last of which is filled up with zeros. A chunk is laid out as a grid, of which the rows and the
columns are added up, and as another one, of which the columns are. Those sums, one for some 28
words, are then treated as words themselves: first those of the coarse chunks, then those of the
fine ones, and of either all rows, all columns, all other columns. Adding up is several times as
fast as weighing, and loses nothing that happens: no two places share a row and a column, four
places that form a rectangle in one grid do not in the other, and since the number of rows is odd, a
change of the top bit of all words remains.

More words than there are weights are weighed in blocks of as many, and then the sums of the blocks.
"""

from __future__ import annotations

import torch
from torch import Tensor

Grid = tuple[int, int]

COARSE: tuple[Grid, Grid] = (61, 480), (60, 488)
FINE: tuple[Grid, Grid] = (31, 64), (32, 62)
"""Rows and columns of the two grids of a chunk.

Columns are quick to add up, and have no factor in common but 8 or 2, so that their least common
multiple is the size of the chunk.
"""

COARSE_CHUNK = COARSE[0][0] * COARSE[0][1]
SMALL = FINE[0][0] * FINE[0][1]  # words of which each is weighed; as many make a fine chunk
READ_FROM = 48 * 1024  # words from which on there are coarse chunks
WEIGHTS = 31 * 1024
AT_ONCE = 2 * COARSE_CHUNK  # words: what a cache holds
PROBED, PROBED_FROM = 64, 1024  # words of a sample, and of what samples are taken
FOLD = 29


class Checksum:
    """Computes the numbers on any device; keeps its weights."""

    def __init__(self) -> None:
        self._weights: dict[torch.device, Tensor] = {}

    def of(self, words: Tensor) -> Tensor:
        """Return the number of a tensor of words, as a tensor without axes."""
        size = words.numel()
        if size <= SMALL:
            return self.weigh(words)
        coarse = size // COARSE_CHUNK * COARSE_CHUNK if size >= READ_FROM else 0
        sums: list[Tensor] = []
        if coarse:
            sums += _sums(words[:coarse], COARSE)
        if coarse < size:
            filled = torch.constant_pad_nd(words[coarse:], (0, (coarse - size) % SMALL))
            sums += _sums(filled, FINE)
        return self._weigh_all(torch.cat(sums))

    def _weigh_all(self, words: Tensor) -> Tensor:
        """Weigh any number of words."""
        if words.numel() <= WEIGHTS:
            return self.weigh(words)
        filled = torch.constant_pad_nd(words, (0, -words.numel() % WEIGHTS))
        return self._weigh_all(self.weigh(filled.view(-1, WEIGHTS)))

    def weigh(self, words: Tensor) -> Tensor:
        """Fold, weigh and add up at most `WEIGHTS` words along the last axis."""
        weights = self.weights(words.device)[: words.shape[-1]]
        return (words >> FOLD).add_(words).mul_(weights).sum(-1)

    def weights(self, device: torch.device) -> Tensor:
        """Return the weights as they are on a device."""
        weights = self._weights.get(device)
        if weights is None:
            weights = self._weights[device] = _make_weights(device)
        return weights


def sums_of_chunks(words: Tensor, grids: tuple[Grid, Grid]) -> list[Tensor]:
    """Return the sums of rows, columns and other columns of whole chunks."""
    grid, other = (words.view(-1, *shape) for shape in grids)
    return [grid.sum(2).view(-1), grid.sum(1).view(-1), other.sum(1).view(-1)]


def _sums(words: Tensor, grids: tuple[Grid, Grid]) -> list[Tensor]:
    """Return the same of any number of chunks; the host has what it reads in its cache."""
    batches = torch.split(words, AT_ONCE) if words.is_cpu else (words,)
    kinds = zip(*(sums_of_chunks(batch, grids) for batch in batches), strict=True)
    return [torch.cat(kind) for kind in kinds]


def _make_weights(device: torch.device) -> Tensor:
    """Odd 64-bit weights, the same everywhere: the splitmix64 sequence."""
    z = torch.arange(1, WEIGHTS + 1, dtype=torch.int64, device="cpu") * _signed(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        z = (z ^ _shifted(z, shift)) * _signed(factor)
    return ((z ^ _shifted(z, 31)) | 1).to(device)


def _shifted(z: Tensor, bits: int) -> Tensor:
    """Shift right without the sign."""
    return (z >> bits) & ((1 << (64 - bits)) - 1)


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value
