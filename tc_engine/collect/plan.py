"""What a collection is to record: decided by the launcher, read by every process of the program.

It lies in the manifest of the run, so that a process needs nothing but the path of the run, and a
reader of the trace knows what can be in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tc_engine.dataset import MANIFEST

GROUPS: Mapping[str, str] = {
    "optimizer": "optimizers: construction, step, zero_grad",
    "scheduler": "learning-rate schedulers",
    "autograd": "backward passes",
    "amp": "autocast and gradient scaling",
    "module": "what changes a model: train, eval, to, load_state_dict, requires_grad_",
    "forward": "the forward of each module that is called",
    "functional": "torch.nn.functional and what belongs to it in torch",
    "init": "torch.nn.init",
    "utils": "gradient clipping, averaged models, checkpointing of activations",
    "distributed": "collectives, process groups, parallel wrappers",
    "data": "data loaders and samplers",
    "files": "torch.save and torch.load",
    "random": "seeds and states of random generators",
    "compile": "torch.compile and global switches",
    "tensor": "methods of tensors that write in place, such as copy_ and normal_",
}
"""The groups of functions and what is in them."""

OPTIONAL = frozenset({"tensor"})
DEFAULT_GROUPS = tuple(group for group in GROUPS if group not in OPTIONAL)
INSIDE = ("data", "optimizer")
"""Places inside of which nothing is recorded unless it is asked for."""


@dataclass(frozen=True)
class Plan:
    """What to record.

    `include` and `exclude` are patterns of full function names, as a shell has them; they win over
    `groups`. `functions`, `arguments` and `attributes` limit what is recorded: to these functions,
    to arguments and results of these, to these attributes of variables; None sets no limit.
    `only_inside`: variables matter at the entry and exit of calls that are recorded, not of others.
    Of `every` steps after the first `warmup` the first `window` are recorded; 0 records all.
    `max_bytes` limits the size of the run on disk.
    """

    groups: tuple[str, ...] = DEFAULT_GROUPS
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    norms: bool = False
    functions: tuple[str, ...] | None = None
    arguments: tuple[str, ...] | None = None
    attributes: tuple[str, ...] | None = None
    only_inside: bool = False
    window: int = 0
    every: int = 0
    warmup: int = 0
    max_bytes: int | None = None

    def records(self, function: str, group: str | None) -> bool:
        """Tell whether calls of a function are recorded; `group` is None for one of a user."""
        if self.functions is not None and function not in self.functions:
            return False
        if any(fnmatchcase(function, pattern) for pattern in self.exclude):
            return False
        if any(fnmatchcase(function, pattern) for pattern in self.include):
            return True
        return group in self.groups

    def describes(self, function: str) -> bool:
        """Tell whether arguments and results of a function's calls are recorded."""
        return self.arguments is None or function in self.arguments

    def covers(self, step: int) -> bool:
        """Tell whether events of a step are recorded."""
        if not self.window or step < self.warmup:
            return True
        return (step - self.warmup) % self.every < self.window

    @property
    def beginnings(self) -> list[str]:
        """What the names that are included begin with."""
        return [re.split(r"[*?\[]", pattern)[0] for pattern in self.include]

    @property
    def watches(self) -> bool:
        """Whether variables are looked at."""
        return self.attributes is None or bool(self.attributes)

    def shows(self, attribute: str) -> bool:
        """Tell whether an attribute of variables is wanted."""
        return self.attributes is None or attribute in self.attributes


def as_note(plan: Plan) -> dict[str, Any]:
    """Return what the manifest tells of a plan: what differs from recording everything."""
    usual = asdict(Plan())
    return {name: value for name, value in asdict(plan).items() if value != usual[name]}


def read_plan(run: Path) -> Plan:
    """Read the plan of a run from its manifest.

    Raises OSError or ValueError where the manifest cannot be read.
    """
    noted: dict[str, Any] = json.loads((run / MANIFEST).read_text())["notes"].get("plan", {})
    for name, value in noted.items():
        noted[name] = tuple(value) if isinstance(value, list) else value
    return Plan(**noted)
