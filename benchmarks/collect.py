"""Time collection against the plain program, and write benchmarks/results/collect.md and .json.

    make bench-collect

runs `python -m benchmarks.collect`, which takes twenty minutes; --help lists its options.
Each repetition runs a program in all modes, in rotated order, so that what else the machine does
meets them alike. TrainCheck runs in its own environment, .interop: nothing of it is imported. Ends
with 1 where a program under collection ended with another loss than without.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.collect_page import (
    AGAIN,
    FULL,
    PLAIN,
    SELECTIVE,
    THEIRS,
    Results,
    Run,
    as_json,
    different_losses,
    page,
)
from benchmarks.machine import machine

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS, RESULTS = ROOT / "benchmarks" / "programs", ROOT / "benchmarks" / "results"
OURS = (sys.executable, "-m", "tc_engine")
INTEROP = ROOT / ".interop" / "bin"
TWO_RANKS = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")

STEPS = {"mnist": 200, "resnet": 60, "transformer": 160, "lstm": 160, "vae": 800, "ddp": 100}
MODES = (PLAIN, AGAIN, FULL, SELECTIVE)
BESIDE, BESIDE_STEPS, BESIDE_MODES = "mnist", 20, (PLAIN, FULL, THEIRS)
MALLOC = {"MALLOC_TRIM_THRESHOLD_": str(2**30), "MALLOC_MMAP_THRESHOLD_": str(2**30)}
"""In all modes: memory is kept when it is freed. To get it back from the kernel costs many times as
much on one machine as on another, and would decide the figures."""
CONTAIN, SAMPLE, SEED = "APIContainRelation", 100, 1


@dataclass(frozen=True)
class Bench:
    """Where the benchmark works: a folder that goes away, with a copy of the programs in it."""

    scratch: Path
    threads: int

    @property
    def programs(self) -> Path:
        """The copy, because TrainCheck leaves files beside a program."""
        return self.scratch / "programs"

    def measured(self, program: str, mode: str, repetition: int, steps: int) -> Run:
        """Run a program once, and throw its trace away."""
        trace = self.scratch / "trace"
        shutil.rmtree(trace, ignore_errors=True)
        wall, memory, output = self.run(self.command(program, mode, steps, trace))
        printed = re.findall(r'\{"seconds": .*\}', output)
        if len(printed) != 1:
            sys.exit(f"{program} ({mode}) did not print its times: {output[-500:]}")
        said = json.loads(printed[0])
        seconds = tuple(round(one, 6) for one in said["seconds"])
        size = trace_size(trace, mode)
        if mode in (FULL, SELECTIVE) and (missing := incomplete(trace)):
            sys.exit(f"{program} ({mode}): {missing}, so the figures would be worth nothing")
        return Run(
            program, mode, repetition, steps, seconds, said["loss"], round(wall, 3), memory, size
        )

    def command(self, program: str, mode: str, steps: int, trace: Path) -> list[str]:
        """Return the command that runs a program in a mode, and leaves its trace, if any."""
        launcher = TWO_RANKS if program == "ddp" else ()
        arguments = [*launcher, f"{program}.py", "--steps", str(steps)]
        if mode == THEIRS:
            script = self.programs / "run.sh"
            script.write_text(shlex.join([str(INTEROP / "python"), *arguments]), encoding="utf-8")
            files = ["-p", str(script.with_name(f"{program}.py")), "-s", str(script)]
            where = ["--output-dir", str(trace), "--models-to-track", "model"]
            return [str(INTEROP / "traincheck-collect"), *files, *where]
        plain = [sys.executable, *arguments]
        if mode in (PLAIN, AGAIN):
            return plain
        chosen = ["--invariants", str(self.invariants(program))] if mode == SELECTIVE else []
        return [*OURS, "collect", "-o", str(trace), *chosen, "--", *plain]

    def invariants(self, program: str) -> Path:
        """Return where the invariants for selective collection are."""
        return self.scratch / f"{program}.jsonl"

    def learn(self, program: str, steps: int) -> tuple[int, int]:
        """Write a sample of what a full run teaches; return its size, and of how many it is."""
        trace, learned = self.scratch / "trace", self.scratch / "learned.json"
        shutil.rmtree(trace, ignore_errors=True)
        self.run(self.command(program, FULL, steps, trace))
        which = ["--enable-relation", "contain"]
        self.run([*OURS, "infer", "-f", str(trace), "-o", str(learned), *which])
        known = learned.read_text(encoding="utf-8").splitlines()
        chosen = sample(known)
        self.invariants(program).write_text("\n".join([*chosen, ""]), encoding="utf-8")
        return len(chosen), len(known)

    def run(self, command: Sequence[str]) -> tuple[float, int, str]:
        """Run a command that must not fail; return its seconds, peak bytes and output."""
        out, err = self.scratch / "stdout", self.scratch / "stderr"
        environment = {**os.environ, **MALLOC, "OMP_NUM_THREADS": str(self.threads)}
        with out.open("wb") as stdout, err.open("wb") as stderr:
            began = time.perf_counter()
            process = subprocess.Popen(
                command, cwd=self.programs, env=environment, stdout=stdout, stderr=stderr
            )
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said = "".join(path.read_text(errors="replace")[-2000:] for path in (out, err))
            sys.exit(f"{shlex.join(command)} failed:\n{said}")
        # In kB, of the largest of all processes of the command.
        return wall, usage.ru_maxrss * 1024, out.read_text(encoding="utf-8", errors="replace")


def trace_size(trace: Path, mode: str) -> int:
    """Return the bytes of a trace; of TrainCheck's folder, only what its readers read."""
    return sum(
        path.stat().st_size
        for path in trace.rglob("*")
        if path.is_file()
        and (mode != THEIRS or path.name.startswith("trace_") or path.name == "proxy_log.json")
    )


def incomplete(trace: Path) -> str:
    """Tell what our trace lacks; collection is cheap where it gives up. Empty if it is whole."""
    counts = json.loads((trace / "manifest.json").read_text(encoding="utf-8"))["counts"]
    if not counts.get("events"):
        return "nothing was traced"
    return ", ".join(
        f"{name} {counts[name]}" for name in ("dropped", "internal_errors") if counts[name]
    )


def sample(lines: Sequence[str]) -> list[str]:
    """Draw the Contain invariants for selective collection, always the same ones."""
    known = [line for line in lines if json.loads(line)["relation"] == CONTAIN]
    return random.Random(SEED).sample(known, min(SAMPLE, len(known)))


def rotated(modes: Sequence[str], repetition: int) -> list[str]:
    """Return the modes in the order in which a repetition runs them."""
    first = repetition % len(modes)
    return [*modes[first:], *modes[:first]]


def compared(
    bench: Bench, steps: Mapping[str, int], modes: Sequence[str], repetitions: int
) -> list[Run]:
    """Run all programs in all modes."""
    runs = []
    for repetition in range(1, repetitions + 1):
        for program, count in steps.items():
            for mode in rotated(modes, repetition - 1):
                run = bench.measured(program, mode, repetition, count)
                step = 1000 * sorted(run.seconds)[len(run.seconds) // 2]
                print(
                    f"{repetition} of {repetitions}: {program}, {mode}: {step:.1f} ms per step, "
                    f"{run.wall:.1f} s in all",
                    file=sys.stderr,
                )
                runs.append(run)
    return runs


def listed(known: Collection[str]) -> Callable[[str], list[str]]:
    """Make a reader of names with commas between them."""

    def split(text: str) -> list[str]:
        if unknown := set(text.split(",")) - set(known):
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not in {', '.join(known)}")
        return text.split(",")

    return split


def parsed() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.collect")
    parser.add_argument(
        "--programs", type=listed(STEPS), default=list(STEPS), help=", ".join(STEPS)
    )
    parser.add_argument("--modes", type=listed(MODES), default=MODES, help=", ".join(MODES))
    parser.add_argument("--repetitions", type=int, default=5, help="5 unless told")
    parser.add_argument("--beside", type=int, default=3, help="repetitions with TrainCheck")
    parser.add_argument("--steps", type=int, help="the same for every program, for a trial")
    parser.add_argument("--threads", type=int, default=1, help="OMP_NUM_THREADS")
    parser.add_argument("--output-dir", type=Path, default=RESULTS, help="where the page goes")
    return parser.parse_args()


def main() -> None:
    """Run everything and write the results."""
    options = parsed()
    chosen = {name: options.steps or STEPS[name] for name in options.programs}
    modes = list(dict.fromkeys((PLAIN, *options.modes)))
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), options.threads)
        shutil.copytree(PROGRAMS, bench.programs, ignore=shutil.ignore_patterns("__pycache__"))
        facts = {**machine("torch"), "OMP_NUM_THREADS": options.threads, **MALLOC}
        learned = {}
        if SELECTIVE in modes:
            learned = {name: bench.learn(name, steps) for name, steps in chosen.items()}
        results = Results(
            command=shlex.join(["python", "-m", "benchmarks.collect", *sys.argv[1:]]),
            machine=facts,
            learned=learned,
            runs=compared(bench, chosen, modes, options.repetitions),
            beside=compared(bench, {BESIDE: BESIDE_STEPS}, BESIDE_MODES, options.beside),
        )
    options.output_dir.mkdir(parents=True, exist_ok=True)
    (options.output_dir / "collect.json").write_text(as_json(results), encoding="utf-8")
    text = page(results)
    (options.output_dir / "collect.md").write_text(text, encoding="utf-8")
    print(text, end="")
    if different_losses(results.runs):
        sys.exit("Collection changed what was computed: see the page.")


if __name__ == "__main__":
    main()
