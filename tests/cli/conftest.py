from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tc_engine.cli import app
from tests.builder import Trace


@dataclass(frozen=True)
class Outcome:
    """How a command line ended, and what it wrote."""

    code: int
    out: str
    err: str


Cli = Callable[..., Outcome]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run a command line in this process; `stdin` is what it reads."""

    def run(*argv: object, stdin: str = "") -> Outcome:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        code = app.run([str(argument) for argument in argv])
        captured = capsys.readouterr()
        return Outcome(int(code), captured.out, captured.err)

    return run


def training(*, steps: int = 4, updates: bool = True) -> Trace:
    """A loop of zero_grad and step, where a step changes the weight unless `updates` is False."""
    trace = Trace().process(1).thread(1).at(step=0, stage="training")
    trace.state("w", data=1)
    for step in range(steps):
        trace.at(step=step)
        with trace.call("opt.zero_grad"):
            pass
        with trace.call("opt.step") as call:
            if updates:
                trace.state("w", data=step + 2, cause=call)
    return trace


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return training().write(tmp_path_factory.mktemp("runs") / "good")


@pytest.fixture(scope="session")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return training(updates=False).write(tmp_path_factory.mktemp("runs") / "bad")


@pytest.fixture(scope="session")
def invariants(good: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("invariants") / "invariants.json"
    assert app.run(["infer", "-f", str(good), "-o", str(file)]) == 0
    return file
