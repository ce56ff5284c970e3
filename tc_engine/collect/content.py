"""The content of a tensor as strided tensors, as 64-bit words, and whether it is zero.

Whatever its type and layout is, it is read below the level where the program's modes and
subclasses work, shares the tensor's memory and leaves no trace in it.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor
from torch.utils._python_dispatch import is_traceable_wrapper_subclass

WORD = 8
PART = 31 * 1024  # elements: below 32,768 torch works in the calling thread and in its cache
STRIDED_TYPES = (Tensor, torch.nn.Parameter)


@lru_cache
def signless(dtype: torch.dtype) -> int:
    """Return a word with the bits that are set in no element of this type that is zero."""
    if not (dtype.is_floating_point or dtype.is_complex):
        return -1
    width = dtype.itemsize // (2 if dtype.is_complex else 1)
    element = (1 << (8 * width - 1)) - 1
    return sum(element << (8 * width * place) for place in range(WORD // width))


REAL_TYPES = {
    dtype: signless(dtype)
    for dtype in (
        *(torch.float64, torch.float32, torch.float16, torch.bfloat16),
        *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8),
    )
}
"""Types whose tensors can be copied as they are, each with what `signless` says of it."""


def inner_tensors(tensor: Tensor) -> list[Tensor]:
    """Return what a wrapper holds, of a sharded tensor the shard; else the tensor itself.

    Raises TypeError for a fake tensor.
    """
    if type(tensor) in STRIDED_TYPES:
        return [tensor]
    if type(tensor).__name__ == "FakeTensor":
        raise TypeError("a fake tensor has no content")
    if not is_traceable_wrapper_subclass(tensor):
        return [tensor]
    names, _ = tensor.__tensor_flatten__()
    held = [getattr(tensor, name) for name in names]  # a device mesh may be among them
    return [inner for one in held if isinstance(one, Tensor) for inner in inner_tensors(one)]


def plain_type(tensor: Tensor) -> torch.dtype | None:
    """Return the type of a tensor as nearly all are, which can be copied as it is; else None."""
    if type(tensor) not in STRIDED_TYPES or tensor.layout is not torch.strided:
        return None
    dtype = tensor.dtype
    is_plain = dtype in REAL_TYPES and not tensor.is_neg() and tensor.data_ptr()
    # A view of memory that was released has an address nevertheless.
    return dtype if is_plain and tensor.untyped_storage().nbytes() else None


def strided_parts(tensor: Tensor) -> list[Tensor]:
    """Take a tensor apart into strided tensors that share its memory and nothing of autograd."""
    return [part for inner in inner_tensors(tensor) for part in _strided(inner)]


def _strided(tensor: Tensor) -> list[Tensor]:
    detached = tensor.detach()
    if detached.layout is torch.strided:
        return [_bits(detached)]
    if detached.layout is torch.sparse_coo:
        values = detached._values()
        if len(values) == 0 or is_zero(values.reshape(-1)):
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


def is_zero(flat: Tensor) -> bool:
    """Tell whether all elements of a tensor with one axis are zero."""
    if not flat.is_cpu:
        return not bool(any_of(flat))
    # Part by part: the first one nearly always tells.
    return not any(bool(any_of(part)) for part in torch.split(flat, PART))


def any_of(flat: Tensor) -> Tensor:
    """Tell whether any element of a tensor with one axis is not zero."""
    if flat.dtype.itemsize == 1 and flat.dtype.is_floating_point:
        # No reduction exists for the 8-bit floats; all but the sign bit decides.
        flat = flat.view(torch.uint8) & 0x7F
    return flat.any()


def is_nonzero(words: Tensor, mask: int) -> Tensor:
    """Return 1 for content that is not zero, else 0; `mask` is `signless` of its type.

    A tensor with one element: nothing waits for its value.
    """
    return (words & mask).ne(0).any().long().view(1)


def words_of(flat: Tensor) -> Tensor:
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
