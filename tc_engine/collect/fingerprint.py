"""A signed 64-bit number that stands for the whole content of a tensor.

It is 0 exactly when every element is zero (or -0.0, or there is none); otherwise it depends on each
bit and on its place. Only integer arithmetic modulo 2**64 is used, so equal content gives an equal
number on every device, rank and process, whatever the memory layout.

The content is read as 64-bit words. A word x is folded to x ^ (x >> 32), which is invertible and
carries a change of the top bits down; then words are multiplied by odd pseudo-random weights of
their place and added up, in rows of `ROW` words, and the sums of the rows once more likewise.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.utils._python_dispatch import is_traceable_wrapper_subclass

ROW = 31 * 1024  # below 32,768 elements torch works in the calling thread and in its cache
ROWS_AT_ONCE = 128  # on an accelerator: bounds the scratch memory to 32 MB
WORD = 8
_STRIDED_TYPES = (Tensor, torch.nn.Parameter)
_NONZERO = 0x5DEECE66D  # stands in for content that is not zero but sums up to zero


class Fingerprints:
    """Computes fingerprints; keeps the weights of each device, 248 KiB, and nothing else."""

    def __init__(self) -> None:
        self._weights: dict[torch.device, Tensor] = {}

    def of(self, tensors: Sequence[Tensor | None]) -> list[int | None]:
        """Return a number per tensor; None for no tensor and for content that is not there.

        Content is not there for a tensor on the meta device, a fake one, a parameter whose storage
        is released while it is sharded, and a type that cannot be read as bits. All tensors of an
        accelerator are computed before the first is waited for.
        """
        found: list[int | None] = [None] * len(tensors)
        waiting: list[tuple[int, Tensor]] = []
        for index, tensor in enumerate(tensors):
            if tensor is None:
                continue
            value = self._of_one(tensor)
            if isinstance(value, Tensor):
                waiting.append((index, value))
            else:
                found[index] = value
        if waiting:
            self._collect(waiting, found)
        return found

    @staticmethod
    def _collect(waiting: list[tuple[int, Tensor]], found: list[int | None]) -> None:
        by_device: dict[torch.device, list[tuple[int, Tensor]]] = {}
        for index, value in waiting:
            by_device.setdefault(value.device, []).append((index, value))
        for entries in by_device.values():
            values = torch.stack([value for _, value in entries]).tolist()
            for (index, _), number in zip(entries, values, strict=True):
                found[index] = number

    def _of_one(self, tensor: Tensor) -> int | Tensor | None:
        try:
            plain = _plain(tensor)
            if len(plain) == 1:
                return self._of_plain(plain[0])
            return self._of_parts(plain)
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

    def _of_plain(self, tensor: Tensor) -> int | Tensor | None:
        if tensor.is_meta:
            return None
        if tensor.numel() == 0:
            return 0
        if tensor.data_ptr() == 0 and tensor.untyped_storage().size() == 0:
            return None
        flat = tensor.contiguous().view(-1)
        words = _words(flat)
        if flat.device.type == "cpu":
            return self._finish(flat, words)
        total = self._sum(words)
        total = torch.where(total == 0, _NONZERO, total)
        return torch.where(_is_zero(flat), 0, total)

    def _finish(self, flat: Tensor, words: Tensor) -> int:
        number = int(self._sum(words))
        # A first word with more than sign bits (of any float type) is not zero: no need to look on.
        if number and int(words[0]) & 0x7F7F7F7F7F7F7F7F:
            return number
        return 0 if bool(_is_zero(flat)) else number or _NONZERO

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
        folded = words >> 32
        return folded.bitwise_xor_(words).mul_(weights).sum(-1)

    def _weights_on(self, device: torch.device) -> Tensor:
        weights = self._weights.get(device)
        if weights is None:
            weights = self._weights[device] = _make_weights(device)
        return weights


def _plain(tensor: Tensor) -> list[Tensor]:
    """Take a tensor apart into strided tensors that share its memory and nothing of autograd."""
    if type(tensor) not in _STRIDED_TYPES and is_traceable_wrapper_subclass(tensor):
        names, _ = tensor.__tensor_flatten__()
        return [part for name in names for part in _plain(getattr(tensor, name))]
    detached = tensor.detach()
    if detached.layout is torch.strided:
        return [_bits(detached)]
    if detached.layout is torch.sparse_coo:
        values = detached._values()
        return [detached._indices() * _any_of(values), values] if len(values) else [values]
    return [detached.values()]


def _bits(strided: Tensor) -> Tensor:
    """Return the tensor whose memory holds the content."""
    if strided.is_quantized:
        return strided.int_repr()
    if strided.is_conj() or strided.is_neg():
        return strided.resolve_conj().resolve_neg()
    return strided


def _any_of(values: Tensor) -> Tensor:
    """1 if there is anything but zeros, so that a sparse tensor of zeros counts as zero."""
    return (~_is_zero(values.reshape(-1))).to(torch.int64)


def _is_zero(flat: Tensor) -> Tensor:
    """Tell whether all elements of a tensor with one axis are zero."""
    if flat.dtype.itemsize == 1 and flat.dtype.is_floating_point:
        # No reduction exists for the 8-bit floats; all but the sign bit decides.
        flat = flat.view(torch.uint8) & 0x7F
    if not flat.is_cpu:
        return ~flat.any()
    parts = torch.split(flat, ROW)  # the first part nearly always tells
    return torch.tensor(not any(bool(part.any()) for part in parts), device="cpu")


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
