"""Time inference and checking beside TrainCheck 0.2.0; write benchmarks/results/peer.md and .json.

    make bench-peer TRACES=../shared/traces

sets TrainCheck up in .interop and runs `python -m benchmarks.peer ../shared/traces`: ten
minutes. In every repetition the two programs run in turn, on the same traces, so that what else
the machine does meets both; a ratio compares two runs of one repetition. Nothing of TrainCheck is
imported.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from benchmarks.compatibility.markdown import table
from benchmarks.machine import machine
from benchmarks.measure import Figures, measured, middle
from benchmarks.traces import unpack

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
THEIRS = ROOT / ".interop" / "bin"
OURS = (sys.executable, "-m", "tc_engine")
GOOD, BAD = "tutorial-mnist", "tutorial-84911"
INGEST, INFER, CHECK = f"ingest {GOOD}", f"infer from {GOOD}", f"check {BAD}"
NOTES = """\
The same traces, the same machine, one after the other in every repetition. Each figure is a whole
process, from its start to its end. TrainCheck reads its JSON each time; we read it once, with
`ingest`, which has rows of its own, and the last rows add it to what it was needed for. TrainCheck
infers with `-j 2`. Neither writes an HTML report. A ratio is the median over the repetitions, with
the lowest and the highest."""


@dataclass(frozen=True)
class Step:
    """A step of the comparison: what both were given to do, and what each took, per repetition."""

    name: str
    ours: list[Figures]
    theirs: list[Figures]


def compared(traces: Path, scratch: Path, repetitions: int) -> list[Step]:
    """Let both infer from the correct run and check the faulty one by what they inferred."""
    folders = {name: unpack(traces, name, scratch) for name in (GOOD, BAD)}
    learned, known = scratch / "learned.json", traces / GOOD / "traincheck-0.2.0/invariants.json"
    good, bad, results = scratch / "good", scratch / "bad", scratch / "results"
    found = {name: Step(name, [], []) for name in (INGEST, f"ingest {BAD}", INFER, CHECK)}
    for number in range(repetitions):
        print(f"repetition {number + 1} of {repetitions}", file=sys.stderr)
        for run, name in ((good, GOOD), (bad, BAD)):
            shutil.rmtree(run, ignore_errors=True)
            one = measured([*OURS, "ingest", folders[name], "-o", run])
            found[f"ingest {name}"].ours.append(one)
        found[INFER].ours.append(measured([*OURS, "infer", "-f", good, "-o", learned]))
        theirs = [THEIRS / "traincheck-infer", "-f", folders[GOOD], "-j", "2"]
        inferred = ["-o", scratch / "theirs.json"]
        found[INFER].theirs.append(measured([*theirs, *inferred], cwd=scratch))
        check = [*OURS, "check", "-f", bad, "-i", learned, "-o", results, "--no-html-report"]
        found[CHECK].ours.append(measured(check, allowed=(0, 1)))
        theirs = [THEIRS / "traincheck-check", "-f", folders[BAD], "-i", known]
        shutil.rmtree(results, ignore_errors=True)
        options = ["-o", results, "--no-html-report"]
        found[CHECK].theirs.append(measured([*theirs, *options], cwd=scratch))
        shutil.rmtree(results, ignore_errors=True)
    return list(found.values())


def page(steps: Sequence[Step], facts: dict[str, str | int | float]) -> str:
    """Return the page."""
    header = ("", "", "wall", "CPU", "memory", "times faster", "times less memory")
    rows = []
    for step in steps:
        rows.append([step.name, "tc_engine", *_cells(step.ours), *_ratios(step)])
        if step.theirs:
            rows.append([step.name, "TrainCheck 0.2.0", *_cells(step.theirs), "", ""])
    parts = ["# Beside TrainCheck", NOTES, table(header, rows), "## Where"]
    parts.append("\n".join(f"- {name}: {value}" for name, value in facts.items()))
    return "\n\n".join(parts) + "\n"


def _cells(runs: Sequence[Figures]) -> list[str]:
    found = middle(runs)
    return [f"{found.wall:.2f} s", f"{found.cpu:.2f} s", f"{found.memory / 1e6:,.0f} MB"]


def _ratios(step: Step) -> list[str]:
    if not step.theirs:
        return ["", ""]
    pairs = list(zip(step.ours, step.theirs, strict=True))
    faster = [theirs.wall / ours.wall for ours, theirs in pairs]
    smaller = [theirs.memory / ours.memory for ours, theirs in pairs]
    return [
        f"{median(some):.1f} ({min(some):.1f} to {max(some):.1f})" for some in (faster, smaller)
    ]


def with_ingest(steps: Sequence[Step]) -> list[Step]:
    """Add what a step and the ingestion that it needs take together."""
    ingest = {step.name: step.ours for step in steps if not step.theirs}
    added = []
    for step in steps:
        before = ingest.get(f"ingest {step.name.split()[-1]}")
        if step.theirs and before:
            ours = [_sum(*pair) for pair in zip(before, step.ours, strict=True)]
            added.append(Step(f"{step.name}, with ingest", ours, step.theirs))
    return [*steps, *added]


def _sum(one: Figures, other: Figures) -> Figures:
    return Figures(
        one.wall + other.wall,
        one.cpu + other.cpu,
        max(one.memory, other.memory),
        one.read + other.read,
        max(one.spilled, other.spilled),
    )


def main() -> None:
    """Read the command line, run both and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("traces", type=Path, help="the folder with the reference traces")
    parser.add_argument("--repetitions", type=int, default=3)
    given = parser.parse_args()
    facts = machine()
    with tempfile.TemporaryDirectory(prefix="tc-bench-") as scratch:
        steps = compared(given.traces.resolve(), Path(scratch), given.repetitions)
    text = page(with_ingest(steps), facts)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "peer.md").write_text(text, encoding="utf-8")
    content = {"machine": facts, "steps": [asdict(step) for step in steps]}
    (RESULTS / "peer.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
