"""Who this process is in its job: its rank, its place in a device mesh, a worker of a loader.

All of it is in the `meta` of every row, so that a precondition can speak of it. What a launcher set
in the environment is known from the beginning, the rest once the program has joined the others.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.distributed as dist

from tc_engine import __version__

RANKS = ("RANK", "LOCAL_RANK", "WORLD_SIZE")


class Identity:
    """The identity of this process; `changed` is called whenever something is learnt about it.

    `worker` is None but in the workers of a DataLoader: there it holds what is known of this one.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self.ranks = _ranks()
        self.mesh: dict[str, int] = {}
        self.worker: dict[str, Any] | None = None
        self._changed = changed

    @property
    def meta(self) -> dict[str, Any]:
        """What rows tell of it: ranks, `mesh` with a coordinate by axis, facts of the worker."""
        mesh = {"mesh": self.mesh} if self.mesh else {}
        return {**self.ranks, **mesh, **(self.worker or {})}

    def join(self) -> None:
        """Take rank and number of ranks from the process group, which may know better."""
        found = {**_ranks(), "RANK": dist.get_rank(), "WORLD_SIZE": dist.get_world_size()}
        if found != self.ranks:
            self.ranks = found
            self._changed()

    def place(self, mesh: Any) -> None:
        """Take the coordinates of this rank on the named axes of a device mesh."""
        names, coordinates = mesh.mesh_dim_names, mesh.get_coordinate()
        if not names or coordinates is None:
            return
        found = {**self.mesh, **dict(zip(names, map(int, coordinates), strict=True))}
        if found != self.mesh:
            self.mesh = found
            self._changed()

    def become_worker(self, facts: Mapping[str, Any]) -> None:
        """Note that this process is a worker of a DataLoader."""
        self.worker = dict(facts)
        self._changed()


def versions() -> dict[str, str]:
    """Return the versions of what the process runs on."""
    return {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "tc_engine": __version__,
    }


def _ranks() -> dict[str, int]:
    """Return what the environment says."""
    return {name: int(os.environ[name]) for name in RANKS if os.environ.get(name, "").isdigit()}
