"""A signed 64-bit number that stands for the whole content of a tensor.

It is 0 exactly when every element is zero (or -0.0, or there is none); otherwise it depends on each
bit and on its place. Only integer arithmetic modulo 2**64 is used, so equal content gives an equal
number on every device, rank and process, whatever the memory layout.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial

import torch
from torch import Tensor

from tc_engine.collect.checksum import Checksum
from tc_engine.collect.content import (
    is_nonzero,
    is_zero,
    plain_type,
    signless,
    strided_parts,
    words_of,
)
from tc_engine.collect.joined import (
    Joined,
    Kind,
    is_probed,
    room_of,
    sample,
    words_in,
)
from tc_engine.collect.native import PROBED_BYTES, Memory, Native, read
from tc_engine.collect.pending import Pending

LARGE = 24 * 61 * 480  # words of a tensor that is computed by itself
ROOM_ON_HOST, ROOM_ON_DEVICE = 2**18, 2**22  # words of a buffer
KEPT = 2**23  # words of all buffers together
MOST_SEEN = 4096
HOST = torch.device("cpu")
_SIGNLESS = 0x7F7F7F7F7F7F7F7F  # a word without the sign bits of any float type
_NONZERO = 0x5DEECE66D  # stands in for content that is not zero but sums up to zero


class _Contents:
    """Tensors of one device that are to be computed, as lists that go together.

    `sources` are read, `kinds` say how; `places` are those in the answer. `flats` are the elements,
    by place, where the source is words that stand for them.
    """

    def __init__(self) -> None:
        self.places: list[int] = []
        self.sources: list[Tensor] = []
        self.kinds: list[Kind] = []
        self.flats: dict[int, Tensor] = {}

    def add(self, place: int, source: Tensor, kind: Kind) -> None:
        self.places.append(place)
        self.sources.append(source)
        self.kinds.append(kind)

    def elements(self, number: int) -> Tensor:
        """Return the elements of a tensor, along one axis."""
        flat = self.flats.get(self.places[number])
        return self.sources[number].reshape(-1) if flat is None else flat

    def words(self, number: int) -> Tensor:
        """Return the content of a tensor as words."""
        source = self.sources[number]
        return source if self.places[number] in self.flats else words_of(source.reshape(-1))


class Fingerprints:
    """Computes fingerprints; keeps nothing of a tensor.

    On the host with `native`, if there is such code, else with torch.
    """

    def __init__(self, native: Native | None = None) -> None:
        self._native = native
        self._checksum = Checksum()
        self._plans: dict[object, list[tuple[Sequence[int], Joined | None]]] = {}
        self._buffers: dict[object, Joined] = {}
        self._seen: set[int] = set()  # hashes of sets of tensors that came once
        self._kept = 0

    def of(self, tensors: Sequence[Tensor | None]) -> list[int | None]:
        """Return a number per tensor; None for no tensor and for content that is not there.

        Content is not there for a tensor on the meta device, a fake one, a parameter whose storage
        is released while it is sharded, and a type that cannot be read as bits.
        """
        pending = Pending()
        found, _ = self.start(tensors, pending)
        pending.wait()
        return found

    def start(
        self, tensors: Sequence[Tensor | None], pending: Pending
    ) -> tuple[list[int | None], list[int | None]]:
        """Begin to compute what `of` returns: the list is complete after `pending.wait()`.

        The second list holds what `probe` returns.
        """
        found: list[int | None] = [None] * len(tensors)
        probes: list[int | None] = [None] * len(tensors)
        memory, others = self._readable(tensors)
        if others:
            with torch.no_grad():
                for device, contents in self._read_all(others, memory, found).items():
                    self._compute(device, contents, found, probes, pending)
        if self._native is not None and memory.places:
            numbers = self._native.numbers(memory, self._checksum.weights(HOST))
            for place, (size, number, is_there, sampled) in zip(
                memory.places, numbers, strict=True
            ):
                found[place] = (number or _NONZERO) if is_there else 0
                if size >= PROBED_BYTES:
                    probes[place] = sampled
        return found, probes

    def probe(self, tensors: Sequence[Tensor | None]) -> list[int | None]:
        """Return a number per tensor for some of its words, spread over it.

        It costs next to nothing and changes with nearly every change that is not of single
        elements. None for a small tensor, where all words cost little, and on an accelerator,
        where waiting would cost more.
        """
        found: list[int | None] = [None] * len(tensors)
        memory, others = self._readable(tensors)
        if others:
            with torch.no_grad():
                devices = self._read_all(others, memory, [None] * len(tensors))
                for contents in (one for key, one in devices.items() if _is_host(key)):
                    self._sample(contents, found)
        if self._native is not None and memory.places:
            samples = self._native.probes(memory, self._checksum.weights(HOST))
            for place, (size, sampled) in zip(memory.places, samples, strict=True):
                found[place] = sampled if size >= PROBED_BYTES else None
        return found

    def _sample(self, contents: _Contents, found: list[int | None]) -> None:
        """Fill in what `probe` returns, by torch."""
        numbers = [i for i, kind in enumerate(contents.kinds) if is_probed(kind)]
        if not numbers:
            return
        samples = torch.stack([sample(contents.words(number)) for number in numbers])
        sums = self._checksum.weigh(samples).tolist()
        for number, value in zip(numbers, sums, strict=True):
            found[contents.places[number]] = value

    def _readable(
        self, tensors: Sequence[Tensor | None]
    ) -> tuple[Memory, list[tuple[int, Tensor]]]:
        """Return what compiled code can read as it is, and all other tensors with their places."""
        if self._native is not None:
            return read(tensors)
        return read([])[0], [(place, one) for place, one in enumerate(tensors) if one is not None]

    def _read_all(
        self, tensors: Sequence[tuple[int, Tensor]], memory: Memory, found: list[int | None]
    ) -> dict[torch.device, _Contents]:
        """Make the content of tensors readable: with compiled code in `memory`, else by device.

        Puts into `found` what is settled already.
        """
        devices: defaultdict[torch.device, _Contents] = defaultdict(_Contents)
        for place, tensor in tensors:
            dtype = plain_type(tensor)
            if dtype is not None:
                devices[tensor.device].add(place, tensor, (dtype, tensor.shape, dtype))
                continue
            flat = self._read(tensor)
            if isinstance(flat, Tensor):
                words = words_of(flat)
                contents = devices[words.device]
                contents.add(place, words, (words.dtype, words.shape, flat.dtype))
                contents.flats[place] = flat
            else:
                found[place] = flat
        if self._native is not None and HOST in devices:
            contents = devices.pop(HOST)
            for place, source, kind in zip(
                contents.places, contents.sources, contents.kinds, strict=True
            ):
                memory.add(place, source.contiguous(), signless(kind[2]))
        return devices

    def _read(self, tensor: Tensor) -> Tensor | int | None:
        """Return the elements along one axis; a number or None if it is settled already."""
        try:
            parts = strided_parts(tensor)
            if len(parts) != 1:
                return self._of_parts(parts)
            part = parts[0]
            if part.is_meta:
                return None
            if part.numel() == 0:
                return 0
            if part.untyped_storage().nbytes() == 0:
                return None
            flat = part.contiguous().view(-1)
            words_of(flat[:1])  # raises where a type cannot be read as bits
        except (RuntimeError, NotImplementedError, TypeError, AttributeError):
            return None
        return flat

    def _of_parts(self, parts: Sequence[Tensor]) -> int | None:
        """Fingerprint a tensor that is made of several; zero if all of them are."""
        values = self.of(parts)
        if not values or any(value is None for value in values):
            return None
        if not any(values):
            return 0
        return int(self._checksum.of(torch.tensor(values, dtype=torch.int64, device="cpu")))

    def _compute(
        self,
        device: torch.device,
        contents: _Contents,
        found: list[int | None],
        probes: list[int | None],
        pending: Pending,
    ) -> None:
        """Fill in the numbers of tensors that are on one device."""
        for numbers, joined in self._plan(device, contents.kinds):
            if joined is None:
                sums, hints = self._alone(contents, numbers[0])
                probed: Sequence[int] = numbers
            else:
                sums, hints = joined.sums([contents.sources[number] for number in numbers])
                probed = [numbers[number] for number in joined.probed]
            places = [contents.places[number] for number in numbers]
            if not _is_host(device):
                pending.add([sums, hints], partial(_fill_in, found, places))
                continue
            computed = sums.tolist()
            for number, place, value, first in zip(
                numbers, places, computed, hints.tolist(), strict=False
            ):
                # Zeros and -0.0 mixed are the only content that looks unlike zero and is; a first
                # word with more than sign bits rules that out.
                if not (value and first & _SIGNLESS) and is_zero(contents.elements(number)):
                    found[place] = 0
                else:
                    found[place] = value or _NONZERO
            for number, value in zip(probed, computed[len(numbers) :], strict=True):
                probes[contents.places[number]] = value

    def _alone(self, contents: _Contents, number: int) -> tuple[Tensor, Tensor]:
        """Compute for one large tensor what `Joined.sums` does for others."""
        words = contents.words(number)
        total = self._checksum.of(words).view(1)
        if not _is_host(words.device):
            return total, is_nonzero(words, signless(contents.kinds[number][2]))
        sampled = self._checksum.weigh(sample(words)).view(1)
        return torch.cat([total, sampled]), words[:1]

    def _plan(
        self, device: torch.device, kinds: Sequence[Kind]
    ) -> list[tuple[Sequence[int], Joined | None]]:
        """Tell which tensors are computed together, and where; large ones by themselves.

        To lay out a buffer for all of them pays when they come again. Where other tensors change in
        each step, as with experts, a few layouts for tensors of one kind serve them all.
        """
        on_host = _is_host(device)
        # On an accelerator a buffer is used again in the order of one stream.
        stream = None if device.type == "cpu" else torch.accelerator.current_stream(device)
        key = (device, stream, *kinds)
        plan = self._plans.get(key)
        if plan is not None:
            return plan
        room = ROOM_ON_HOST if on_host else ROOM_ON_DEVICE
        is_new = hash(key) not in self._seen
        plan = [
            (group, self._joined(device, stream, [kinds[number] for number in group]))
            for group in (_alike(kinds, room) if is_new else _filled(kinds, room))
        ]
        if is_new:
            if len(self._seen) >= MOST_SEEN:
                self._seen.clear()
            self._seen.add(hash(key))
        else:
            self._plans[key] = plan
        return plan

    def _joined(self, device: torch.device, stream: object, kinds: Sequence[Kind]) -> Joined | None:
        """Return the buffer for tensors of these kinds; None for a large one."""
        if words_in(kinds[0]) >= LARGE:
            return None
        key = (device, stream, *kinds)
        joined = self._buffers.get(key)
        if joined is None:
            if self._kept > KEPT:
                self._buffers.clear()
                self._plans.clear()
                self._seen.clear()
                self._kept = 0
            with torch.inference_mode(False):  # which the program may be in, this time
                joined = Joined(kinds, device, self._checksum, on_host=_is_host(device))
            self._buffers[key] = joined
            self._kept += joined.memory
        return joined


def _filled(kinds: Sequence[Kind], room: int) -> Iterator[list[int]]:
    """Put together the numbers of tensors that fit into a buffer: small tensors come first."""
    group: list[int] = []
    left = room
    for size, number in sorted((words_in(kind), number) for number, kind in enumerate(kinds)):
        needed = room_of(size)
        if group and (needed > left or size >= LARGE):
            yield group
            group, left = [], room
        group.append(number)
        left -= needed
    yield group


def _alike(kinds: Sequence[Kind], room: int) -> Iterator[list[int]]:
    """Put together tensors of one kind: as many as a power of two."""
    alike: defaultdict[Kind, list[int]] = defaultdict(list)
    for number, kind in enumerate(kinds):
        alike[kind].append(number)
    for kind, numbers in alike.items():
        size = words_in(kind)
        most = 1 if size >= LARGE else max(room // max(room_of(size), 1), 1)
        start = 0
        while left := len(numbers) - start:
            count = min(1 << (left.bit_length() - 1), most)
            yield numbers[start : start + count]
            start += count


def _is_host(device: torch.device) -> bool:
    """Tell whether the calling thread itself computes, so that it may look at what it has."""
    return device.type == "cpu"


def _fill_in(found: list[int | None], places: list[int], numbers: list[int]) -> None:
    """Fill in what an accelerator has computed: the sums, then for each whether it is not zero."""
    for place, number, nonzero in zip(places, numbers, numbers[len(places) :], strict=False):
        found[place] = (number or _NONZERO) if nonzero else 0
