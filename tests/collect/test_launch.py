"""What the program and its caller notice of being collected: nothing but one line."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.dataset as ds
import pytest

from tc_engine.collect.launch import CollectOptions, launch
from tc_engine.errors import DataError
from tests.collect.conftest import LAUNCH, Collect, collect_command

TRAIN = """
import torch
torch.manual_seed(0)
model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
def step():
    optimizer.zero_grad()
    loss = model(torch.ones(2, 3)).sum()
    loss.backward()
    optimizer.step()
    return loss
"""


def test_program_sees_its_own_world(collect: Collect) -> None:
    done = collect(
        TRAIN
        + """
import json, os, sys
step()
print(json.dumps([
    sys.argv[1:], os.getcwd(), sys.stdin.read(), __name__, os.path.basename(__file__),
    [p for p in sys.path if "tc_engine" in p], [m for m in sys.modules if "sitecustom" in m],
]))
print("to stderr", file=sys.stderr)
sys.exit(7)
""",
        "--a",
        "b c",
        input="from stdin",
        env={"PYTHONPATH": ""},
    )
    assert done.code == 7
    argv, cwd, stdin, name, file, path, modules = json.loads(done.stdout)
    assert (argv, stdin, name, file) == (["--a", "b c"], "from stdin", "__main__", "script.py")
    assert Path(cwd) == done.run.parent
    assert (path, modules) == ([], [])
    assert done.stderr.startswith("to stderr\ntc-engine: ")


def test_summary_and_manifest(collect: Collect) -> None:
    done = collect(TRAIN + "step()", env={"RANK": "3", "LOCAL_RANK": "1", "SECRET_TOKEN": "hush"})
    manifest = done.manifest
    calls, states = len(done.calls), len(done.states)
    assert manifest["counts"] == {
        "events": calls + states,
        "calls": calls,
        "states": states,
        "variables": 2,
        "bytes": sum(f.stat().st_size for f in done.run.glob("events/*/*.parquet")),
        "dropped": 0,
        "internal_errors": 0,
    }
    assert manifest["ranks"] == [3]
    assert manifest["ended_at"] >= manifest["started_at"]
    assert set(manifest["versions"]) == {"python", "tc_engine", "torch"}
    assert done.stderr.startswith(
        f"tc-engine: {calls + states:,} events ({calls:,} calls, {states:,} states of 2 variables)"
    )
    assert done.rows[0]["meta"] == {"RANK": 3, "LOCAL_RANK": 1}
    everything = "".join(f.read_text() for f in done.run.rglob("*.json"))
    assert "hush" not in everything
    assert sorted(path.name for path in done.run.iterdir()) == ["events", "manifest.json"]


@pytest.mark.parametrize(
    ("options", "script", "reason"),
    [
        (("-I",), "import torch", "-S, -I or -E"),
        ((), "pass", "never imported torch"),
        ((), "import torch", "no function of torch that matters"),
    ],
)
def test_says_why_nothing_was_traced(
    collect: Collect, options: tuple[str, ...], script: str, reason: str
) -> None:
    done = collect(script, options=options)
    assert done.code == 0
    assert done.stderr.startswith("tc-engine: nothing was traced: ")
    assert reason in done.stderr


def test_command_that_cannot_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "plain.txt"
    file.touch()
    assert launch(["no-such-command"], tmp_path / "run", CollectOptions()) == 127
    assert launch([str(file)], tmp_path / "run", CollectOptions()) == 126
    assert "no such command" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_run_that_exists(tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert launch(["true"], run, CollectOptions()) == 0
    with pytest.raises(DataError, match="exists already"):
        launch(["true"], run, CollectOptions())
    assert launch(["false"], run, CollectOptions(overwrite=True)) == 1
    (tmp_path / "mine.txt").touch()
    with pytest.raises(DataError, match="is not a trace dataset"):
        launch(["true"], tmp_path, CollectOptions(overwrite=True))


WAITING = (
    TRAIN
    + """
import sys, time
step()
class Slow(torch.nn.Module):
    def forward(self, x):
        print("waiting", flush=True)
        time.sleep(60)
Slow()(torch.ones(1))
"""
)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGKILL, 137)]
)
def test_signals(tmp_path: Path, number: signal.Signals, code: int) -> None:
    (tmp_path / "script.py").write_text(WAITING)
    run = tmp_path / "run"
    with subprocess.Popen(
        [*LAUNCH, str(run), "--", sys.executable, str(tmp_path / "script.py")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        if number == signal.SIGKILL:
            time.sleep(1)  # the writer's interval
            os.kill(_only_child(process.pid), number)
        else:
            process.send_signal(number)
        assert process.wait(30) == code
    calls = collect_rows(run)
    assert sum(name.endswith("SGD.step") for name, _ in calls) == 1
    if number != signal.SIGKILL:
        expected = "exception" if number == signal.SIGINT else "incomplete"
        assert ("__main__.Slow.forward", expected) in calls


def _only_child(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def collect_rows(run: Path) -> list[tuple[str, str]]:
    files = sorted(run.glob("events/process=*/part-*.parquet"))
    table = ds.dataset(files).to_table(columns=["function", "outcome"]).to_pylist()
    return [(row["function"], row["outcome"]) for row in table if row["function"]]


def test_a_sitecustomize_of_the_user_still_runs(collect: Collect, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import builtins; builtins.mine = __file__")
    done = collect("import torch; print(mine)", env={"PYTHONPATH": str(tmp_path)})
    assert done.stdout == f"{tmp_path}/sitecustomize.py\n"


def test_any_command(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(TRAIN + "step()")
    shell = f"cd {tmp_path} && {sys.executable} script.py && {sys.executable} script.py; exit 5"
    done = collect_command(tmp_path / "run", ["sh", "-c", shell])
    assert done.code == 5
    assert len({row["process_id"] for row in done.rows}) == 2
    assert len(done.named("SGD.step")) == 2
