"""The sums of many tensors in one go, from a copy of their content in one buffer.

To call torch costs more than to add up a tensor of usual size, so it is called for all together.
The buffer is laid out for tensors of certain types and shapes: first the small ones, of which each
word is weighed; then the others, each filled up with zeros to whole chunks. A chunk is laid out as
two grids, and the sums of rows and columns are weighed (see `checksum`). A tensor of some length
has coarse chunks first, and fine ones for the rest of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

import torch
from torch import Tensor

from tc_engine.collect.checksum import (
    COARSE,
    COARSE_CHUNK,
    FINE,
    FOLD,
    PROBED,
    PROBED_FROM,
    READ_FROM,
    SMALL,
    Checksum,
    Grid,
    sums_of_chunks,
)
from tc_engine.collect.content import WORD, is_nonzero, signless, words_of

Kind = tuple[torch.dtype, torch.Size, torch.dtype]
"""Type and shape of a tensor, and the type of its elements, for which words may stand."""


def words_in(kind: Kind) -> int:
    """Return how many words a tensor takes, the last one filled up."""
    return -(-kind[1].numel() * kind[0].itemsize // WORD)


def room_of(size: int) -> int:
    """Return how many words of a buffer a tensor of so many words takes."""
    if size <= SMALL:
        return size
    copied = size % COARSE_CHUNK if size >= READ_FROM else size
    return -(-copied // SMALL) * SMALL


def is_probed(kind: Kind) -> bool:
    """Tell whether a sample of a tensor tells most of it; small ones cost little as they are."""
    return words_in(kind) >= PROBED_FROM


def sample(words: Tensor) -> Tensor:
    """Take the words of a tensor by which it is probed."""
    step = words.numel() // PROBED
    return words[: PROBED * step : step]


class Joined:
    """A buffer for tensors of certain kinds on one device, in the order of their size.

    It computes a sum for each, tells which of them are not zero, and takes samples of those that
    are probed. The coarse chunks of a tensor of some length are read where they are, and only the
    rest of it is copied.
    """

    def __init__(
        self, kinds: Sequence[Kind], device: torch.device, checksum: Checksum, *, on_host: bool
    ) -> None:
        self._on_host = on_host
        sizes = [words_in(kind) for kind in kinds]
        small = sum(size <= SMALL for size in sizes)
        self._copied = sum(size < READ_FROM for size in sizes)
        rooms = [room_of(size) for size in sizes]
        *firsts, room = accumulate(rooms, initial=0)
        self._whole = [size // COARSE_CHUNK for size in sizes[self._copied :]]
        self._words = torch.zeros(room, dtype=torch.int64, device=device)
        self._small = self._words[: sum(rooms[:small])]
        self._fine = self._words[sum(rooms[:small]) :]
        self._places = [
            _view(self._words[first : first + words_in(kind)], kind)
            for first, kind in zip(firsts, kinds[: self._copied], strict=False)
        ]
        self._places += [
            self._words[first : first + size % COARSE_CHUNK]
            for first, size in zip(firsts[self._copied :], sizes[self._copied :], strict=True)
        ]
        self._firsts = _indices(firsts[: self._copied], device)
        self._masks = [signless(elements) for _, _, elements in kinds]
        self._set_samples(sizes, firsts, device)
        self._set_sections(sizes, small, checksum.weights(device))
        if not on_host and self._copied:
            masks = torch.tensor(self._masks[: self._copied], dtype=torch.int64, device="cpu")
            repeats = torch.tensor(rooms[: self._copied], device="cpu")
            self._signless = masks.repeat_interleave(repeats).to(device)
            self._lasts = _indices(accumulate(rooms[: self._copied]), device) - 1

    def _set_samples(
        self, sizes: Sequence[int], firsts: Sequence[int], device: torch.device
    ) -> None:
        self.probed = [i for i, size in enumerate(sizes) if self._on_host and size >= PROBED_FROM]
        numbers = torch.arange(PROBED, device=device)
        copied = [i for i in self.probed if i < self._copied]
        places = [numbers * (sizes[i] // PROBED) + firsts[i] for i in copied]
        self._samples = torch.cat(places) if places else None

    def _set_sections(self, sizes: Sequence[int], small: int, weights: Tensor) -> None:
        """Find the weights of all that is added up, in its order, and whose it is."""
        # Of each tensor the sums of coarse chunks are weighed first, then those of fine ones.
        coarse = [0] * self._copied + self._whole
        fine = [room_of(size) // SMALL for size in sizes]
        spans = [(number, 0, size) for number, size in enumerate(sizes[:small])]
        for kind in range(3):
            for number in range(small, len(sizes)):
                begun = _bounds(coarse[number], COARSE)[-1]
                start, end = _bounds(fine[number], FINE)[kind : kind + 2]
                spans.append((number, begun + start, begun + end))
        for number in range(self._copied, len(sizes)):
            spans += [(number, *pair) for pair in pairwise(_bounds(coarse[number], COARSE))]
        spans += [(len(sizes) + i, 0, PROBED) for i in range(len(self.probed))]
        spans = [span for span in spans if span[1] < span[2]]  # the rest may be nothing
        self._weights = torch.cat([weights[start:end] for _, start, end in spans])
        self._joined, self._folded = (torch.empty_like(self._weights) for _ in range(2))
        lengths = accumulate(end - start for _, start, end in spans)
        self._ends = _indices(lengths, weights.device) - 1
        self._owners = _indices((owner for owner, _, _ in spans), weights.device)
        self._zeros = torch.zeros_like(weights[: len(sizes) + len(self.probed)])

    @property
    def memory(self) -> int:
        """How many words its tensors take."""
        return self._words.numel() + 3 * self._weights.numel()

    def sums(self, tensors: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Return the sums, and behind them those of the samples; and a hint for each tensor.

        The hint is the first word on the host, elsewhere a number that is 0 for content that is.
        """
        read = [words_of(tensor.reshape(-1)) for tensor in tensors[self._copied :]]
        coarse = [
            words[: count * COARSE_CHUNK] for words, count in zip(read, self._whole, strict=True)
        ]
        rests = [words[len(part) :] for words, part in zip(read, coarse, strict=True)]
        torch._foreach_copy_(self._places, [*tensors[: self._copied], *rests])
        pieces = [self._small]
        if self._fine.numel():
            pieces += sums_of_chunks(self._fine, FINE)
        for part in coarse:
            pieces += sums_of_chunks(part, COARSE)
        if self._samples is not None:
            pieces.append(self._words[self._samples])
        if self._on_host:
            pieces += [sample(words) for words in read]
        joined = torch.cat(pieces, out=self._joined)
        folded = torch.bitwise_right_shift(joined, FOLD, out=self._folded).add_(joined)
        running = folded.mul_(self._weights).cumsum_(0)
        sums = self._zeros.index_add(0, self._owners, _sections(running, self._ends))
        return sums, self._hints(read)

    def _hints(self, read: Sequence[Tensor]) -> Tensor:
        if self._on_host:
            return torch.cat([self._words[self._firsts], *(words[:1] for words in read)])
        found = []
        if self._copied:
            copied = self._words[: self._signless.numel()] & self._signless
            found.append(_sections(copied.ne(0).cumsum(0), self._lasts))
        masks = self._masks[self._copied :]
        found += [is_nonzero(words, mask) for words, mask in zip(read, masks, strict=True)]
        return torch.cat(found)


def _bounds(count: int, grids: tuple[Grid, Grid]) -> tuple[int, int, int, int]:
    """Return where, of so many chunks, sums of rows, columns and other columns begin, and end."""
    (rows, columns), (_, others) = grids
    return (
        0,
        rows * count,
        (rows + columns) * count,
        (rows + columns + others) * count,
    )


def _view(words: Tensor, kind: Kind) -> Tensor:
    """See the words as a tensor of a kind; what fills up the last word stays zero."""
    return words.view(kind[0])[: kind[1].numel()].view(kind[1])


def _indices(values: Iterable[int], device: torch.device) -> Tensor:
    return torch.tensor(list(values), dtype=torch.int64, device="cpu").to(device)


def _sections(running: Tensor, ends: Tensor) -> Tensor:
    """Take running sums apart into the sum of each section."""
    found = running[ends]
    return torch.diff(found, prepend=torch.zeros_like(found[:1]))
