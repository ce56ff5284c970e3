"""Time the engine on one machine, and write benchmarks/results/engine.md, .json and .svg.

    make bench TRACES=../shared/traces

runs `python -m benchmarks.engine ../shared/traces`, which takes a quarter of an hour: every command
on the tutorial's traces, every relation by itself, larger and larger copies of the correct run, and
more and more runs. --small leaves out what takes more than half a minute.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import engine_page
from benchmarks.machine import machine
from benchmarks.measure import Figures, measured, middle
from benchmarks.traces import unpack
from tc_engine.relations import discover

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
SAMPLE = ROOT / "data" / "samples" / "digits_run"
OURS = (sys.executable, "-m", "tc_engine")
RELATIONS = [relation.name for relation in discover()]
GOOD, BAD = "tutorial-mnist", "tutorial-84911"
LIMIT = "2GB"


@dataclass(frozen=True)
class Row:
    """A command of the benchmark: the part that it belongs to, its name and its size.

    `size` is in events, runs or bytes of JSON, whatever the part counts; `times` how often it ran.
    """

    part: str
    name: str
    size: int
    times: int
    figures: Figures


class Bench:
    """Where the benchmark works: a folder that goes away."""

    def __init__(self, scratch: Path, traces: Path, repetitions: int, *, small: bool) -> None:
        self.scratch = scratch
        self.traces = traces
        self.repetitions = repetitions
        self.small = small
        self.good, self.bad = scratch / "good", scratch / "bad"
        self.learned = scratch / "learned.json"

    def time(
        self, part: str, name: str, size: int, *command: object, times: int | None = None
    ) -> Row:
        """Run a command of ours some times."""
        print(f"{part}: {name}", file=sys.stderr)
        times = times or self.repetitions
        runs = [measured([*OURS, *command], allowed=(0, 1)) for _ in range(times)]
        return Row(part, name, size, times, middle(runs))

    def infer(self, *runs: Path) -> list[object]:
        """Return the arguments that infer from runs."""
        return ["infer", "-o", self.scratch / "inferred.json", "-f", *runs]


def commands(bench: Bench) -> Iterator[Row]:
    """Time every command on the tutorial's traces, from the JSON to the findings."""
    for name, run in ((GOOD, bench.good), (BAD, bench.bad)):
        folder = unpack(bench.traces, name, bench.scratch)
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        yield bench.time("commands", f"ingest {name}", size, "ingest", folder, "-o", run)
    good, bad = _events(bench.good), _events(bench.bad)
    query = ["sql", bench.good, "-c"]
    yield bench.time("commands", f"derive every table of {GOOD}", good, *query, "SHOW TABLES")
    infer = ["infer", "-f", bench.good, "-o"]
    yield bench.time("commands", f"infer from {GOOD}", good, *infer, bench.learned)
    every = [*infer, bench.scratch / "every.json", "--enable-relation", *RELATIONS]
    yield bench.time("commands", f"infer from {GOOD}, every relation", good, *every)
    check = ["check", "-f", bench.bad, "-i", bench.learned, "-o", bench.scratch / "results"]
    yield bench.time("commands", f"check {BAD}", bad, *check)
    one = "SELECT * FROM calls LIMIT 1"
    yield bench.time("commands", "sql: the first row of a sample", 1289, "sql", SAMPLE, "-c", one)
    yield bench.time("commands", "--help", 0, "--help")


def relations(bench: Bench) -> Iterator[Row]:
    """Time every relation by itself on the correct run."""
    for name in RELATIONS:
        infer = [*bench.infer(bench.good), "--enable-relation", name]
        yield bench.time("relations", name, _events(bench.good), *infer)


def learner(bench: Bench) -> Iterator[Row]:
    """Time the learner alone, on the correct run and on ten copies of it."""
    large = scaled(bench.good, bench.scratch / "ten", "--steps", "10")
    for name, run in ((GOOD, bench.good), (f"10 x {GOOD}", large)):
        print(f"learner: {name}", file=sys.stderr)
        command = [sys.executable, "-m", "benchmarks.learner", run]
        found = [
            json.loads(subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout)
            for _ in range(bench.repetitions)
        ]
        figures = [Figures(one["wall"], one["cpu"], 0, 0, 0) for one in found]
        size = int(found[0]["hypotheses"])
        yield Row("learner", name, size, bench.repetitions, middle(figures))


def partitions(bench: Bench) -> Iterator[Row]:
    """Time inference from eight runs in one session, in two processes, and with a kept folder."""
    runs = []
    for number in range(8):
        copies = ("--ranks", "1", "--steps", str(1 + number % 2))
        runs.append(scaled(bench.good, bench.scratch / f"part-{number}", *copies))
    size, few = sum(map(_events, runs)), sum(map(_events, runs[:-1]))
    work, times = bench.scratch / "work", 1
    infer = bench.infer(*runs)
    yield bench.time("partitions", "one session", size, *infer)
    yield bench.time("partitions", "--partitions 2", size, *infer, "--partitions", "2")
    kept = [*bench.infer(*runs[:-1]), "--work", work]
    yield bench.time("partitions", "seven runs, into an empty --work", few, *kept, times=times)
    kept = [*infer, "--work", work]
    yield bench.time("partitions", "an eighth run, with that --work", size, *kept, times=times)
    yield bench.time("partitions", "all eight again, with that --work", size, *kept)


def growth(bench: Bench) -> Iterator[Row]:
    """Time inference from one to a hundred copies of the correct run, one after another in time."""
    run = bench.scratch / "grown"
    for copies in (1, 3, 10) if bench.small else (1, 3, 10, 30, 100):
        scaled(bench.good, run, "--steps", str(copies))
        times = bench.repetitions if copies < 10 else 1
        size = _events(run)
        yield bench.time("growth", f"{copies} x", size, *bench.infer(run), times=times)
    limited = [*bench.infer(run), "--memory-limit", LIMIT]
    yield bench.time("limited", f"{copies} x, --memory-limit {LIMIT}", size, *limited, times=1)
    shutil.rmtree(run)


def many_runs(bench: Bench) -> Iterator[Row]:
    """Time inference from one to a thousand small runs."""
    for count in (1, 10, 100) if bench.small else (1, 10, 100, 1000):
        runs = [bench.scratch / "runs" / f"run-{number:04d}" for number in range(count)]
        for run in runs:
            if not run.exists():
                shutil.copytree(SAMPLE, run)
        times = bench.repetitions if count < 100 else 1
        yield bench.time("runs", f"{count} runs", count, *bench.infer(*runs), times=times)


def worst_case(bench: Bench) -> Iterator[Row]:
    """Time inference from as many records as in the paper's slowest: 768 k took 38 hours."""
    runs = []
    for number, source in enumerate([bench.good] * 2 + [bench.bad] * 3):
        runs.append(scaled(source, bench.scratch / f"program-{number}"))
    size = sum(map(_events, runs))
    yield bench.time("worst case", "766 k records, five runs", size, *bench.infer(*runs))


def scaled(source: Path, target: Path, *options: str) -> Path:
    """Write a larger run in another process: memory of this one would count as the commands'."""
    command = [sys.executable, "-m", "benchmarks.scaled", str(source), str(target), *options]
    subprocess.run(command, check=True, cwd=ROOT)
    return target


def _events(run: Path) -> int:
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    return int(manifest["counts"]["events"])


def main() -> None:
    """Read the command line, run everything and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("traces", type=Path, help="the folder with the reference traces")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--small", action="store_true", help="print the page only, of small sizes")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tc-bench-") as scratch:
        bench = Bench(Path(scratch), given.traces, given.repetitions, small=given.small)
        rows = [row for part in PARTS for row in part(bench)]
    text = engine_page.page(rows, machine())
    sys.stdout.write(text)
    if not given.small:
        write(rows, text)


def write(rows: Sequence[Row], text: str) -> None:
    """Write the page, its numbers and its picture."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "engine.md").write_text(text, encoding="utf-8")
    (RESULTS / "engine.svg").write_text(engine_page.picture(rows), encoding="utf-8")
    content = {"machine": machine(), "rows": [asdict(row) for row in rows]}
    (RESULTS / "engine.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


PARTS = (commands, relations, learner, worst_case, partitions, many_runs, growth)

if __name__ == "__main__":
    main()
