"""Which calls are recorded, how they nest and how they end."""

from __future__ import annotations

import os
import subprocess
import sys

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest

from tests.collect.conftest import Collect, Collected

SCRIPT = """
import sys
import torch
from torch import nn
from torch.nn.functional import relu
from torch.utils.data import DataLoader, TensorDataset

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.fc = nn.Linear(72, 3)
    def forward(self, x, scale=1.0):
        return self.fc(torch.flatten(relu(self.conv(x)), 1)) * scale

class Broken(nn.Module):
    def forward(self, x):
        raise KeyError("no such thing")

class Leaving(nn.Module):
    def forward(self, x):
        sys.exit(3)

def main():
    torch.manual_seed(1)
    model = Net()
    optimizer = torch.optim.Adadelta(model.parameters(), lr=1.0)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    data = TensorDataset(torch.randn(8, 1, 8, 8), torch.randint(0, 3, (8,)))
    losses = []
    for epoch in range(2):
        model.train()
        for x, y in DataLoader(data, batch_size=4, num_workers=epoch):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x, scale=0.5), y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
        scheduler.step()
    model.eval()
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        model(x)
    try:
        Broken()(x)
    except KeyError:
        pass
    torch.save(model.state_dict(), "model.pt")
    model.load_state_dict(torch.load("model.pt"))
    print(losses, sum(p.double().sum().item() for p in model.parameters()), torch.rand(1).item())
    Leaving()(x)

main()
"""


@pytest.fixture(scope="module")
def done(collect: Collect) -> Collected:
    return collect(SCRIPT)


def only(calls: list[dict]) -> dict:
    assert len(calls) == 1
    return calls[0]


def test_training_is_the_same_bit_by_bit(done: Collected, tmp_path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    plain = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert (done.stdout, done.code) == (plain.stdout, plain.returncode)


def test_names_and_counts(done: Collected) -> None:
    counts: dict[str, int] = {}
    for call in done.calls:
        counts[call["function"]] = counts.get(call["function"], 0) + 1
    assert counts == {
        "torch.random.manual_seed": 1,
        "torch.nn.init.kaiming_uniform_": 2,
        "torch.nn.init.uniform_": 2,
        "torch.optim.optimizer.Optimizer.__init__": 1,
        "torch.optim.lr_scheduler.LRScheduler.step": 3,
        "torch.nn.modules.module.Module.train": 3,
        "torch.nn.modules.module.Module.eval": 1,
        "torch.utils.data.dataloader.DataLoader.__init__": 2,
        "torch.utils.data.dataloader.DataLoader.__iter__": 2,
        "torch.utils.data.dataloader._BaseDataLoaderIter.__next__": 6,
        "torch.optim.optimizer.Optimizer.zero_grad": 4,
        "__main__.Net.forward": 5,
        "torch.nn.modules.conv.Conv2d.forward": 5,
        "torch._VariableFunctionsClass.conv2d": 5,
        "torch.nn.functional.relu": 5,
        "torch._VariableFunctionsClass.relu": 5,
        "torch._VariableFunctionsClass.flatten": 5,
        "torch.nn.modules.linear.Linear.forward": 5,
        "torch._C._nn.linear": 5,
        "torch.nn.functional.cross_entropy": 4,
        "torch._tensor.Tensor.backward": 4,
        "torch.autograd.backward": 4,
        "torch.nn.utils.clip_grad.clip_grad_norm_": 4,
        "torch.optim.adadelta.Adadelta.step": 4,
        "torch.optim.adadelta.adadelta": 4,
        "torch.amp.autocast_mode.autocast.__enter__": 1,
        "torch.amp.autocast_mode.autocast.__exit__": 1,
        "__main__.Broken.forward": 1,
        "torch.nn.modules.module.Module.state_dict": 1,
        "torch.serialization.save": 1,
        "torch.serialization.load": 1,
        "torch.nn.modules.module.Module.load_state_dict": 1,
        "__main__.Leaving.forward": 1,
        "torch.utils.data._utils.fetch._MapDatasetFetcher.fetch": 2,  # in the worker
    }


def test_nesting(done: Collected) -> None:
    call = done.named("_VariableFunctionsClass.conv2d")[0]
    rows = [row for row in done.rows if row["process_id"] == call["process_id"]]
    by_id = {row["event_id"]: row for row in rows}
    chain = []
    while call is not None:
        chain.append(call["function"])
        inner, call = call, by_id.get(call["parent_id"])
        if call is not None:
            assert call["start_ts"] <= inner["start_ts"] < inner["end_ts"] < call["end_ts"]
            assert call["event_id"] < inner["event_id"]
    assert chain == [
        "torch._VariableFunctionsClass.conv2d",
        "torch.nn.modules.conv.Conv2d.forward",
        "__main__.Net.forward",
    ]
    starts = [row["start_ts"] for row in rows]
    assert starts == sorted(starts)
    assert len(by_id) == len(rows)


def test_arguments_and_results(done: Collected) -> None:
    call = done.named("__main__.Net.forward")[0]
    tensor = {
        "dtype": "torch.float32",
        "shape": [4, 1, 8, 8],
        "ndim": 4,
        "nbytes": 1024,
        "itemsize": 4,
        "device": "cpu",
        "requires_grad": False,
        "is_leaf": True,
    }
    assert call["parameters"] == ["self", "x", "scale"]
    assert call["args"] == {
        "0": {"__main__.Net": {"training": True}},
        "1": {"torch.FloatTensor": tensor},
    }
    assert call["kwargs"] == {"scale": {"float": 0.5}}
    result = call["result"]["torch.FloatTensor"]
    assert (result["shape"], result["is_leaf"]) == ([4, 3], False)
    assert list(done.named("DataLoader.__iter__")[0]["args"]["0"]) == [
        "torch.utils.data.dataloader.DataLoader"
    ]


def test_receivers_are_objects_not_addresses(done: Collected) -> None:
    receivers = {
        ending: {call["receiver"] for call in done.named(ending)}
        for ending in (
            "Net.forward",
            "zero_grad",
            "Adadelta.step",
            "StepLR.step",
            "DataLoader.__iter__",
        )
    }
    assert receivers["zero_grad"] == receivers["Adadelta.step"]
    assert len(receivers["zero_grad"]) == len(receivers["Net.forward"]) == 1
    assert len(receivers["DataLoader.__iter__"]) == 2
    assert all(0 <= number < 1000 for numbers in receivers.values() for number in numbers)
    assert done.named("functional.relu")[0]["receiver"] is None


def test_outcomes(done: Collected) -> None:
    broken = only(done.named("Broken.forward"))
    assert broken["outcome"] == "exception"
    assert (broken["exception"], broken["exception_message"]) == ("KeyError", "'no such thing'")
    assert broken["result"] is None
    leaving = only(done.named("Leaving.forward"))
    assert (leaving["outcome"], leaving["exception"]) == ("exception", "SystemExit")
    ended = [call for call in done.named("__next__") if call["outcome"] == "exception"]
    assert [call["exception"] for call in ended] == ["StopIteration"] * 2


def test_steps_and_stages(done: Collected) -> None:
    assert [call["step"] for call in done.named("Adadelta.step")] == [0, 1, 2, 3]
    assert [call["step"] for call in done.named("zero_grad")] == [0, 1, 2, 3]
    assert {call["stage"] for call in done.named("Adadelta.step")} == {"training"}
    assert done.named("manual_seed")[0]["stage"] == "init"
    last = done.named("Net.forward")[-1]
    assert (last["stage"], last["step"], last["meta"]["eval_step"]) == ("evaluation", 3, 1)
    assert only(done.named("serialization.save"))["stage"] == "checkpointing"


def test_context_managers(done: Collected) -> None:
    assert done.named("Net.forward")[-1]["meta"]["context_managers"] == {
        "torch.autograd.grad_mode.no_grad": {},
        "torch.amp.autocast_mode.autocast": {
            "device_type": "cpu",
            "dtype": "torch.bfloat16",
            "enabled": True,
            "cache_enabled": True,
        },
    }
    assert done.named("Net.forward")[0]["meta"] == {}


def test_any_reader_can_read_it(done: Collected) -> None:
    process = done.named("Net.forward")[0]["process_id"]
    (part,) = done.run.glob(f"events/process={process}/part-*.parquet")
    count = sum(row["process_id"] == process for row in done.rows)
    assert pq.read_table(part).num_rows == count
    assert pl.read_parquet(part).height == count
    query = (
        "SELECT count(*) FILTER (WHERE json_valid(args)) FROM read_parquet(?) WHERE kind = 'call'"
    )
    calls = sum(call["process_id"] == process for call in done.calls)
    assert duckdb.execute(query, [str(part)]).fetchone() == (calls,)
