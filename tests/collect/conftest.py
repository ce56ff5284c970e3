"""Run small scripts under collection, as a user would, and read back what was traced."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest

LAUNCH = (sys.executable, "-m", "tc_engine", "collect", "-o")
TIMEOUT = 120


@dataclass(frozen=True)
class Collected:
    """What a collection left behind."""

    run: Path
    code: int
    stdout: str
    stderr: str

    @property
    def manifest(self) -> dict[str, Any]:
        return json.loads((self.run / "manifest.json").read_text())

    @property
    def rows(self) -> list[dict[str, Any]]:
        """All rows, JSON decoded, in the order of events; of several processes one by one."""
        files = sorted(self.run.glob("events/process=*/part-*.parquet"))
        rows = ds.dataset(files).to_table().to_pylist() if files else []
        for row in rows:
            for name in ("parameters", "args", "kwargs", "result", "attributes", "meta"):
                row[name] = None if row[name] is None else json.loads(row[name])
        return sorted(rows, key=lambda row: (row["process_id"], row["event_id"]))

    @property
    def calls(self) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["kind"] == "call"]

    @property
    def states(self) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["kind"] == "state"]

    def named(self, ending: str) -> list[dict[str, Any]]:
        """Calls of the functions whose name ends so."""
        return [call for call in self.calls if call["function"].endswith(ending)]

    def changes(self, variable: str) -> list[tuple[str, str | None]]:
        """What changed in each state of a variable, and the function that caused it."""
        functions = {call["event_id"]: call["function"] for call in self.calls}
        found = []
        before: dict[str, Any] | None = None
        for state in self.states:
            if state["variable"] != variable:
                continue
            now = state["attributes"]
            changed = (
                "new"
                if before is None
                else ",".join(sorted(k for k in now if now[k] != before.get(k)))
            )
            found.append((changed, functions.get(state["cause_id"])))
            before = now
        return found


Collect = Callable[..., Collected]


@pytest.fixture(scope="session")
def collect(tmp_path_factory: pytest.TempPathFactory) -> Collect:
    """Return a function that runs a script under collection."""

    def run(script: str, *args: str, options: tuple[str, ...] = (), **more: Any) -> Collected:
        folder = tmp_path_factory.mktemp("collect")
        (folder / "script.py").write_text(textwrap.dedent(script))
        command = [sys.executable, *options, str(folder / "script.py"), *args]
        return collect_command(folder / "run", command, **{"cwd": folder, **more})

    return run


def collect_command(
    run: Path, command: list[str], flags: tuple[str, ...] = (), **more: Any
) -> Collected:
    """Run a command under collection, with flags of `collect`."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **more.pop("env", {})}
    done = subprocess.run(
        [*LAUNCH, str(run), *flags, "--", *command],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        env=environment,
        check=False,
        **more,
    )
    return Collected(run, done.returncode, done.stdout, done.stderr)
