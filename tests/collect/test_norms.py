"""Norms beside fingerprints: right for every kind of tensor, there only when asked for."""

from __future__ import annotations

import json
import math

import pytest
import torch

from tc_engine.collect.norms import norms
from tc_engine.collect.pending import Pending
from tests.collect.conftest import Collect

SCRIPT = """
import torch
model = torch.nn.Linear(2, 1, bias=False)
with torch.no_grad():
    model.weight.copy_(torch.tensor([[3.0, 4.0]]))
optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
model(torch.tensor([[1.0, 0.0]])).sum().backward()
optimizer.step()
"""


def test_norms_are_those_of_the_content() -> None:
    tensors = [
        torch.tensor([3.0, 4.0]),
        torch.full((10_000,), 300.0, dtype=torch.float16),  # its squares overflow in half
        torch.tensor([3 + 4j]),
        torch.tensor([True, True, True, True]),
        torch.tensor([[3, 4]], dtype=torch.int8),
        torch.zeros(0),
    ]
    assert norms(tensors, Pending()) == pytest.approx([5.0, 30_000.0, 5.0, 2.0, 5.0, 0.0])


def test_there_is_none_without_content_or_a_finite_number() -> None:
    tensors = [
        None,
        torch.empty(2, device="meta"),
        torch.tensor([math.nan]),
        torch.tensor(math.inf),
    ]
    assert norms(tensors, Pending()) == [None] * 4


def test_states_carry_norms_if_asked_for(collect: Collect) -> None:
    collected = collect(SCRIPT, flags=("--norms",))
    last = collected.states[-1]
    assert json.loads(last["extra"])["norms"] == pytest.approx({"data": math.sqrt(20), "grad": 1.0})
    assert not any(json.loads(s["extra"] or "{}") for s in collect(SCRIPT).states)
