"""Packages that bring a relation of their own, and the command line beside them."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

from tc_engine.relations import ENTRY_POINTS
from tests.cli.conftest import Outcome

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "adding_a_relation"
SQL = EXAMPLE / "sql"


def install_example(site: Path) -> Path:
    """Make a folder what `pip install ./examples/adding_a_relation` makes of it."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    modules = {"calls_per_step": (EXAMPLE / "calls_per_step.py").read_text()}
    return install(site, modules, project["entry-points"][ENTRY_POINTS])


def install(site: Path, modules: dict[str, str], entries: dict[str, str]) -> Path:
    """Make a folder what pip makes of a package: its modules, and its entry points."""
    info = site / "stranger-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    lines = [f"{name} = {value}\n" for name, value in entries.items()]
    (info / "entry_points.txt").write_text("".join([f"[{ENTRY_POINTS}]\n", *lines]))
    for name, text in modules.items():
        (site / f"{name}.py").write_text(text)
    return site


def run_tool(folder: Path, site: Path | None, *argv: object) -> Outcome:
    """Run tc-engine in a folder, with the packages of `site` if any."""
    path = os.pathsep.join(map(str, filter(None, (site, ROOT))))
    done = subprocess.run(
        [sys.executable, "-m", "tc_engine", *map(str, argv)],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
    )
    return Outcome(done.returncode, done.stdout, done.stderr)
