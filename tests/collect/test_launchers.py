"""One small program under the launchers that people use: traced in each process, ranks told."""

from __future__ import annotations

import sys
import sysconfig
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.collect.conftest import Collected, collect_command

SCRIPT = """
import os, sys
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch.distributed.device_mesh import init_device_mesh

def train():
    torch.manual_seed(0)
    model = torch.nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        model(torch.ones(2, 3)).sum().backward()
        if dist.is_initialized():
            for parameter in model.parameters():
                dist.all_reduce(parameter.grad)
        optimizer.step()
    os.write(1, f"weight {model.weight.sum().item()}\\n".encode())  # in one piece

def join(rank, ranks, file):
    dist.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=ranks)

def train_together(rank, ranks, file):
    join(rank, ranks, file)
    train()
    dist.destroy_process_group()

def train_in_mesh(rank, ranks, file):
    join(rank, ranks, file)
    mesh = init_device_mesh("cpu", (2, ranks // 2), mesh_dim_names=("dp", "tp"))
    init_device_mesh("cpu", (ranks,))
    mesh["tp"]
    train()
    dist.destroy_process_group()

if __name__ == "__main__":
    how = sys.argv[1] if len(sys.argv) > 1 else "alone"
    if how == "launched" and int(os.environ.get("WORLD_SIZE", 1)) > 1:
        dist.init_process_group("gloo")
        train()
        dist.destroy_process_group()
    elif how in ("fork", "spawn"):
        children = [mp.get_context(how).Process(target=train) for _ in range(2)]
        for child in children:
            child.start()
        for child in children:
            child.join()
    elif how == "ranks":
        mp.spawn(train_together, args=(2, os.path.abspath("store")), nprocs=2)
    elif how == "mesh":
        mp.spawn(train_in_mesh, args=(2, os.path.abspath("store")), nprocs=2)
    else:
        train()
"""
SCRIPTS = Path(sysconfig.get_path("scripts"))
TWO = ("--standalone", "--nproc_per_node", "2")
TORCHRUN = (str(SCRIPTS / "torchrun"), *TWO)
RUN_MODULE = (sys.executable, "-m", "torch.distributed.run", *TWO)
ACCELERATE = (
    str(SCRIPTS / "accelerate"), "launch", "--num_machines", "1", "--mixed_precision", "no",
    "--dynamo_backend", "no", "--num_cpu_threads_per_process", "1", "--num_processes",
)  # fmt: skip


def collected(folder: Path, *command: str) -> Collected:
    done = collect_command(folder / "run", list(command), cwd=folder)
    assert done.code == 0, done.stderr
    assert done.manifest["notes"]["internal_errors"] == []
    return done


def training(done: Collected) -> dict[int, list[dict[str, Any]]]:
    """Return the rows of the processes that train, by process."""
    found: dict[int, list[dict[str, Any]]] = {}
    for row in done.rows:
        found.setdefault(row["process_id"], []).append(row)
    return {
        process: rows
        for process, rows in found.items()
        if any(row["function"] == "torch.optim.sgd.SGD.step" for row in rows)
    }


def assert_trained(done: Collected, processes: int) -> None:
    """Each process has taken two steps with two changes of its weight, and printed the same."""
    lines = done.stdout.splitlines()
    assert len(lines) == processes
    assert len(set(lines)) == 1
    of_processes = training(done)
    assert len(of_processes) == processes
    for rows in of_processes.values():
        steps = Counter(
            row["step"] for row in rows if row["function"] == "torch.optim.sgd.SGD.step"
        )
        assert steps == {0: 1, 1: 1}
        weights = [row for row in rows if row["variable"] == "model.weight"]
        assert len({row["attributes"]["data"] for row in weights}) == 3


def ranks(done: Collected) -> list[tuple[int, int]]:
    """Return rank and number of ranks of each process, which must not change while it trains."""
    found = []
    for rows in training(done).values():
        seen = {
            (row["meta"]["RANK"], row["meta"]["WORLD_SIZE"])
            for row in rows
            if row["stage"] == "training"
        }
        assert len(seen) == 1
        found += seen
    return sorted(found)


@pytest.fixture
def script(tmp_path: Path) -> str:
    """Return the path of the program, which lies in the folder of the test."""
    file = tmp_path / "train.py"
    file.write_text(SCRIPT)
    return str(file)


@pytest.mark.slow
@pytest.mark.parametrize(
    "launcher",
    [
        pytest.param(TORCHRUN, id="torchrun"),
        pytest.param(RUN_MODULE, id="torch.distributed.run"),
        # Its launcher of several processes, also without a GPU.
        pytest.param((*ACCELERATE, "2", "--multi_gpu"), id="accelerate"),
    ],
)
def test_launchers_of_two_ranks(launcher: tuple[str, ...], script: str, tmp_path: Path) -> None:
    done = collected(tmp_path, *launcher, script, "launched")
    assert_trained(done, processes=2)
    assert ranks(done) == [(0, 2), (1, 2)]
    assert done.manifest["ranks"] == [0, 1]
    assert all("LOCAL_RANK" in row["meta"] for rows in training(done).values() for row in rows)


@pytest.mark.slow
def test_accelerate_with_one_process(script: str, tmp_path: Path) -> None:
    done = collected(tmp_path, *ACCELERATE, "1", "--cpu", script, "launched")
    assert_trained(done, processes=1)


def test_a_shell_script(script: str, tmp_path: Path) -> None:
    shell = tmp_path / "train.sh"
    shell.write_text(f"#!/bin/sh\nset -e\n{sys.executable} {script}\n{sys.executable} {script}\n")
    shell.chmod(0o755)
    assert_trained(collected(tmp_path, str(shell)), processes=2)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["fork", "spawn"])
def test_children(how: str, script: str, tmp_path: Path) -> None:
    done = collected(tmp_path, sys.executable, script, how)
    assert_trained(done, processes=2)
    assert done.manifest["ranks"] == []


@pytest.mark.slow
def test_ranks_that_only_the_program_knows(script: str, tmp_path: Path) -> None:
    done = collected(tmp_path, sys.executable, script, "ranks")
    assert_trained(done, processes=2)
    assert ranks(done) == [(0, 2), (1, 2)]
    assert done.manifest["ranks"] == [0, 1]


@pytest.mark.slow
def test_places_in_a_device_mesh(script: str, tmp_path: Path) -> None:
    done = collected(tmp_path, sys.executable, script, "mesh")
    assert_trained(done, processes=2)
    places = sorted(
        (row["meta"]["RANK"], row["meta"]["mesh"]["dp"], row["meta"]["mesh"]["tp"])
        for rows in training(done).values()
        for row in rows
        if row["function"] == "torch.optim.sgd.SGD.step" and row["step"] == 0
    )
    assert places == [(0, 0, 0), (1, 1, 0)]


@pytest.mark.slow
def test_a_child_that_is_forked_while_the_writer_imports(tmp_path: Path) -> None:
    script = """
import multiprocessing, sys, time
import torch
torch.nn.functional.relu(torch.ones(2))
until = time.monotonic() + 10
while "pyarrow" not in sys.modules and time.monotonic() < until:
    time.sleep(0.001)
child = multiprocessing.get_context("fork").Process(
    target=torch.nn.functional.relu, args=(torch.ones(2),)
)
child.start()
child.join(30)
print(child.exitcode)
child.kill()
"""
    done = collected(tmp_path, sys.executable, "-c", script)
    assert done.stdout == "0\n"
    assert len({call["process_id"] for call in done.named("relu")}) == 2
