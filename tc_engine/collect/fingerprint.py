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

from tc_engine.collect.checksum import AT_ONCE, FOLD, WEIGHTS, Checksum
from tc_engine.collect.content import (
    is_zero,
    plain_words,
    signless,
    strided_parts,
    words_of,
)
from tc_engine.collect.pending import Pending

SMALL = 4096  # up to so many words tensors are joined, which saves calls
MEDIUM = 16 * 1024  # up to so many words tensors of one size are joined
JOINED_ON_DEVICE = 4 * 2**20  # words that are joined on an accelerator
LAYOUTS = 256
PROBED, PROBED_FROM = 128, 1024  # words
_SIGNLESS = 0x7F7F7F7F7F7F7F7F  # a word without the sign bits of any float type
_NONZERO = 0x5DEECE66D  # stands in for content that is not zero but sums up to zero


class _Content(NamedTuple):
    """A tensor to compute: its place in the answer, its elements and its bytes as words."""

    place: int
    flat: Tensor
    words: Tensor


class _Layout(NamedTuple):
    """How tensors of certain sizes lie when joined.

    The weights, each first and last place, and the bits that are set in no word of a zero.
    """

    weights: Tensor
    firsts: Tensor
    lasts: Tensor
    signless: Tensor


class Fingerprints:
    """Computes fingerprints; keeps nothing of a tensor."""

    def __init__(self) -> None:
        self._checksum = Checksum()
        self._layouts: dict[tuple[torch.device, tuple[tuple[int, int], ...]], _Layout] = {}

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
            self._compute(contents, found, probes, pending)
        return found, probes

    def probe(self, tensors: Sequence[Tensor | None]) -> list[int | None]:
        """Return a number per tensor for about a hundred of its words, spread over it.

        It costs next to nothing and changes with nearly every change that is not of single
        elements. None for a small tensor, where all words cost little, and on an accelerator,
        where waiting would cost more.
        """
        found: list[int | None] = [None] * len(tensors)
        contents = [self._read(i, tensor) for i, tensor in enumerate(tensors) if tensor is not None]
        read = [one for one in contents if isinstance(one, _Content) and _is_probed(one.words)]
        if read:
            self._fill_in_probes(read, found)
        return found

    def _fill_in_probes(self, contents: Sequence[_Content], probes: list[int | None]) -> None:
        samples = torch.stack([_sample(content.words) for content in contents])
        numbers = self._checksum.weigh(samples).tolist()
        for content, number in zip(contents, numbers, strict=True):
            probes[content.place] = number

    def _read(self, index: int, tensor: Tensor) -> _Content | int | None:
        """Make a tensor's bytes readable; a number or None if it is settled already."""
        plain = plain_words(tensor)
        return self._read_any(index, tensor) if plain is None else _Content(index, *plain)

    def _read_any(self, index: int, tensor: Tensor) -> _Content | int | None:
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
            return _Content(index, flat, words_of(flat))
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
        contents: Sequence[_Content],
        found: list[int | None],
        probes: list[int | None],
        pending: Pending,
    ) -> None:
        """Fill in the numbers of tensors that are on one device."""
        order: list[_Content] = []
        sums: list[Tensor] = []
        hints: list[Tensor] = []
        for group in _groups(contents):
            order.extend(group)
            are_small = group[0].words.numel() <= SMALL
            total, hint = self._joined(group) if are_small else self._alike(group)
            sums.append(total)
            hints.append(hint)

        if not _is_host(order[0].words.device):
            places = [content.place for content in order]
            pending.add([*sums, *hints], partial(_fill_in, found, places))
            return
        if probed := [content for content in order if _is_probed(content.words)]:
            self._fill_in_probes(probed, probes)
        numbers, firsts = torch.cat(sums).tolist(), torch.cat(hints).tolist()
        for content, number, first in zip(order, numbers, firsts, strict=True):
            stands_for_zero = _stands_for_zero(content, number, first)
            found[content.place] = 0 if stands_for_zero else number or _NONZERO

    def _alike(self, contents: Sequence[_Content]) -> tuple[Tensor, Tensor]:
        """Return the sums and hints of large tensors of one size and type."""
        if len(contents) == 1:
            words = contents[0].words.unsqueeze(0)
        else:
            words = torch.stack([content.words for content in contents])
        if _is_host(words.device):
            return self._checksum.of(words), words[:, 0]
        nonzero = (words & signless(contents[0].flat.dtype)).ne(0).any(1)
        return self._checksum.of(words), nonzero.to(torch.int64)

    def _joined(self, contents: Sequence[_Content]) -> tuple[Tensor, Tensor]:
        """Return the sums and hints of small tensors, computed in one go."""
        joined = torch.cat([content.words for content in contents])
        layout = self._layout(joined.device, contents)
        running = (joined >> FOLD).add_(joined).mul_(layout.weights).cumsum(0)
        sums = _between(running, layout.lasts)
        if _is_host(joined.device):
            return sums, joined[layout.firsts]
        nonzero = (joined & layout.signless).ne(0).cumsum(0)
        return sums, _between(nonzero, layout.lasts)

    def _layout(self, device: torch.device, contents: Sequence[_Content]) -> _Layout:
        key = tuple((content.words.numel(), signless(content.flat.dtype)) for content in contents)
        layout = self._layouts.get((device, key))
        if layout is None:
            if len(self._layouts) >= LAYOUTS:
                self._layouts.clear()
            weights = self._checksum.weights(device)
            sizes = torch.tensor([size for size, _ in key], dtype=torch.int64, device="cpu")
            masks = torch.tensor([mask for _, mask in key], dtype=torch.int64, device="cpu")
            ends = sizes.cumsum(0)
            layout = self._layouts[device, key] = _Layout(
                torch.cat([weights[:size] for size, _ in key]),
                (ends - sizes).to(device),
                (ends - 1).to(device),
                masks.repeat_interleave(sizes).to(device),
            )
        return layout


def _groups(contents: Sequence[_Content]) -> Iterator[list[_Content]]:
    """Put tensors together that are computed at once: small ones, and large ones of one size."""
    on_host = _is_host(contents[0].words.device)
    alike_room, small_room = (AT_ONCE, WEIGHTS) if on_host else (JOINED_ON_DEVICE,) * 2
    alike: dict[tuple[int, int], list[_Content]] = {}
    for content in contents:
        size = content.words.numel()
        key = (0, 0) if size <= SMALL else (size, signless(content.flat.dtype))
        alike.setdefault(key, []).append(content)
    for (size, _), group in alike.items():
        if size:
            most = alike_room // size if size <= MEDIUM else 1  # to copy larger ones saves nothing
            yield from _runs(group, most)
        else:
            yield from _filled(group, small_room)


def _runs(contents: Sequence[_Content], most: int) -> Iterator[list[_Content]]:
    for start in range(0, len(contents), most):
        yield list(contents[start : start + most])


def _filled(contents: Sequence[_Content], room: int) -> Iterator[list[_Content]]:
    group: list[_Content] = []
    left = room
    for content in contents:
        size = content.words.numel()
        if size > left and group:
            yield group
            group, left = [], room
        group.append(content)
        left -= size
    yield group


def _is_probed(words: Tensor) -> bool:
    return words.numel() >= PROBED_FROM and _is_host(words.device)


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
    return not (number and first & _SIGNLESS) and is_zero(content.flat)


def _fill_in(found: list[int | None], places: list[int], numbers: list[int]) -> None:
    """Fill in what an accelerator has computed: the sums, then for each whether it is not zero."""
    for place, number, nonzero in zip(places, numbers, numbers[len(places) :], strict=False):
        found[place] = (number or _NONZERO) if nonzero else 0


def _between(running: Tensor, lasts: Tensor) -> Tensor:
    """Take running sums apart into the sum of each section."""
    ends = running[lasts]
    return torch.diff(ends, prepend=torch.zeros_like(ends[:1]))
