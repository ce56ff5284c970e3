"""What the process may use, where its cgroups say less than the machine has."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tc_engine.engine.resources import SHARE, default_memory, default_threads

PHYSICAL = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
MB = 2**20


@pytest.fixture
def groups(tmp_path: Path) -> tuple[Path, Path]:
    """Make the process a member of /job/step in a tree of cgroups."""
    own = tmp_path / "cgroup"
    own.write_text("4:memory,cpu:/old\n0::/job/step\n")
    (tmp_path / "root/job/step").mkdir(parents=True)
    (tmp_path / "root/memory,cpu/old").mkdir(parents=True)
    return tmp_path / "root", own


def test_without_limits_it_is_a_share_of_the_machine(groups: tuple[Path, Path]) -> None:
    assert default_memory(*groups) == int(SHARE * PHYSICAL)
    assert default_threads(*groups) == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    "file",
    [
        "job/step/memory.max",
        "job/step/memory.high",
        "job/memory.max",
        "memory,cpu/old/memory.limit_in_bytes",
    ],
)
def test_the_tightest_limit_around_the_process_counts(groups: tuple[Path, Path], file: str) -> None:
    root, _ = groups
    (root / "memory.max").write_text("max\n")
    (root / file).write_text(f"{100 * MB}\n")
    assert default_memory(*groups) == int(SHARE * 100 * MB)


def test_a_quota_of_time_bounds_the_threads(groups: tuple[Path, Path]) -> None:
    root, _ = groups
    (root / "job/cpu.max").write_text("max 100000\n")
    (root / "job/step/cpu.max").write_text("50000 100000\n")
    assert default_threads(*groups) == 1


def test_a_machine_without_cgroups(tmp_path: Path) -> None:
    assert default_memory(tmp_path, tmp_path / "none") == int(SHARE * PHYSICAL)
    assert default_threads(tmp_path, tmp_path / "none") >= 1
