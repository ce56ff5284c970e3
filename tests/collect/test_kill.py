"""However a training process ends, its trace can be used; a kill costs its last second at most."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tc_engine.dataset import open_dataset
from tc_engine.engine import stages
from tc_engine.engine.session import Session
from tc_engine.errors import DataError
from tc_engine.pipelines.infer import infer
from tc_engine.relations import by_name, discover
from tests.collect.conftest import LAUNCH

LOST_NS = 1_000_000_000
STARTED, ENDED = 60, 30  # seconds: more than any machine needs
KILLS = range(20)
PAUSES = (0, 0.005, 0.2)  # seconds between two steps: from as fast as it goes to a slow model

# Notes each finished step and the time, past all buffers.
TRAIN = """
import os, sys, time
import torch
from torch import nn

side, pause, last = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
notes = os.open(side, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.001)
x = torch.randn(4, 8)
for step in range(10**9):
    optimizer.zero_grad()
    model(x).pow(2).mean().backward()
    optimizer.step()
    os.write(notes, f"{step} {time.time_ns()}\\n".encode())
    if step == last:
        raise ValueError(step)
    time.sleep(pause)
"""


class Job:
    """A training job under collection and the steps that it noted down."""

    def __init__(self, folder: Path, pause: float, last: int) -> None:
        self.run = folder / "run"
        self._side = folder / "side.txt"
        self._side.touch()
        (folder / "train.py").write_text(TRAIN)
        train = [sys.executable, str(folder / "train.py"), str(self._side), str(pause), str(last)]
        self.process = subprocess.Popen(
            [*LAUNCH, str(self.run), "--", *train],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )

    @property
    def done(self) -> list[tuple[int, int]]:
        """Number and time in ns since the epoch of each step that was finished."""
        lines = self._side.read_text().splitlines()
        return [(int(step), int(at)) for step, at in (line.split() for line in lines)]

    @property
    def child(self) -> int:
        """Process id of the training process."""
        pid = self.process.pid
        (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return int(child)

    def await_start(self) -> None:
        """Wait for the first step."""
        for _ in range(STARTED * 100):
            if self._side.stat().st_size:
                return
            time.sleep(0.01)
        raise TimeoutError


@contextmanager
def job(folder: Path, pause: float, last: int = -1) -> Iterator[Job]:
    """Run the training program; whatever is left of it at the end is killed."""
    running = Job(folder, pause, last)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            os.killpg(running.process.pid, signal.SIGKILL)
        running.process.wait(ENDED)


def recorded(run: Path) -> list[int]:
    """Return the steps of the optimizer that are in the trace; it can be learned from."""
    dataset = open_dataset(run)
    with Session() as session:
        stages.prepare(session, [dataset])
        steps = session.rows(
            "SELECT step FROM events WHERE function LIKE '%.SGD.step' AND outcome = 'ok' "
            "ORDER BY event_id"
        )
        events, ids = session.rows("SELECT count(*), count(DISTINCT event_id) FROM events")[0]
    assert events == ids, "some events are there twice"
    relations = [by_name("output", discover())]
    infer([dataset], relations=relations)
    return [step for (step,) in steps]


def assert_survived(job: Job, killed_ns: int) -> None:
    """Of what was done more than a second before the kill, nothing is missing."""
    kept = sum(at < killed_ns - LOST_NS for _, at in job.done)
    try:
        steps = recorded(job.run)
    except DataError:
        assert kept == 0
        return
    assert steps == list(range(len(steps)))
    lost_ns = killed_ns - next((at for step, at in job.done if step == len(steps)), killed_ns)
    assert len(steps) >= kept, f"the last {lost_ns / 1e9:.2f} s are lost"


@pytest.mark.slow
@pytest.mark.parametrize("seed", KILLS)
def test_kill(tmp_path: Path, seed: int) -> None:
    with job(tmp_path, PAUSES[seed % len(PAUSES)]) as training:
        training.await_start()
        time.sleep(random.Random(seed).uniform(0.5, 4.0))
        killed_ns = time.time_ns()
        os.kill(training.child, signal.SIGKILL)
        assert training.process.wait(ENDED) == 128 + signal.SIGKILL
        assert_survived(training, killed_ns)


@pytest.mark.slow
@pytest.mark.parametrize("replaced", [False, True])
def test_kill_while_parts_are_joined(tmp_path: Path, replaced: bool) -> None:
    """At first all small parts are still there, then one that covers them is there too."""
    with job(tmp_path, 0) as training:
        training.await_start()
        await_join(training.run, replaced)
        killed_ns = time.time_ns()
        os.kill(training.child, signal.SIGKILL)
        training.process.wait(ENDED)
        assert_survived(training, killed_ns)


def await_join(run: Path, replaced: bool) -> None:
    """Wait until parts are about to be joined, or were."""
    for _ in range(STARTED * 1000):
        time.sleep(0.001)
        if list(run.glob("events/*/part-00000-*.parquet")):
            return
        if not replaced and list(run.glob("events/*/.part-00000-*")):
            return
    raise TimeoutError


@pytest.mark.slow
def test_kill_of_the_launcher_too(tmp_path: Path) -> None:
    with job(tmp_path, 0.005) as training:
        training.await_start()
        time.sleep(3)
        killed_ns = time.time_ns()
        os.killpg(training.process.pid, signal.SIGKILL)
        training.process.wait(ENDED)
        assert_survived(training, killed_ns)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_sigterm_loses_nothing(tmp_path: Path, seed: int) -> None:
    with job(tmp_path, PAUSES[seed % 2]) as training:
        training.await_start()
        time.sleep(random.Random(seed).uniform(0, 1.5))
        training.process.send_signal(signal.SIGTERM)
        assert training.process.wait(ENDED) == 128 + signal.SIGTERM
        # It may come between the end of a step and the note of it.
        done = len(training.done)
        assert recorded(training.run) in (list(range(done)), list(range(done + 1)))


def test_an_exception_loses_nothing(tmp_path: Path) -> None:
    with job(tmp_path, 0, last=100) as training:
        assert training.process.wait(ENDED) == 1
        assert recorded(training.run) == list(range(101))
