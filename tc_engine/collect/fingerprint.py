"""A signed 64-bit number that stands for the whole content of a tensor.

It is 0 exactly when every element is zero (or -0.0, or there is none); otherwise it depends on each
bit and on its place. Only integer arithmetic modulo 2**64 is used, so equal content gives an equal
number on every device, rank and process, whatever the memory layout.

The content is read as signed 64-bit words. A word x is folded to x + (x >> 29), which carries a
change of the top bits down, where a product modulo 2**64 keeps it: a change by a multiple of 2**29
loses exactly 29 factors of two. Then words are multiplied by odd pseudo-random weights of their
place and added up, in rows of `ROW` words, and the sums of the rows once more likewise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils._python_dispatch import is_traceable_wrapper_subclass

ROW = 31 * 1024  # below 32,768 elements torch works in the calling thread and in its cache
ROWS_AT_ONCE = 128  # on an accelerator: bounds the scratch memory to 32 MB
SMALL = 4096  # up to so many words tensors are joined, which saves calls
LAYOUTS = 256
WORD = 8
FOLD = 29
_STRIDED_TYPES = (Tensor, torch.nn.Parameter)
_SIGNLESS = 0x7F7F7F7F7F7F7F7F  # a word without the sign bits of any float type
_NONZERO = 0x5DEECE66D  # stands in for content that is not zero but sums up to zero


class _Content(NamedTuple):
    """A tensor to compute: its place in the answer, its elements and its bytes as words."""

    place: int
    flat: Tensor
    words: Tensor


class _Layout(NamedTuple):
    """How tensors of certain sizes lie when joined: the weights, each first and last place."""

    weights: Tensor
    firsts: Tensor
    lasts: Tensor


class Fingerprints:
    """Computes fingerprints; keeps weights, never anything of a tensor."""

    def __init__(self) -> None:
        self._weights: dict[torch.device, Tensor] = {}
        self._layouts: dict[tuple[torch.device, tuple[int, ...]], _Layout] = {}

    def of(self, tensors: Sequence[Tensor | None]) -> list[int | None]:
        """Return a number per tensor; None for no tensor and for content that is not there.

        Content is not there for a tensor on the meta device, a fake one, a parameter whose storage
        is released while it is sharded, and a type that cannot be read as bits. All tensors of an
        accelerator are computed before the first is waited for.
        """
        found: list[int | None] = [None] * len(tensors)
        devices: dict[torch.device, list[_Content]] = {}
        for index, tensor in enumerate(tensors):
            if tensor is None:
                continue
            content = self._read(index, tensor)
            if isinstance(content, _Content):
                devices.setdefault(content.words.device, []).append(content)
            else:
                found[index] = content
        for contents in devices.values():
            self._compute(contents, found)
        return found

    def _read(self, index: int, tensor: Tensor) -> _Content | int | None:
        """Make a tensor's bytes readable; a number or None if it is settled already."""
        try:
            parts = _parts(tensor)
            if len(parts) != 1:
                return self._of_parts(parts)
            part = parts[0]
            if part.is_meta:
                return None
            if part.numel() == 0:
                return 0
            if part.data_ptr() == 0 and part.untyped_storage().size() == 0:
                return None
            flat = part.contiguous().view(-1)
            return _Content(index, flat, _words(flat))
        except (RuntimeError, NotImplementedError, TypeError, AttributeError):
            return None

    def _of_parts(self, parts: Sequence[Tensor]) -> int | None:
        """Fingerprint a tensor that is made of several; zero if all of them are."""
        values = self.of(parts)
        if not values or any(value is None for value in values):
            return None
        if not any(values):
            return 0
        return int(self._sum(torch.tensor(values, dtype=torch.int64, device="cpu")))

    def _compute(self, contents: Sequence[_Content], found: list[int | None]) -> None:
        """Fill in the numbers of tensors that are on one device."""
        order: list[_Content] = []
        sums: list[Tensor] = []
        firsts: list[Tensor] = []
        for group in _groups(contents):
            order.extend(group)
            if len(group) > 1:
                total, first = self._joined([content.words for content in group])
            else:
                words = group[0].words
                total, first = self._sum(words).view(1), words[:1]
            sums.append(total)
            firsts.append(first)
        numbers = torch.cat(sums).tolist()
        for content, number, first in zip(order, numbers, torch.cat(firsts).tolist(), strict=True):
            # Zeros and -0.0 mixed are the only content that looks unlike zero and is; a first word
            # with more than sign bits rules that out.
            is_zero = not (number and first & _SIGNLESS) and _is_zero(content.flat)
            found[content.place] = 0 if is_zero else number or _NONZERO

    def _joined(self, words: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Return the sums and the first words of small tensors, computed in one go."""
        joined = torch.cat(list(words))
        layout = self._layout(joined.device, tuple(len(part) for part in words))
        running = (joined >> FOLD).add_(joined).mul_(layout.weights).cumsum(0)
        ends = running[layout.lasts]
        return torch.diff(ends, prepend=torch.zeros_like(ends[:1])), joined[layout.firsts]

    def _sum(self, words: Tensor) -> Tensor:
        count = words.numel()
        if count <= ROW:
            return self._row(words)
        whole = count // ROW
        rows = words[: whole * ROW].view(whole, ROW)
        at_once = 1 if words.is_cpu else ROWS_AT_ONCE
        sums = [self._row(part) for part in torch.split(rows, at_once)]
        if whole * ROW < count:
            sums.append(self._row(words[whole * ROW :]).view(1))
        return self._sum(torch.cat(sums))

    def _row(self, words: Tensor) -> Tensor:
        """Fold, weigh and add up along the last axis."""
        weights = self._weights_on(words.device)[: words.shape[-1]]
        return (words >> FOLD).add_(words).mul_(weights).sum(-1)

    def _weights_on(self, device: torch.device) -> Tensor:
        weights = self._weights.get(device)
        if weights is None:
            weights = self._weights[device] = _make_weights(device)
        return weights

    def _layout(self, device: torch.device, sizes: tuple[int, ...]) -> _Layout:
        layout = self._layouts.get((device, sizes))
        if layout is None:
            if len(self._layouts) >= LAYOUTS:
                self._layouts.clear()
            weights = self._weights_on(device)
            ends = torch.tensor(list(accumulate(sizes)), dtype=torch.int64, device="cpu")
            starts = ends - torch.tensor(sizes, dtype=torch.int64, device="cpu")
            layout = self._layouts[device, sizes] = _Layout(
                torch.cat([weights[:size] for size in sizes]),
                starts.to(device),
                (ends - 1).to(device),
            )
        return layout


def _groups(contents: Sequence[_Content]) -> Iterator[list[_Content]]:
    """Put small tensors together as long as they fill a row; a large one stays alone."""
    group: list[_Content] = []
    room = 0
    for content in contents:
        size = len(content.words)
        if size > SMALL:
            yield [content]
            continue
        if size > room:
            if group:
                yield group
            group, room = [], ROW if content.words.is_cpu else ROW * ROWS_AT_ONCE
        group.append(content)
        room -= size
    if group:
        yield group


def inner_tensors(tensor: Tensor) -> list[Tensor]:
    """Return what a wrapper holds, of a sharded tensor the shard; else the tensor itself.

    Raises TypeError for a fake tensor.
    """
    if type(tensor) in _STRIDED_TYPES:
        return [tensor]
    if type(tensor).__name__ == "FakeTensor":
        raise TypeError("a fake tensor has no content")
    if not is_traceable_wrapper_subclass(tensor):
        return [tensor]
    names, _ = tensor.__tensor_flatten__()
    held = [getattr(tensor, name) for name in names]  # a device mesh may be among them
    return [inner for one in held if isinstance(one, Tensor) for inner in inner_tensors(one)]


def _parts(tensor: Tensor) -> list[Tensor]:
    """Take a tensor apart into strided tensors that share its memory and nothing of autograd."""
    return [part for inner in inner_tensors(tensor) for part in _strided(inner)]


def _strided(tensor: Tensor) -> list[Tensor]:
    detached = tensor.detach()
    if detached.layout is torch.strided:
        return [_bits(detached)]
    if detached.layout is torch.sparse_coo:
        values = detached._values()
        if len(values) == 0 or _is_zero(values.reshape(-1)):
            return [values]
        return [detached._indices(), values]
    return [detached.values()]


def _bits(strided: Tensor) -> Tensor:
    """Return the tensor whose memory holds the content."""
    if strided.is_quantized:
        return strided.int_repr()
    if strided.is_conj() or strided.is_neg():
        return strided.resolve_conj().resolve_neg()
    return strided


def _is_zero(flat: Tensor) -> bool:
    """Tell whether all elements of a tensor with one axis are zero."""
    if flat.dtype.itemsize == 1 and flat.dtype.is_floating_point:
        # No reduction exists for the 8-bit floats; all but the sign bit decides.
        flat = flat.view(torch.uint8) & 0x7F
    if not flat.is_cpu:
        return not bool(flat.any())
    # Part by part: the first one nearly always tells.
    return not any(bool(part.any()) for part in torch.split(flat, ROW))


def _words(flat: Tensor) -> Tensor:
    """See the bytes of a contiguous tensor as 64-bit words, the last one filled up with zeros."""
    if flat.dtype.is_complex:
        flat = torch.view_as_real(flat).view(-1)
    size = flat.numel() * flat.element_size()
    aligned = flat.storage_offset() * flat.element_size() % WORD == 0
    if size % WORD == 0 and aligned:
        return flat.view(torch.int64)
    filled = torch.zeros(-(-size // WORD) * WORD, dtype=torch.uint8, device=flat.device)
    filled[:size].copy_(flat.view(torch.uint8))
    return filled.view(torch.int64)


def _make_weights(device: torch.device) -> Tensor:
    """Odd 64-bit weights, the same everywhere: the splitmix64 sequence."""
    z = torch.arange(1, ROW + 1, dtype=torch.int64, device="cpu") * _signed(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        z = (z ^ _shifted(z, shift)) * _signed(factor)
    return ((z ^ _shifted(z, 31)) | 1).to(device)


def _shifted(z: Tensor, bits: int) -> Tensor:
    """Shift right without the sign."""
    return (z >> bits) & ((1 << (64 - bits)) - 1)


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value
