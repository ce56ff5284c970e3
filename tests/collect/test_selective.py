"""Collections of a part: certain invariants, steps, functions; and from inside of a program."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tc_engine import relations
from tc_engine.dataset import open_dataset
from tc_engine.invariants import Invariant, write
from tc_engine.pipelines.check import check
from tc_engine.pipelines.infer import infer
from tests.collect.conftest import Collect, Collected, collect_command

ORDERED = ("FunctionLeadRelation", "FunctionCoverRelation")
EXAMPLES = Path(__file__).parents[2] / "examples"

LOOP = """
import torch
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
optimizer = torch.optim.Adam(model.parameters())
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 10)
data = TensorDataset(torch.randn(40, 4), torch.randint(0, 2, (40,)))
for epoch in range(6):
    model.train()
    for x, y in DataLoader(data, batch_size=4, shuffle=True):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        scheduler.step()
    model.eval()
    with torch.no_grad():
        model(x)
    torch.save(model.state_dict(), "model.pt")
print(loss.item())
"""


def example(run: Path, name: str, *flags: str) -> Collected:
    done = collect_command(run, [sys.executable, str(EXAMPLES / f"{name}.py")], flags)
    assert done.code == 0, done.stderr
    return done


def learned(*runs: Collected) -> list[Invariant]:
    return infer([open_dataset(one.run) for one in runs], relations=relations.select()).invariants


def verdicts(run: Collected, invariants: list[Invariant]) -> dict[str, tuple[object, ...]]:
    """Tell of each invariant whether it is violated, since when, and how often it was judged."""
    report = check([open_dataset(run.run)], invariants)
    return {
        one.invariant.text: (
            one.violation is not None,
            one.violation and one.violation.step,
            one.triggered,
        )
        for one in report.results
    }


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Collected:
    return example(tmp_path_factory.mktemp("good") / "run", "digits")


@pytest.fixture(scope="module")
def invariants(good: Collected) -> list[Invariant]:
    return learned(good)


@pytest.fixture(scope="module")
def buggy(tmp_path_factory: pytest.TempPathFactory) -> Collected:
    return example(tmp_path_factory.mktemp("buggy") / "run", "forum_84911")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_a_selective_trace_gives_the_verdicts_of_a_full_one(
    seed: int, buggy: Collected, invariants: list[Invariant], tmp_path: Path
) -> None:
    some = random.Random(seed).sample(invariants, 12)
    write(tmp_path / "some.jsonl", some)
    selective = example(tmp_path / "run", "forum_84911", "-i", str(tmp_path / "some.jsonl"))
    assert verdicts(selective, some) == verdicts(buggy, some)
    assert len(selective.rows) < len(buggy.rows)
    named = {p.get("api_full_name") or p.get("api_name") for one in some for p in one.params}
    assert {call["function"] for call in selective.calls} <= named
    asked = {
        p.get("api_full_name") or p.get("api_name")
        for one in some
        for p in one.params
        if p.get("arguments") or ("Contain" not in one.relation and one.relation not in ORDERED)
    }
    told = {call["function"] for call in selective.calls if call["args"] is not None}
    assert told == {call["function"] for call in selective.calls} & asked


@pytest.mark.slow
def test_invariants_that_cannot_be_checked_are_listed(
    collect: Collect, invariants: list[Invariant], tmp_path: Path
) -> None:
    write(tmp_path / "all.jsonl", invariants)
    done = collect(LOOP, flags=("-i", str(tmp_path / "all.jsonl")))
    assert done.code == 0
    assert f" of {len(invariants)} invariants cannot be checked here:" in done.stderr
    assert "torch.nn.modules.dropout.Dropout.forward was not called" in done.stderr


def not_at_end(call: dict[str, Any]) -> bool:
    """Leave out that a loader found no further batch: it asked for one of the next step."""
    return call["exception"] != "StopIteration"


@pytest.mark.slow
def test_windows(collect: Collect) -> None:
    full = collect(LOOP)
    sampled = collect(LOOP, flags=("--every", "20", "--window", "4", "--warmup", "8"))
    assert sampled.stdout == full.stdout
    expected = [s for s in range(60) if s < 8 or (s - 8) % 20 < 4]
    assert [call["step"] for call in sampled.named("Adam.step")] == expected
    assert [call["step"] for call in sampled.named("LRScheduler.step")[1:]] == expected
    assert {row["step"] for row in sampled.states} == set(expected)
    # What happens seldom is never left out.
    for name in ("Module.eval", "Module.train", "serialization.save", "DataLoader.__iter__"):
        assert len(sampled.named(name)) == len(full.named(name)) >= 6
    # A step that is recorded is recorded whole.
    for step in expected:
        of_step = [
            Counter(c["function"] for c in run.calls if c["step"] == step and not_at_end(c))
            for run in (full, sampled)
        ]
        assert of_step[0] == of_step[1]
    broken = [text for text, verdict in verdicts(sampled, learned(full)).items() if verdict[0]]
    assert broken == []


def test_groups_and_patterns(collect: Collect, tmp_path: Path) -> None:
    (tmp_path / "mylib.py").write_text(
        """
from contextlib import contextmanager
import torch

class Trainer:
    def __init__(self):
        self.model = torch.nn.Linear(2, 1)
    def fit(self, x):
        with Phase():
            return self.model(x).sum()
    @staticmethod
    def log(value):
        return None
    @classmethod
    def make(cls):
        return cls()

class Phase:
    def __enter__(self):
        return self
    def __exit__(self, *details):
        return None

def helper():
    return torch.zeros(3).normal_(generator=torch.Generator().manual_seed(0))
"""
    )
    script = """
import mylib
trainer = mylib.Trainer.make()
trainer.fit(mylib.torch.ones(1, 2)).backward()
trainer.log(1)
print(mylib.helper(), mylib.Trainer.fit.__qualname__)
"""
    flags = ("--groups", "+tensor,-functional", "--include", "mylib.*")
    done = collect(script, flags=(*flags, "--exclude", "*.log"), env={"PYTHONPATH": str(tmp_path)})
    assert done.stdout == "tensor([ 1.5410, -0.2934, -2.1788]) Trainer.fit\n"
    called = [call["function"] for call in done.calls]
    assert [name for name in called if name.startswith("mylib")] == [
        "mylib.Trainer.make",
        "mylib.Trainer.__init__",
        "mylib.Trainer.fit",
        "mylib.Phase.__enter__",
        "mylib.Phase.__exit__",
        "mylib.helper",
    ]
    assert "torch._C.TensorBase.normal_" in called
    assert "torch._C._nn.linear" not in called
    (forward,) = done.named("Linear.forward")
    assert forward["meta"]["context_managers"] == {"mylib.Phase": {}}
    calls = {call["event_id"]: call["function"] for call in done.calls}
    assert calls[forward["parent_id"]] == "mylib.Trainer.fit"


def test_inside(collect: Collect) -> None:
    script = """
import torch
from torch.utils.data import DataLoader
class Data(torch.utils.data.Dataset):
    def __len__(self):
        return 4
    def __getitem__(self, index):
        return torch.nn.functional.relu(torch.ones(2) * index)
for batch in DataLoader(Data(), batch_size=2):
    torch.nn.Linear(2, 1)(batch)
"""
    assert not collect(script).named("functional.relu")
    assert len(collect(script, flags=("--inside", "data")).named("functional.relu")) == 4


def test_tensors_are_told_apart_by_their_memory(collect: Collect) -> None:
    done = collect(
        """
import torch
from torch import nn
a, b = nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False)
nn.init.ones_(a.weight)
nn.init.ones_(b.weight)
nn.init.zeros_(a.weight.data)
a.weight.data.view(4).zero_()
for _ in range(100):
    nn.init.zeros_(torch.empty(3))
nn.utils.clip_grad_norm_([a.weight, b.weight], 1.0)
""",
        flags=("--groups", "+tensor"),
    )

    def storage(call: dict) -> int:
        (facts,) = call["args"]["0"].values()
        return facts["storage"]

    ones = [storage(call) for call in done.named("init.ones_")]
    zeros = [storage(call) for call in done.named("init.zeros_")]
    assert len(set(ones)) == 2
    assert zeros[0] == ones[0] == storage(done.named("TensorBase.zero_")[-1])
    assert len(set(zeros)) == 101
    (clip,) = done.named("clip_grad_norm_")
    listed = clip["args"]["0"]["list"]
    assert [one["torch.nn.Parameter"]["storage"] for one in listed] == ones


@pytest.mark.slow
def test_max_gb(collect: Collect) -> None:
    script = LOOP.replace("range(6)", "range(120)")
    done = collect(script, flags=("--max-gb", "0.00002"))
    assert done.stdout == collect(script).stdout
    assert done.manifest["counts"]["dropped"] > 1000
    assert done.manifest["counts"]["bytes"] < 200_000
    assert "rows lost" in done.stderr
    assert infer([open_dataset(done.run)], relations=relations.select()).invariants


@pytest.mark.slow
def test_launchers_of_one_job_share_a_run(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(LOOP)
    command = [sys.executable, "script.py"]
    first = collect_command(tmp_path / "run", command, ("--join",), cwd=tmp_path)
    second = collect_command(tmp_path / "run", command, ("--join",), cwd=tmp_path)
    assert (first.code, second.code) == (0, 0)
    assert len({row["process_id"] for row in second.rows}) == 2
    assert second.manifest["counts"]["events"] == len(second.rows)
    other = collect_command(tmp_path / "run", command, ("--join", "--norms"), cwd=tmp_path)
    assert other.code == 3
    assert "other options" in other.stderr


NOTEBOOK = """
import sys
import torch
from torch.nn.functional import relu
import tc_engine

def train(steps):
    torch.manual_seed(0)
    model = torch.nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = relu(model(torch.ones(2, 3)) + 5).sum()
        loss.backward()
        optimizer.step()
    return loss.item()

def seen():
    places = torch, torch.nn.functional, torch.nn.Module, torch.optim.SGD, sys.modules["__main__"]
    return [{k: id(v) for k, v in vars(place).items()} for place in places]

plain, before = train(3), seen()
with tc_engine.start(sys.argv[1] + "/first") as first:
    assert train(3) == plain
after = seen()
assert [b for b in before] == [{k: a[k] for k in b} for b, a in zip(before, after)]
second = tc_engine.start(sys.argv[1] + "/second", groups="optimizer", norms=True)
train(5)
print(second.stop())
assert train(3) == plain
"""


def test_start_and_stop_in_a_program(tmp_path: Path) -> None:
    (tmp_path / "notebook.py").write_text(NOTEBOOK)
    done = subprocess.run(
        [sys.executable, "notebook.py", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    first = Collected(tmp_path / "first", 0, "", "")
    second = Collected(tmp_path / "second", 0, "", "")
    assert len(first.named("functional.relu")) == 3
    assert [call["step"] for call in first.named("SGD.step")] == [0, 1, 2]
    assert {call["function"].rpartition(".")[2] for call in second.calls} == {
        "__init__",
        "zero_grad",
        "step",
        "sgd",
    }
    assert [call["step"] for call in second.named("SGD.step")] == [0, 1, 2, 3, 4]
    assert f"{len(second.rows)} events" in done.stdout
    assert second.manifest["ended_at"]


def test_start_inside_of_a_collection_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "notebook.py").write_text(NOTEBOOK.replace("after = seen()", "after = before"))
    command = [sys.executable, "notebook.py", str(tmp_path)]
    done = collect_command(tmp_path / "run", command, cwd=tmp_path)
    assert done.code == 0, done.stderr
    assert len(done.named("SGD.step")) == 3 + 3 + 5 + 3
    assert not (tmp_path / "first").exists()
