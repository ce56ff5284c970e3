"""A signed 64-bit number that stands for the whole content of a tensor.

It is 0 exactly when every element is zero (or -0.0, or there is none); otherwise it depends on each
bit and on its place. Only integer arithmetic modulo 2**64 is used, so equal content gives an equal
number on every device, rank and process, whatever the memory layout.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from tc_engine.collect.checksum import Checksum
from tc_engine.collect.content import is_plain, is_zero, signless, strided_parts, words_of
from tc_engine.collect.joined import (
    PROBED,
    Joined,
    Kind,
    is_probed,
    room_of,
    words_in,
)
from tc_engine.collect.pending import Pending

LARGE = 8 * 61 * 480  # words of a tensor that is not copied
ROOM_ON_HOST, ROOM_ON_DEVICE = 9 * 31 * 1024, 4 * 2**20  # words of a buffer: what a cache holds
KEPT = 4  # times that in all buffers
_SIGNLESS = 0x7F7F7F7F7F7F7F7F  # a word without the sign bits of any float type
_NONZERO = 0x5DEECE66D  # stands in for content that is not zero but sums up to zero


class _Content(NamedTuple):
    """A tensor to compute: its place in the answer, and what is read.

    `flat` are the elements where `source` is words that stand for them.
    """

    place: int
    source: Tensor
    flat: Tensor | None = None

    @property
    def kind(self) -> Kind:
        source, flat = self.source, self.flat
        return source.dtype, source.shape, source.dtype if flat is None else flat.dtype

    @property
    def elements(self) -> Tensor:
        """The elements, as a tensor with one axis."""
        return self.source.detach().reshape(-1) if self.flat is None else self.flat

    @property
    def words(self) -> Tensor:
        return words_of(self.elements.contiguous()) if self.flat is None else self.source


class Fingerprints:
    """Computes fingerprints; keeps nothing of a tensor."""

    def __init__(self) -> None:
        self._checksum = Checksum()
        self._plans: dict[object, list[tuple[Sequence[int], Joined | None]]] = {}
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
        with torch.no_grad():
            devices: dict[torch.device, list[_Content]] = {}
            for content in self._read_all(tensors, found):
                devices.setdefault(content.source.device, []).append(content)
            for device, contents in devices.items():
                self._compute(device, contents, found, probes, pending)
        return found, probes

    def probe(self, tensors: Sequence[Tensor | None]) -> list[int | None]:
        """Return a number per tensor for about a hundred of its words, spread over it.

        It costs next to nothing and changes with nearly every change that is not of single
        elements. None for a small tensor, where all words cost little, and on an accelerator,
        where waiting would cost more.
        """
        found: list[int | None] = [None] * len(tensors)
        with torch.no_grad():
            contents = [
                content
                for content in self._read_all(tensors, [None] * len(tensors))
                if _is_host(content.source.device) and is_probed(content.kind)
            ]
            if contents:
                samples = torch.stack([_sample(content.words) for content in contents])
                _put(found, contents, self._checksum.weigh(samples).tolist())
        return found

    def _read_all(
        self, tensors: Sequence[Tensor | None], found: list[int | None]
    ) -> Iterator[_Content]:
        """Make the content of tensors readable; put into `found` what is settled already."""
        for place, tensor in enumerate(tensors):
            if tensor is None:
                continue
            content = _Content(place, tensor) if is_plain(tensor) else self._read(place, tensor)
            if isinstance(content, _Content):
                yield content
            else:
                found[place] = content

    def _read(self, place: int, tensor: Tensor) -> _Content | int | None:
        try:
            parts = strided_parts(tensor)
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
            return _Content(place, words_of(flat), flat)
        except (RuntimeError, NotImplementedError, TypeError, AttributeError):
            return None

    def _of_parts(self, parts: Sequence[Tensor]) -> int | None:
        """Fingerprint a tensor that is made of several; zero if all of them are."""
        values = self.of(parts)
        if not values or any(value is None for value in values):
            return None
        if not any(values):
            return 0
        return int(self._checksum.of(torch.tensor([values], dtype=torch.int64, device="cpu")))

    def _compute(
        self,
        device: torch.device,
        contents: Sequence[_Content],
        found: list[int | None],
        probes: list[int | None],
        pending: Pending,
    ) -> None:
        """Fill in the numbers of tensors that are on one device."""
        for numbers, joined in self._plan(device, [content.kind for content in contents]):
            group = [contents[number] for number in numbers]
            probed = group if joined is None else [group[number] for number in joined.probed]
            if joined is None:
                sums, hints = self._alone(group[0])
            else:
                sums, hints = joined.sums([content.source for content in group])
            if not _is_host(device):
                places = [content.place for content in group]
                pending.add([sums, hints], partial(_fill_in, found, places))
                continue
            computed = sums.tolist()
            for content, number, first in zip(group, computed, hints.tolist(), strict=False):
                stands_for_zero = _stands_for_zero(content, number, first)
                found[content.place] = 0 if stands_for_zero else number or _NONZERO
            _put(probes, probed, computed[len(group) :])

    def _alone(self, content: _Content) -> tuple[Tensor, Tensor]:
        """Compute for one large tensor what `Joined.sums` does for others."""
        words = content.words.unsqueeze(0)
        total = self._checksum.of(words)
        if not _is_host(words.device):
            return total, (words & signless(content.kind[2])).ne(0).any(1).to(torch.int64)
        sample = self._checksum.weigh(_sample(words[0]).unsqueeze(0))
        return torch.cat([total, sample]), words[:, 0]

    def _plan(
        self, device: torch.device, kinds: Sequence[Kind]
    ) -> list[tuple[Sequence[int], Joined | None]]:
        """Tell which tensors are computed together, and where; large ones by themselves."""
        on_host = _is_host(device)
        # On an accelerator a buffer is used again in the order of one stream.
        stream = None if device.type == "cpu" else torch.accelerator.current_stream(device)
        key = (device, stream, *kinds)
        plan = self._plans.get(key)
        if plan is None:
            room = ROOM_ON_HOST if on_host else ROOM_ON_DEVICE
            if self._kept > KEPT * room:
                self._plans.clear()
                self._kept = 0
            plan = self._plans[key] = []
            for group in _groups(kinds, room):
                chosen = [kinds[number] for number in group]
                if words_in(chosen[0]) >= LARGE:
                    plan.append((group, None))
                else:
                    joined = Joined(chosen, device, self._checksum, on_host=on_host)
                    plan.append((group, joined))
                    self._kept += sum(map(room_of, chosen))
        return plan


def _groups(kinds: Sequence[Kind], room: int) -> Iterator[list[int]]:
    """Put together the numbers of tensors that fit into a buffer: small tensors come first."""
    group: list[int] = []
    left = room
    for size, number in sorted((room_of(kind), number) for number, kind in enumerate(kinds)):
        if group and (size > left or size >= LARGE):
            yield group
            group, left = [], room
        group.append(number)
        left -= size
    yield group


def _sample(words: Tensor) -> Tensor:
    step = words.numel() // PROBED
    return words[: PROBED * step : step]


def _is_host(device: torch.device) -> bool:
    """Tell whether the calling thread itself computes, so that it may look at what it has."""
    return device.type == "cpu"


def _stands_for_zero(content: _Content, number: int, first: int) -> bool:
    """Tell on the host whether content is zero; `first` is its first word.

    Zeros and -0.0 mixed are the only content that looks unlike zero and is; a first word with more
    than sign bits rules that out.
    """
    return not (number and first & _SIGNLESS) and is_zero(content.elements)


def _put(found: list[int | None], contents: Sequence[_Content], numbers: Sequence[int]) -> None:
    for content, number in zip(contents, numbers, strict=True):
        found[content.place] = number


def _fill_in(found: list[int | None], places: list[int], numbers: list[int]) -> None:
    """Fill in what an accelerator has computed: the sums, then for each whether it is not zero."""
    for place, number, nonzero in zip(places, numbers, numbers[len(places) :], strict=False):
        found[place] = (number or _NONZERO) if nonzero else 0
