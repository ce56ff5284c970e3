"""Batches as a person or a scheduler runs them: in order, once, and safe to end at any moment."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.builder import Trace
from tests.ingest.traces import call, write

JOBS = """
[[ingest]]
name = "good"
traces = ["raw/good"]
output = "store/good"

[[infer]]
name = "rules"
runs = ["store/good", "store/other"]
output = "store/rules.json"
options = ["--enable-relation", "lead"]

[[check]]
name = "nightly"
runs = ["store/good"]
invariants = ["store/rules.json"]
output = "store/nightly"
"""
NAMES = ["good", "rules", "nightly"]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Lay out a folder with jobs, a trace to ingest and a dataset."""
    rows = [
        row for n in range(6) for row in call(f"{n}", 10 * n, 10 * n + 5, function=f"m.f{n % 2}")
    ]
    (tmp_path / "raw").mkdir()
    write(tmp_path / "raw/good", rows)
    trace = Trace()
    for step in range(3):
        for name in ("m.f0", "m.f1"):
            with trace.at(step=step).call(name):
                pass
    trace.write(tmp_path / "store/other")
    (tmp_path / "jobs.toml").write_text(JOBS, encoding="utf-8")
    return tmp_path


def start(folder: Path, *options: object) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "tc_engine", "batch", "jobs.toml", *map(str, options)]
    pipe = subprocess.PIPE
    return subprocess.Popen(words, cwd=folder, stdout=pipe, stderr=pipe, text=True)


def batch(folder: Path, *options: object, code: int = 0) -> str:
    process = start(folder, *options)
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, out + err
    return out + err


def status(folder: Path) -> dict[str, Any]:
    content = json.loads((folder / "jobs.batch/status.json").read_text(encoding="utf-8"))
    return {job["name"]: job for job in content["jobs"]}


def status_text(folder: Path) -> str:
    path = folder / "jobs.batch/status.json"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def states(folder: Path) -> dict[str, str]:
    return {name: job["state"] for name, job in status(folder).items()}


def left_over(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*.tmp")]


def until(true: Callable[[], bool]) -> None:
    for _ in range(600):
        if true():
            return
        time.sleep(0.02)
    raise AssertionError("it never happened")


def test_work_is_done_once(store: Path) -> None:
    assert "done" in batch(store)
    assert states(store) == dict.fromkeys(NAMES, "done")
    learned = (store / "store/rules.json").read_text(encoding="utf-8")
    assert "FunctionLeadRelation" in learned
    assert (store / "store/rules.json.failed").is_file()
    assert (store / "store/nightly/good/passed.log").is_file()
    assert "$ " in (store / "jobs.batch/logs/check-nightly.log").read_text(encoding="utf-8")
    assert status(store)["rules"]["memory"] > 10**7
    assert left_over(store) == []

    batch(store, "--jobs", 2)
    assert states(store) == dict.fromkeys(NAMES, "skipped")

    jobs = (store / "jobs.toml").read_text(encoding="utf-8")
    (store / "jobs.toml").write_text(jobs.replace('"lead"', '"cover"'), encoding="utf-8")
    plan = batch(store, "--dry-run").splitlines()
    assert [line.split()[2] for line in plan[2:]] == ["skip", "run", "run"]
    batch(store)
    assert states(store) == {"good": "skipped", "rules": "done", "nightly": "done"}

    (store / "store/rules.json").write_text("", encoding="utf-8")
    batch(store)
    assert states(store)["rules"] == "done", "its output was not what it had made"
    (store / "store/rules.json.failed").unlink()
    batch(store)
    assert states(store)["rules"] == "done", "nor was what lies beside it"


def test_a_failure_stops_only_what_needs_it(store: Path) -> None:
    more = '[[infer]]\nname = "apart"\nruns = ["store/other"]\noutput = "store/apart.json"\n'
    jobs = JOBS.replace("raw/good", "raw/none").replace(
        'runs = ["store/good"]', 'runs = ["store/other"]'
    )
    (store / "jobs.toml").write_text(jobs + more, encoding="utf-8")
    told = batch(store, code=3)
    assert "3 of 4 jobs did not end well" in told
    assert states(store) == {
        "good": "failed",
        "rules": "blocked",
        "nightly": "blocked",
        "apart": "done",
    }
    assert "there is nothing at" in status(store)["good"]["note"]


@pytest.mark.slow
def test_a_violation_is_a_result(store: Path) -> None:
    trace = Trace()
    for step in range(3):
        for name in ("m.f0", "m.f0", "m.f1"):
            with trace.at(step=step).call(name):
                pass
    trace.write(store / "store/bad")
    more = JOBS.replace(
        'name = "nightly"\nruns = ["store/good"]', 'name = "nightly"\nruns = ["store/bad"]'
    )
    (store / "jobs.toml").write_text(more, encoding="utf-8")
    assert "violated" in batch(store, code=1)
    assert status(store)["nightly"]["violated"] is True
    batch(store, "--exit-zero")
    assert states(store)["nightly"] == "skipped"


@pytest.mark.slow
def test_a_batch_that_is_killed_leaves_nothing_half_written(store: Path) -> None:
    process = start(store)
    until(
        lambda: (store / "jobs.batch/status.json").exists() and "running" in states(store).values()
    )
    process.kill()
    process.communicate()
    assert not (store / "store/rules.json").exists()
    batch(store)
    assert set(states(store).values()) <= {"done", "skipped"}
    for path in (store / "store").glob(".*.tmp"):
        os.utime(path, (1, 1))
    shutil.rmtree(store / "store/nightly")
    (store / "store/rules.json").unlink()
    shutil.rmtree(store / "store/good")
    batch(store)
    assert states(store) == dict.fromkeys(NAMES, "done")
    assert left_over(store) == []


@pytest.mark.slow
def test_a_scheduler_ends_a_batch(store: Path) -> None:
    process = start(store)
    until(
        lambda: (store / "jobs.batch/status.json").exists() and "running" in states(store).values()
    )
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "stopped" in out
    assert "stopped" in states(store).values()
    assert left_over(store) == []
    batch(store)
    assert set(states(store).values()) <= {"done", "skipped"}


def test_two_batches_on_one_store(store: Path) -> None:
    shutil.copy(store / "jobs.toml", store / "again.toml")
    first = start(store)
    words = [sys.executable, "-m", "tc_engine", "batch", "again.toml"]
    second = subprocess.Popen(words, cwd=store, stdout=subprocess.DEVNULL)
    assert (first.wait(timeout=120), second.wait(timeout=120)) == (0, 0)
    again = json.loads((store / "again.batch/status.json").read_text(encoding="utf-8"))["jobs"]
    both = zip(states(store).values(), (job["state"] for job in again), strict=True)
    assert [sorted(pair) for pair in both] == [["done", "skipped"]] * 3
    assert left_over(store) == []


def test_a_batch_that_waits_for_a_lock_can_be_ended(store: Path) -> None:
    (store / "store/.good.lock").touch()
    with (store / "store/.good.lock").open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        process = start(store)
        until(lambda: "waiting for another batch" in status_text(store))
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 143
    assert set(states(store).values()) == {"stopped"}


def test_a_job_that_needs_more_than_there_is(store: Path) -> None:
    (store / "jobs.toml").write_text(JOBS + 'memory = "9GB"\n', encoding="utf-8")
    assert "nightly needs more than the budget" in batch(store, "--memory-limit", "1GB", code=2)
