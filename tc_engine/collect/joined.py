"""The sums of many tensors in one go, from a copy of their content in one buffer.

To call torch costs more than to add up a tensor of usual size, so it is called for all together.
The buffer is laid out for tensors of certain types and shapes: first the small ones, of which each
word is weighed; then the others, each filled up with zeros to whole chunks. A chunk is laid out as
two grids, and the sums of rows and columns are weighed (see `checksum`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate

import torch
from torch import Tensor

from tc_engine.collect.checksum import FOLD, Checksum
from tc_engine.collect.content import WORD, signless

SMALL = 4096  # words of a tensor of which each is weighed
GRID, OTHER_GRID = (31, 64), (32, 62)
CHUNK = GRID[0] * GRID[1]
SUMS = (0, 31), (31, 31 + 64), (31 + 64, 31 + 64 + 62)  # of a chunk: rows, columns, other columns
PROBED, PROBED_FROM = 64, 1024  # words


Kind = tuple[torch.dtype, torch.Size, torch.dtype]
"""Type and shape of a tensor, and the type of its elements, for which words may stand."""


def words_in(kind: Kind) -> int:
    """Return how many words a tensor takes, the last one filled up."""
    return -(-kind[1].numel() * kind[0].itemsize // WORD)


def room_of(kind: Kind) -> int:
    """Return how many words of a buffer a tensor takes."""
    size = words_in(kind)
    return size if size <= SMALL else -(-size // CHUNK) * CHUNK


def is_probed(kind: Kind) -> bool:
    """Tell whether a sample of a tensor tells most of it; small ones cost little as they are."""
    return words_in(kind) >= PROBED_FROM


class Joined:
    """A buffer for tensors of certain kinds on one device, small ones first.

    It computes a sum for each, tells which of them are not zero, and takes samples of those that
    are probed.
    """

    def __init__(
        self, kinds: Sequence[Kind], device: torch.device, checksum: Checksum, *, on_host: bool
    ) -> None:
        self._on_host = on_host
        rooms = [room_of(kind) for kind in kinds]
        *firsts, end = accumulate(rooms, initial=0)
        small = sum(words_in(kind) <= SMALL for kind in kinds)
        start = firsts[small] if small < len(kinds) else end
        self._words = torch.zeros(end, dtype=torch.int64, device=device)
        self._places = [
            _view(self._words[first : first + words_in(kind)], kind)
            for first, kind in zip(firsts, kinds, strict=True)
        ]
        self._small = self._words[:start]
        self._grids = [self._words[start:].view(-1, *grid) for grid in (GRID, OTHER_GRID)]
        self._counts = small, len(kinds) - small
        probed = [i for i, kind in enumerate(kinds) if self._on_host and is_probed(kind)]
        self.probed = probed
        # What is weighed: small tensors, rows, columns and other columns of the others, samples.
        chunks = [room // CHUNK for room in rooms[small:]]
        spans = [(0, room) for room in rooms[:small]]
        for start, end in SUMS:
            spans += [(start * count, end * count) for count in chunks]
        spans += [(0, PROBED)] * len(probed)
        weights = checksum.weights(device)
        self._weights = torch.cat([weights[start:end] for start, end in spans])
        self._ends = _indices(accumulate(end - start for start, end in spans), device) - 1
        self._firsts = _indices(firsts, device)
        steps = {i: words_in(kinds[i]) // PROBED for i in probed}
        samples = [torch.arange(PROBED, device="cpu") * steps[i] + firsts[i] for i in probed]
        self._samples = torch.cat(samples).to(device) if samples else None
        if not self._on_host:
            masks = [signless(elements) for _, _, elements in kinds]
            repeats = torch.tensor(rooms, device="cpu")
            mask = torch.tensor(masks, dtype=torch.int64, device="cpu")
            self._signless = mask.repeat_interleave(repeats).to(device)
            self._lasts = _indices(accumulate(rooms), device) - 1

    def sums(self, tensors: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Return the sums, and behind them those of the samples; and a hint for each tensor.

        The hint is the first word on the host, elsewhere a number that is 0 for content that is.
        """
        torch._foreach_copy_(self._places, list(tensors))
        small, large = self._counts
        pieces = [self._small] if small else []
        if large:
            grid, other = self._grids
            pieces += [grid.sum(2).view(-1), grid.sum(1).view(-1), other.sum(1).view(-1)]
        if self._samples is not None:
            pieces.append(self._words[self._samples])
        joined = torch.cat(pieces) if len(pieces) > 1 else pieces[0]
        sums = _sections((joined >> FOLD).add_(joined).mul_(self._weights).cumsum(0), self._ends)
        if large:
            behind = small + 3 * large
            of_large = sums[small:behind].view(3, large).sum(0)
            sums = torch.cat([sums[:small], of_large, sums[behind:]])
        return sums, self._hints()

    def _hints(self) -> Tensor:
        if self._on_host:
            return self._words[self._firsts]
        nonzero = (self._words & self._signless).ne(0).cumsum(0)
        return _sections(nonzero, self._lasts)


def _view(words: Tensor, kind: Kind) -> Tensor:
    """See the words as a tensor of a kind; what fills up the last word stays zero."""
    return words.view(kind[0])[: kind[1].numel()].view(kind[1])


def _indices(values: Iterable[int], device: torch.device) -> Tensor:
    return torch.tensor(list(values), dtype=torch.int64, device="cpu").to(device)


def _sections(running: Tensor, ends: Tensor) -> Tensor:
    """Take running sums apart into the sum of each section."""
    found = running[ends]
    return torch.diff(found, prepend=torch.zeros_like(found[:1]))
