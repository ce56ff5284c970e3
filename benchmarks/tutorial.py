"""Time the tutorial's traces: ingest, infer and check, each as its own process.

    python benchmarks/tutorial.py FOLDER_WITH_TRACES [RUNS]

FOLDER_WITH_TRACES holds tutorial-mnist/trace.tar.gz and tutorial-84911/trace.tar.gz. Prints a
Markdown table: median seconds and highest resident memory of RUNS runs (3).
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tc_engine.relations import discover

ALL_RELATIONS = ["--enable-relation", *(relation.name for relation in discover())]
COMMAND = [sys.executable, "-m", "tc_engine"]


def timed(arguments: list[str], allowed: tuple[int, ...] = (0,)) -> tuple[float, float]:
    """Run a command; return its seconds and its highest resident memory in MB."""
    start = os.times().elapsed
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in allowed:
        sys.exit(f"tc-engine {' '.join(arguments)} ended with {code}")
    return os.times().elapsed - start, usage.ru_maxrss / 1000


def main(traces: Path, runs: int) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        for name in ("tutorial-mnist", "tutorial-84911"):
            with tarfile.open(traces / name / "trace.tar.gz") as archive:
                archive.extractall(work / name, filter="data")
        folders = {path.name: next(path.iterdir()) for path in work.iterdir()}
        invariants, every = str(work / "invariants.json"), str(work / "every.json")
        good, bad = str(work / "good"), str(work / "bad")
        steps = {
            "ingest tutorial-mnist": ["ingest", str(folders["tutorial-mnist"]), "-o", good],
            "infer from it": ["infer", "-f", good, "-o", invariants],
            "infer, every relation": ["infer", "-f", good, "-o", every, *ALL_RELATIONS],
            "ingest tutorial-84911": ["ingest", str(folders["tutorial-84911"]), "-o", bad],
            "check it": ["check", "-f", bad, "-i", invariants, "-o", str(work / "results")],
        }
        figures: dict[str, list[tuple[float, float]]] = {name: [] for name in steps}
        for _ in range(runs):
            for name in ("good", "bad", "results"):
                shutil.rmtree(work / name, ignore_errors=True)
            for name, arguments in steps.items():
                figures[name].append(timed(arguments, allowed=(0, 1)))
        print("| step | seconds | memory |\n| --- | --- | --- |")
        for name, rows in figures.items():
            seconds = statistics.median(row[0] for row in rows)
            memory = max(row[1] for row in rows)
            print(f"| {name} | {seconds:.2f} | {memory:,.0f} MB |")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) == 3 else 3)
