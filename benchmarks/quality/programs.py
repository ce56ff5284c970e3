"""The correct programs of examples/, each traced once into a folder that is kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tc_engine.dataset import Dataset, open_dataset

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
TWO_RANKS = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")
HELPERS = {"pictures"}  # modules of examples/programs that are no programs
LAUNCHERS = {"ddp": TWO_RANKS, "fsdp": TWO_RANKS}
COLLECT = {"fsdp": ("--norms",)}
NEEDS = {"hf_trainer": "transformers"}


@dataclass(frozen=True)
class Program:
    """A correct program: what starts it, and the options that it is collected with."""

    name: str
    script: Path
    launcher: tuple[str, ...] = ()
    collect: tuple[str, ...] = ()


def programs() -> list[Program]:
    """Return the correct programs that can run here, in order of their names."""
    scripts = [EXAMPLES / "digits.py", *(EXAMPLES / "programs").glob("*.py")]
    return [
        Program(script.stem, script, LAUNCHERS.get(script.stem, ()), COLLECT.get(script.stem, ()))
        for script in sorted(scripts, key=lambda one: one.stem)
        if script.stem not in HELPERS and _can_run(script.stem)
    ]


def traced(runs: Path) -> dict[str, Dataset]:
    """Return the trace of each program, by its name; what is not in the folder yet is collected."""
    runs.mkdir(parents=True, exist_ok=True)
    found: dict[str, Dataset] = {}
    for program in programs():
        run = runs / program.name
        if not run.exists():
            print(f"collecting {program.name}", file=sys.stderr)
            _collect(program, run)
        found[program.name] = open_dataset(run)
    return found


def _collect(program: Program, run: Path) -> None:
    """Collect a program; a trace is there whole or not at all. Exits where the program fails."""
    partial = run.with_name(f".{run.name}")
    shutil.rmtree(partial, ignore_errors=True)
    command = [sys.executable, "-m", "tc_engine", "collect", *program.collect, "-o", str(partial)]
    command += ["--", sys.executable, *program.launcher, str(program.script)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{program.name} ended with {done.returncode}: {done.stderr[-500:]}")
    partial.rename(run)


def _can_run(name: str) -> bool:
    return name not in NEEDS or find_spec(NEEDS[name]) is not None
