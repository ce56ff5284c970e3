"""Fingerprints of the host's memory by compiled code, where the package was built with it.

What it computes is defined in `checksum`; torch computes the same where there is no such code, and
on every other device.
"""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Iterator, Sequence
from operator import and_
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor, strided

from tc_engine.collect.checksum import PROBED_FROM
from tc_engine.collect.content import REAL_TYPES, STRIDED_TYPES, WORD

PROBED_BYTES = (PROBED_FROM - 1) * WORD + 1
MUCH = 32 * 2**20  # bytes: about what is read in two milliseconds
LIBRARY = Path(__file__).with_name("_native.so")


class Memory(NamedTuple):
    """Content on the host, piece by piece.

    `places` are numbers of the tensors whose content it is, `held` keeps it from being freed;
    `sizes` are in bytes, `masks` are words without what does not count (see `content.signless`).
    """

    places: list[int]
    held: list[Tensor]
    addresses: list[int]
    sizes: list[int]
    masks: list[int]

    def add(self, place: int, content: Tensor, mask: int) -> None:
        """Add a piece: a tensor whose elements lie one after the other."""
        self.places.append(place)
        self.held.append(content)
        self.addresses.append(content.data_ptr())
        self.sizes.append(content.nbytes)
        self.masks.append(mask)


def read(tensors: Sequence[Tensor | None]) -> tuple[Memory, list[tuple[int, Tensor]]]:
    """Return what can be read as it lies there, and all other tensors with their places.

    It is asked for each variable at many a look: nothing is called that need not be.
    """
    memory = Memory([], [], [], [], [])
    others: list[tuple[int, Tensor]] = []
    places, held, addresses, sizes, masks = memory
    for place, tensor in enumerate(tensors):
        if tensor is None:
            continue
        if (
            type(tensor) in STRIDED_TYPES
            and tensor.is_cpu
            and tensor.layout is strided
            and (mask := REAL_TYPES.get(tensor.dtype))
            and (address := tensor.data_ptr())
            and not tensor.is_neg()
            and tensor.is_contiguous()
            and not tensor.storage_offset()
        ):
            places.append(place)
            held.append(tensor)
            addresses.append(address)
            sizes.append(tensor.nbytes)
            masks.append(mask)
        else:
            others.append((place, tensor))
    return memory, others


class Native:
    """The compiled functions.

    Other threads of Python run while they read much. For little, to get the interpreter back from
    another thread would take longer than the work.
    """

    def __init__(self) -> None:
        """Load them; raises OSError or AttributeError where they are not there."""
        self._quick, self._long = (
            _functions(kind(str(LIBRARY))) for kind in (ctypes.PyDLL, ctypes.CDLL)
        )

    def numbers(self, memory: Memory, weights: Tensor) -> Iterator[tuple[int, int, int, int]]:
        """Yield for each piece its size, its number, 0 if it is zero, and the number of a sample.

        Of a small piece there is no sample. Raises MemoryError.
        """
        count = len(memory.places)
        given = array("Q", (*memory.addresses, *memory.sizes))
        found = array("q", bytes(3 * WORD * count))
        compute, _ = self._quick if sum(memory.sizes) < MUCH else self._long
        at, to, row = given.buffer_info()[0], found.buffer_info()[0], WORD * count
        if compute(count, at, at + row, weights.data_ptr(), to, to + row, to + 2 * row):
            raise MemoryError("no memory to compare tensors")
        are_there = map(and_, found[count : 2 * count], memory.masks)
        return zip(memory.sizes, found, are_there, found[2 * count :], strict=False)

    def probes(self, memory: Memory, weights: Tensor) -> Iterator[tuple[int, int]]:
        """Yield for each piece its size and the number of a sample."""
        count = len(memory.places)
        given = array("Q", (*memory.addresses, *memory.sizes))
        found = array("q", bytes(WORD * count))
        _, compute = self._quick
        at = given.buffer_info()[0]
        compute(count, at, at + WORD * count, weights.data_ptr(), found.buffer_info()[0])
        return zip(memory.sizes, found, strict=True)


def load() -> Native | None:
    """Return the compiled functions; None where the package was built without them."""
    try:
        return Native()
    except (OSError, AttributeError):  # not there, or of another machine
        return None


def _functions(library: ctypes.CDLL) -> tuple[Any, Any]:
    """Return the functions for numbers and for probes."""
    pointer = ctypes.c_void_p
    numbers, probes = library.tc_numbers, library.tc_probes
    numbers.argtypes = [ctypes.c_size_t, *[pointer] * 6]
    probes.argtypes = [ctypes.c_size_t, *[pointer] * 4]
    numbers.restype, probes.restype = ctypes.c_int, None
    return numbers, probes
