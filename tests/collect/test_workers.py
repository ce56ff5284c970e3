"""Worker processes of a DataLoader: what they tell, and that they do it without being noticed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tc_engine.collect.fetchlog import FOLDER, FetchLog, logs
from tc_engine.collect.gather import gather
from tests.collect.conftest import Collect, Collected

FETCH = "torch.utils.data._utils.fetch._MapDatasetFetcher.fetch"
ITERABLE_FETCH = "torch.utils.data._utils.fetch._IterableDatasetFetcher.fetch"

HEAD = """
import os, sys, time
import numpy
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset

class Squares(Dataset):
    def __len__(self):
        return 12
    def __getitem__(self, i):
        return torch.nn.functional.relu(torch.tensor([float(i * i)]))

def show(loader, epochs=1):
    for epoch in range(epochs):
        print([batch.flatten().tolist() for batch in loader])
"""


def by_process(done: Collected) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for call in done.calls:
        found.setdefault(call["process_id"], []).append(call)
    return {pid: calls for pid, calls in found.items() if calls[-1]["function"].endswith(".fetch")}


def indices(calls: list[dict[str, Any]]) -> list[Any]:
    return [call["args"]["1"]["list"] for call in calls]


def test_what_a_worker_tells(collect: Collect) -> None:
    done = collect(
        HEAD
        + """
torch.manual_seed(0)
import tc_engine
def init(worker):
    tc_engine.annotate_stage("loading")
show(DataLoader(Squares(), batch_size=2, num_workers=2, worker_init_fn=init))
"""
    )
    assert json.loads(done.stdout) == [[0, 1], [4, 9], [16, 25], [36, 49], [64, 81], [100, 121]]
    first, second = sorted(by_process(done).values(), key=lambda calls: calls[0]["start_ts"])
    workers = {calls[0]["meta"]["worker_id"]: calls for calls in (first, second)}
    assert indices(workers[0]) == [[0, 1], [4, 5], [8, 9]]
    assert indices(workers[1]) == [[2, 3], [6, 7], [10, 11]]
    for worker_id, calls in workers.items():
        assert {call["function"] for call in calls} == {FETCH}  # neither relu nor annotate_stage
        assert [call["event_id"] for call in calls] == [0, 1, 2]
        assert all(call["start_ts"] < call["end_ts"] for call in calls)
        assert {call["outcome"] for call in calls} == {"ok"}
        assert calls[0]["parameters"] == ["self", "possibly_batched_index"]
        assert calls[0]["result"] is None
        assert calls[0]["stage"] == "loading"
        assert calls[0]["meta"].keys() == {
            "worker_id", "num_workers", "worker_seed", "numpy_state"
        }  # fmt: skip
        assert (calls[0]["meta"]["worker_id"], calls[0]["meta"]["num_workers"]) == (worker_id, 2)
    seeds = [calls[0]["meta"]["worker_seed"] for _, calls in sorted(workers.items())]
    assert seeds[1] == seeds[0] + 1
    assert len({calls[0]["meta"]["numpy_state"] for calls in workers.values()}) == 2
    assert done.manifest["notes"]["processes"] == 3
    assert done.manifest["counts"]["calls"] == len(done.calls)
    assert not (done.run / FOLDER).exists()


def test_workers_that_are_seeded_alike(collect: Collect) -> None:
    done = collect(
        HEAD
        + """
def init(worker):
    torch.manual_seed(7)
    numpy.random.seed(7)
show(DataLoader(Squares(), batch_size=3, num_workers=2, worker_init_fn=init))
"""
    )
    facts = [calls[0]["meta"] for calls in by_process(done).values()]
    assert [fact["worker_seed"] for fact in facts] == [7, 7]
    assert facts[0]["numpy_state"] == facts[1]["numpy_state"]


@pytest.mark.slow
def test_persistent_workers_and_ranks(collect: Collect) -> None:
    done = collect(
        HEAD
        + """
loader = DataLoader(Squares(), batch_size=4, num_workers=1, persistent_workers=True)
show(loader, epochs=3)
""",
        env={"RANK": "5"},
    )
    (calls,) = by_process(done).values()
    assert len(calls) == 3 * 3
    assert calls[0]["meta"]["RANK"] == 5
    assert done.manifest["ranks"] == [5]


@pytest.mark.slow
def test_iterable_dataset(collect: Collect) -> None:
    done = collect(
        HEAD
        + """
class Numbers(IterableDataset):
    def __iter__(self):
        return iter(range(4))
show(DataLoader(Numbers(), batch_size=2, num_workers=1))
"""
    )
    (calls,) = by_process(done).values()
    assert {call["function"] for call in calls} == {ITERABLE_FETCH}
    assert indices(calls)[0] == [None, None]
    assert [call["outcome"] for call in calls] == ["ok", "ok", "exception"]
    assert calls[-1]["exception"] == "StopIteration"


@pytest.mark.slow
def test_a_data_set_that_raises(collect: Collect) -> None:
    done = collect(
        HEAD
        + """
class Broken(Squares):
    def __getitem__(self, i):
        raise IndexError
try:
    show(DataLoader(Broken(), batch_size=2, num_workers=1))
except IndexError:
    print("raised")
"""
    )
    assert done.stdout == "raised\n"
    (calls,) = by_process(done).values()
    assert (calls[0]["outcome"], calls[0]["exception"]) == ("exception", "IndexError")


def test_a_worker_that_is_killed(collect: Collect) -> None:
    done = collect(
        HEAD
        + """
class Deadly(Squares):
    def __getitem__(self, i):
        if i == 4:
            time.sleep(1)  # or the batch before is lost too, as its memory is still the worker's
            os.kill(os.getpid(), 9)
        return super().__getitem__(i)
try:
    show(DataLoader(Deadly(), batch_size=2, num_workers=1))
except Exception:
    print("lost")
"""
    )
    assert (done.code, done.stdout) == (0, "lost\n")
    (calls,) = by_process(done).values()
    assert indices(calls) == [[0, 1], [2, 3]]
    assert done.manifest["notes"]["internal_errors"] == []


@pytest.mark.slow
def test_a_loop_that_is_left_early(collect: Collect) -> None:
    done = collect(
        HEAD
        + """
for number, batch in enumerate(DataLoader(Squares(), batch_size=1, num_workers=2)):
    if number == 2:
        break
print("left")
"""
    )
    assert (done.code, done.stdout) == (0, "left\n")
    assert len(by_process(done)) == 2


@pytest.mark.slow
def test_a_run_that_cannot_be_written(collect: Collect) -> None:
    done = collect(
        HEAD
        + """
run = os.environ["TC_ENGINE_RUN"]
open(os.path.join(run, ".workers"), "w").close()  # no folder can be made there
show(DataLoader(Squares(), batch_size=6, num_workers=1))
"""
    )
    assert (done.code, json.loads(done.stdout)) == (
        0,
        [[0, 1, 4, 9, 16, 25], [36, 49, 64, 81, 100, 121]],
    )
    assert by_process(done) == {}


@pytest.mark.slow
def test_spawned_workers(collect: Collect) -> None:
    done = collect(
        HEAD
        + """
if __name__ == "__main__":
    show(DataLoader(Squares(), batch_size=2, num_workers=2, multiprocessing_context="spawn"), 2)
"""
    )
    assert len(json.loads("[" + done.stdout.replace("]\n[", "],[") + "]")) == 2
    fetching = by_process(done)
    assert len(fetching) == 4
    assert all(len(calls) == 3 for calls in fetching.values())


@pytest.mark.slow
def test_many_short_workers(collect: Collect) -> None:
    """Workers are forked at any moment of the writer's work, and none may wait for it."""
    done = collect(
        HEAD
        + """
model = torch.nn.Linear(1, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.001)
for epoch in range(12):
    for batch in DataLoader(Squares(), batch_size=2, num_workers=3, timeout=20):
        optimizer.zero_grad()
        model(batch).sum().backward()
        optimizer.step()
"""
    )
    assert done.code == 0
    assert len(by_process(done)) == 36
    assert sum(len(calls) for calls in by_process(done).values()) == 12 * 6


def log_of(run: Path) -> Path:
    """Write the log of a process that has ended, with two fetches."""
    script = f"""
from pathlib import Path
from tc_engine.collect.fetchlog import FetchLog
log = FetchLog(Path({str(run)!r}), {{"RANK": 1}}, {{}}, {{"kind": "call", "function": "f"}})
for number in range(2):
    log.add({{"event_id": number, "args": "{{}}"}})
"""
    subprocess.run([sys.executable, "-c", script], check=True)
    (log,) = logs(run)
    return log


def test_gathering_a_torn_file(tmp_path: Path) -> None:
    log = log_of(tmp_path)
    log.write_bytes(log.read_bytes()[:-3])
    gather(tmp_path)
    assert [row["event_id"] for row in Collected(tmp_path, 0, "", "").rows] == [0]
    assert list(tmp_path.iterdir()) == [tmp_path / "events"]


def test_gathering_an_internal_error(tmp_path: Path) -> None:
    log = log_of(tmp_path)
    with log.open("a") as file:
        file.write('{"internal_error": "why"}\n')
    gather(tmp_path)
    assert len(Collected(tmp_path, 0, "", "").rows) == 2
    (summary,) = tmp_path.glob("events/*/process.json")
    assert json.loads(summary.read_text())["errors"] == {"f": "why"}


def test_workers_that_go_on_are_left_alone(tmp_path: Path) -> None:
    FetchLog(tmp_path, {}, {}, {"kind": "call", "function": "f"}).add({"event_id": 0})
    gather(tmp_path)
    assert len(logs(tmp_path)) == 1
    other = log_of_other_host(tmp_path)
    gather(tmp_path)
    assert other in logs(tmp_path)
    assert not (tmp_path / "events").exists()


def log_of_other_host(run: Path) -> Path:
    (log,) = logs(run)
    other = log.with_name("elsewhere-1-1.jsonl")
    head, _, rest = log.read_text().partition("\n")
    facts = {**json.loads(head), "host": "elsewhere", "pid": 2**22 + os.getpid()}
    other.write_text(f"{json.dumps(facts)}\n{rest}")
    return other
