"""Which runs are looked at together, and by what they are known again."""

from __future__ import annotations

from collections.abc import Sequence

from tc_engine.dataset import Dataset, state
from tc_engine.files import digest
from tc_engine.remote import is_remote, told_of


def split(runs: Sequence[Dataset], count: int) -> list[list[Dataset]]:
    """Divide runs into at most `count` groups of about the same number of bytes.

    The same runs give the same groups, whatever their order.
    """
    groups: list[list[Dataset]] = [[] for _ in range(min(count, len(runs)))]
    sizes = [0] * len(groups)
    for size, _, run in sorted(
        ((run.size, str(run.path), run) for run in runs), key=lambda one: (-one[0], one[1])
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
        known = state(part)
        when = told_of(part) if is_remote(part) else known.st_mtime_ns
        lines.append(f"{part.relative_to(run.path)} {known.st_size} {when}")
    return digest("\n".join(lines))
