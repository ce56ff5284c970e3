"""Which runs are looked at together, and by what they are known again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from tc_engine.dataset import Dataset
from tc_engine.errors import DataError
from tc_engine.remote import is_remote, told_of


def split(runs: Sequence[Dataset], count: int) -> list[list[Dataset]]:
    """Divide runs into at most `count` groups of about the same number of bytes.

    The same runs give the same groups, whatever their order.
    """
    groups: list[list[Dataset]] = [[] for _ in range(min(count, len(runs)))]
    sizes = [0] * len(groups)
    for size, _, run in sorted(
        ((_bytes(run), str(run.path), run) for run in runs), key=lambda one: (-one[0], one[1])
    ):
        lightest = sizes.index(min(sizes))
        groups[lightest].append(run)
        sizes[lightest] += size
    return groups


def identity(run: Dataset) -> str:
    """Return a digest of where a run is and of the name, size and time of its parts.

    It costs no look at the events: what was found in a run counts as long as nobody writes to it.
    """
    lines = [str(run.path.resolve())]
    for part in run.parts:
        state = _stat(part)
        when = told_of(part) if is_remote(part) else state.st_mtime_ns
        lines.append(f"{part.relative_to(run.path)} {state.st_size} {when}")
    return digest("\n".join(lines))


def digest(text: str) -> str:
    """Return a short digest of a text."""
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def _bytes(run: Dataset) -> int:
    return sum(_stat(part).st_size for part in run.parts)


def _stat(part: Path) -> os.stat_result:
    try:
        return part.stat()
    except OSError as error:
        raise DataError(
            f"cannot read {part}: {error.strerror}",
            "A run that is still being collected changes its parts: try again",
        ) from error
