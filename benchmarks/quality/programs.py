"""The correct programs of examples/, each traced once into a folder that is kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tc_engine.dataset import Dataset, open_dataset
from tc_engine.errors import DataError

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
            collect(run, (*program.launcher, str(program.script)), program.collect)
        found[program.name] = open_dataset(run)
    return found


def collect(
    run: Path,
    command: Sequence[str],
    options: Sequence[str] = (),
    *,
    fails: bool = False,
    timeout: float | None = None,
) -> None:
    """Run Python with a command and collect its trace, which is there whole or not at all.

    Raises DataError where the program fails, or does not where it should.
    """
    partial = run.with_name(f".{run.name}")
    shutil.rmtree(partial, ignore_errors=True)
    collected = ("-m", "tc_engine", "collect", *options, "-o", str(partial))
    done = subprocess.run(
        [sys.executable, *collected, "--", sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if bool(done.returncode) != fails:
        said = done.stderr[-500:]
        raise DataError(f"{' '.join(command)} ended with {done.returncode}: {said}")
    partial.rename(run)


def _can_run(name: str) -> bool:
    return name not in NEEDS or find_spec(NEEDS[name]) is not None
