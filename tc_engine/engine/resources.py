"""What this process may use of the machine: memory and cores, with the limits of its cgroup."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from pathlib import Path

from tc_engine.errors import UsageError

SHARE = 0.6  # of the memory, where nobody says how much
_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUP = Path("/proc/self/cgroup")
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([KMGT]?)(i?)B?", re.IGNORECASE)


def default_memory(root: Path = _CGROUPS, own: Path = _OWN_CGROUP) -> int:
    """Return how many bytes a session takes at most unless told otherwise."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [
        int(text)
        for folder in _own_groups(root, own)
        for name in ("memory.max", "memory.high", "memory.limit_in_bytes")
        if (text := _read(folder / name)).isdigit()
    ]
    return int(SHARE * min([physical, *limits]))


def parse_size(text: object) -> int:
    """Return the bytes of a size such as 4GB or 512MiB. Raises UsageError for anything else."""
    match = _SIZE.fullmatch(text.strip()) if isinstance(text, str) else None
    if not match:
        raise UsageError(f"{text!r} is no size", "Write a size such as 4GB or 512MiB")
    number, prefix, binary = match.groups()
    base = 1024 if binary else 1000
    return int(float(number) * base ** " KMGT".index(prefix.upper() or " "))


def default_threads(root: Path = _CGROUPS, own: Path = _OWN_CGROUP) -> int:
    """Return how many threads a session runs unless told otherwise."""
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    for folder in _own_groups(root, own):
        quota, _, period = _read(folder / "cpu.max").partition(" ")
        if quota.isdigit() and period.isdigit():
            cores = min(cores, math.ceil(int(quota) / int(period)))
    return max(1, cores)


def _own_groups(root: Path, own: Path) -> Iterator[Path]:
    """Yield the folders of the process's cgroups, of either version, and of those around them."""
    for line in _read(own).splitlines():
        _, controllers, path = line.split(":", 2)
        base = root / controllers if controllers else root
        folder = base / path.lstrip("/")
        while folder.is_relative_to(base):
            yield folder
            folder = folder.parent


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
