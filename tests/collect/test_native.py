"""The compiled code is there where it can be, and a trace is the same without it."""

from __future__ import annotations

import shutil

import pytest

from tc_engine.collect import native
from tests.collect.conftest import Collect

# The library cannot be loaded, as on a machine of another kind.
WITHOUT = """
import ctypes
load = ctypes.PyDLL.__init__
def refuse(self, name, *args, **kwargs):
    if "_native" in str(name):
        raise OSError("wrong ELF class")
    load(self, name, *args, **kwargs)
ctypes.PyDLL.__init__ = refuse
"""

SCRIPT = """
import torch
from torch import nn
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(300, 200), nn.BatchNorm1d(200), nn.Linear(200, 3))
model[2].weight.requires_grad_(False)
optimizer = torch.optim.Adam((p for p in model.parameters() if p.requires_grad), fused=True)
x = torch.randn(8, 300)
for step in range(3):
    optimizer.zero_grad(set_to_none=step > 1)
    model(x).sum().backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    model[2].weight.data.t().mul_(0.5)
    optimizer.step()
"""


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_it_is_compiled_where_it_can_be() -> None:
    assert native.load() is not None


def test_a_trace_is_the_same_without_it(collect: Collect) -> None:
    compiled, interpreted = collect(SCRIPT), collect(WITHOUT + SCRIPT)
    assert interpreted.stderr.endswith(", without compiled code\n")
    assert "without" not in compiled.stderr
    assert len(compiled.states) > 20

    def seen(states: list) -> list:
        return [(one["variable"], one["attributes"], one["cause_id"]) for one in states]

    assert seen(compiled.states) == seen(interpreted.states)
