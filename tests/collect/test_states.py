"""What is seen of parameters, gradients and buffers, and which call gets the blame."""

from __future__ import annotations

import pytest

from tests.collect.conftest import Collect, Collected

SCRIPT = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(2, 2)
        self.bn = nn.BatchNorm1d(2)
        self.frozen = nn.Linear(2, 2)
    def forward(self, x):
        return self.frozen(self.bn(self.a(x)))

torch.manual_seed(0)
x = torch.randn(4, 2)

def plain():
    plain_model = Net()
    plain_model.frozen.requires_grad_(False)
    held = [*plain_model.a.parameters(), *plain_model.bn.parameters()]
    optimizer = torch.optim.SGD(held, lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        plain_model(x).pow(2).sum().backward()
        optimizer.step()

def zeroed():
    zeroed_model = nn.Linear(2, 1, bias=False)
    optimizer = torch.optim.SGD(zeroed_model.parameters(), lr=0.1)
    zeroed_model(x).sum().backward()
    nn.utils.clip_grad_norm_(zeroed_model.parameters(), 0.01)
    optimizer.step()
    optimizer.zero_grad(set_to_none=False)

def fused():
    fused_model = nn.Linear(2, 1, bias=False)
    optimizer = torch.optim.Adam(fused_model.parameters(), fused=True)
    for _ in range(2):
        optimizer.zero_grad()
        fused_model(x).sum().backward()
        optimizer.step()

def by_hand():
    hand_model = nn.Linear(2, 1, bias=False)
    for _ in range(2):
        hand_model(x).sum().backward()
        with torch.no_grad():
            for p in hand_model.parameters():
                p.data.sub_(p.grad.data, alpha=0.1)
        hand_model.zero_grad()

def third_party():
    class Quiet(torch.optim.Optimizer):
        def __init__(self, params):
            super().__init__(params, {})
        def step(self, closure=None):
            for p in self.param_groups[0]["params"]:
                p.data.mul_(0.5)
    third_model = nn.Linear(2, 1, bias=False)
    optimizer = Quiet(third_model.parameters())
    third_model(x).sum().backward()
    optimizer.step()

def silent_grad():
    grad_model = nn.Linear(2, 1, bias=False)
    optimizer = torch.optim.SGD(grad_model.parameters(), lr=0.1)
    grad_model(x).sum().backward()
    grad_model.weight.grad.data.clamp_(-0.1, 0.1)
    optimizer.step()

def loaded():
    loaded_model = nn.Linear(2, 1, bias=False)
    loaded_model(x)
    loaded_model.load_state_dict(nn.Linear(2, 1, bias=False).state_dict())
    loaded_model.double()
    loaded_model.requires_grad_(False)
    loaded_model.weight.tensor_model_parallel = True
    loaded_model.weight._private = 1
    loaded_model.eval()
    nn.init.zeros_(loaded_model.weight)
    with torch.no_grad():
        loaded_model(x.double())

def lbfgs():
    lbfgs_model = nn.Linear(2, 1, bias=False)
    optimizer = torch.optim.LBFGS(lbfgs_model.parameters(), max_iter=2)
    def closure():
        optimizer.zero_grad()
        loss = lbfgs_model(x).pow(2).sum()
        loss.backward()
        return loss
    optimizer.step(closure)

def raw():
    weight = torch.ones(2, 1, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.1)
    (x @ weight).sum().backward()
    optimizer.step()

def wrapped():
    import torch.distributed as dist
    dist.init_process_group("gloo", rank=0, world_size=1, store=dist.HashStore())
    inner_model = nn.Linear(2, 1, bias=False)
    ddp = nn.parallel.DistributedDataParallel(inner_model)
    ddp(x).sum().backward()
    dist.broadcast(inner_model.weight.grad, 0)
    dist.destroy_process_group()

def collected_garbage():
    import gc, weakref
    gone_model = Net()
    gone_model(x).sum().backward()
    references = [weakref.ref(p) for p in gone_model.parameters()]
    del gone_model
    gc.collect()
    print([reference() for reference in references])

for function in (plain, zeroed, fused, by_hand, third_party, silent_grad, loaded, lbfgs, raw,
                 wrapped, collected_garbage):
    function()
"""

BACKWARD = "torch.autograd.backward"
ZERO_GRAD = "torch.optim.optimizer.Optimizer.zero_grad"
MODULE = "torch.nn.modules.module.Module"


@pytest.fixture(scope="module")
def done(collect: Collect) -> Collected:
    done = collect(SCRIPT)
    assert done.code == 0, done.stderr
    assert "internal errors" not in done.stderr, done.manifest["notes"]
    return done


def test_training_loop(done: Collected) -> None:
    step = [("grad", BACKWARD), ("data", "torch.optim.sgd.sgd")]
    assert done.changes("plain_model.a.weight") == [
        ("new", None),
        *step,
        ("grad", ZERO_GRAD),
        *step,
    ]
    # A bias before batch norm gets a gradient of rounding errors; batch norm itself a real one.
    assert done.changes("plain_model.bn.weight") == done.changes("plain_model.a.weight")
    assert done.changes("plain_model.frozen.weight") == [("new", None)]


def test_buffers(done: Collected) -> None:
    for name in ("running_mean", "running_var", "num_batches_tracked"):
        assert done.changes(f"plain_model.bn.{name}") == [
            ("new", None),
            ("data", "__main__.Net.forward"),
            ("data", "__main__.Net.forward"),
        ]


def test_attributes(done: Collected) -> None:
    first = {}
    for state in done.states:
        first.setdefault(state["variable"], state)
    weight = first["plain_model.frozen.weight"]
    assert weight["variable_type"] == "torch.nn.Parameter"
    data = weight["attributes"].pop("data")
    assert isinstance(data, int)
    assert data != 0
    assert weight["attributes"] == {
        "grad": None,
        "dtype": "torch.float32",
        "shape": [2, 2],
        "ndim": 2,
        "nbytes": 16,
        "itemsize": 4,
        "device": "cpu",
        "requires_grad": False,
        "is_leaf": True,
        "in_optimizer": False,
    }
    assert first["plain_model.a.weight"]["attributes"]["in_optimizer"] is True
    buffer = first["plain_model.bn.running_mean"]
    assert buffer["variable_type"] == "torch.Tensor"
    assert buffer["attributes"]["data"] == 0
    assert "grad" not in buffer["attributes"]


def test_zeroed_gradient_is_zero_not_null(done: Collected) -> None:
    assert done.changes("zeroed_model.weight") == [
        ("new", None),
        ("grad", BACKWARD),
        ("grad", "torch.nn.utils.clip_grad.clip_grad_norm_"),
        ("data", "torch.optim.sgd.sgd"),
        ("grad", ZERO_GRAD),
    ]
    last = [s for s in done.states if s["variable"] == "zeroed_model.weight"][-1]
    assert last["attributes"]["grad"] == 0


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        (
            "fused_model",
            [
                ("grad", BACKWARD),
                ("data", "torch.optim.adam.adam"),
                ("grad", ZERO_GRAD),
                ("grad", BACKWARD),
                ("data", "torch.optim.adam.adam"),
            ],
        ),
        (
            "hand_model",
            [
                ("grad", BACKWARD),
                ("data", None),
                ("grad", f"{MODULE}.zero_grad"),
                ("grad", BACKWARD),
                ("data", None),
                ("grad", f"{MODULE}.zero_grad"),
            ],
        ),
        (
            "third_model",
            [("grad", BACKWARD), ("data", "__main__.third_party.<locals>.Quiet.step")],
        ),
        ("grad_model", [("grad", BACKWARD), ("grad", None), ("data", "torch.optim.sgd.sgd")]),
        (
            "loaded_model",
            [
                ("data", f"{MODULE}.load_state_dict"),
                ("data,dtype,itemsize,nbytes", f"{MODULE}.double"),
                ("requires_grad", f"{MODULE}.requires_grad_"),
                ("tensor_model_parallel", None),
                ("data", "torch.nn.init.zeros_"),
            ],
        ),
        (
            "lbfgs_model",
            [
                ("grad", BACKWARD),
                ("data", "torch.optim.lbfgs.LBFGS.step"),
                ("grad", ZERO_GRAD),
                ("grad", BACKWARD),
            ],
        ),
        ("inner_model", [("grad", BACKWARD)]),
    ],
)
def test_causes(done: Collected, variable: str, expected: list[tuple[str, str | None]]) -> None:
    assert done.changes(f"{variable}.weight") == [("new", None), *expected]


def test_tensors_outside_of_any_model(done: Collected) -> None:
    assert done.changes("weight")[-1] == ("data", "torch.optim.sgd.sgd")


def test_states_lie_inside_their_cause(done: Collected) -> None:
    calls = {call["event_id"]: call for call in done.calls}
    caused = [state for state in done.states if state["cause_id"] is not None]
    assert caused
    for state in caused:
        cause = calls[state["cause_id"]]
        assert cause["start_ts"] <= state["start_ts"] < cause["end_ts"]
        assert state["event_id"] > cause["event_id"]
        assert state["end_ts"] is None


def test_nothing_is_kept_alive(done: Collected) -> None:
    assert done.stdout == "[None, None, None, None, None, None]\n"
