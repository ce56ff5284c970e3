"""What the runs of the collection benchmark come to, in Markdown and in JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, median
from typing import Any

from benchmarks.compatibility.markdown import table

PLAIN, AGAIN, FULL, SELECTIVE, THEIRS = "plain", "again", "full", "selective", "TrainCheck"

ORDER = (PLAIN, AGAIN, FULL, SELECTIVE, THEIRS)

NOTES = f"""\
The price of `tc-engine collect`: training programs of many kinds run plain and under collection,
in turn, on one machine. A ratio compares two runs of one repetition; the plain program is 1.00. The
cells show the median over the repetitions and, in brackets, the lowest and the highest.

- *{AGAIN}*: the plain program a second time. Its range is what the machine does by itself.
- *{FULL}*: everything is collected, `tc-engine collect -o RUN -- python PROGRAM`.
- *{SELECTIVE}*: what some invariants need, `--invariants FILE`. They are up to 100 of *Contain*,
  drawn with a fixed seed from those that `tc-engine infer` learns from a full run.
- A step is a whole iteration of the training loop, data included. The first ones do not count.
- Memory is the peak of the largest process, with all of torch in it.

The programs are in `benchmarks/programs`. `make bench-collect` repeats the measurement; every
number of it is in `collect.json`."""


@dataclass(frozen=True)
class Run:
    """A program, run once: the seconds of its steps after the warm-up and of the whole, and bytes.

    `steps` counts all steps, `memory` is the highest resident memory of a process.
    """

    program: str
    mode: str
    repetition: int
    steps: int
    seconds: tuple[float, ...]
    loss: float
    wall: float
    memory: int
    trace: int


@dataclass(frozen=True)
class Spread:
    """A figure over the repetitions."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f} to {self.high:.2f})"


@dataclass(frozen=True)
class Figures:
    """A program in one mode: medians over the repetitions, and ratios to the plain program.

    `step` compares the median step, `mean_step` the mean one, `wall` the whole process.
    """

    program: str
    mode: str
    step_seconds: float
    step: Spread
    mean_seconds: float
    mean_step: Spread
    wall_seconds: float
    wall: Spread
    trace_bytes: float
    trace_bytes_per_step: float
    memory_bytes: float


@dataclass(frozen=True)
class Results:
    """All that was measured; `learned` tells how many invariants were used, and of how many.

    `beside` are the shorter runs in which TrainCheck takes part.
    """

    command: str
    machine: Mapping[str, str | int | float]
    learned: Mapping[str, tuple[int, int]]
    runs: Sequence[Run]
    beside: Sequence[Run]


def figures(runs: Sequence[Run]) -> list[Figures]:
    """Sum up the runs, a record for each program and mode."""
    programs = dict.fromkeys(run.program for run in runs)
    known = {(run.program, run.mode) for run in runs}
    return [
        _figures(runs, program, mode)
        for program in programs
        for mode in ORDER
        if (program, mode) in known
    ]


def different_losses(runs: Iterable[Run]) -> list[str]:
    """Return where a run did not end with the loss that the plain program ended with."""
    plain = {(run.program, run.repetition): run.loss for run in runs if run.mode == PLAIN}
    return [
        f"{run.program}, {run.mode}, repetition {run.repetition}: {run.loss!r} instead of {loss!r}"
        for run in runs
        if run.loss != (loss := plain[run.program, run.repetition])
    ]


def page(results: Results) -> str:
    """Return the page."""
    found = figures(results.runs)
    different = [*different_losses(results.runs), *different_losses(results.beside)]
    parts = [
        "# The price of collection",
        NOTES,
        "## Time of a training step",
        _ratios(found, lambda one: one.step),
        _invariants(results.learned),
        "The same with the mean of the steps, in which rare slow ones count:",
        _ratios(found, lambda one: one.mean_step, lambda one: f"{1000 * one.mean_seconds:.1f} ms"),
        "## The whole process",
        "From the start of the command to its end, with the imports and the end of the trace.",
        _ratios(found, lambda one: one.wall, lambda one: f"{one.wall_seconds:.1f} s"),
        "## Trace and memory",
        _sizes(found),
        "## What was computed",
        "\n".join(f"- {line}" for line in different)
        or "Every run of a program ended with the same loss, to the last digit.",
    ]
    if results.beside:
        parts += [
            "## Beside TrainCheck 0.2.0",
            f"*{results.beside[0].program}* with fewer steps. TrainCheck tracks the model with "
            "its default tracker, and its trace is counted without its log.",
            _beside(figures(results.beside)),
        ]
    facts = [f"- {name}: {value}" for name, value in results.machine.items()]
    parts += ["## Where and how", "\n".join([f"- command: `{results.command}`", *facts])]
    return "\n\n".join(parts) + "\n"


def as_json(results: Results) -> str:
    """Return everything that was measured and what it comes to, a line for each run."""
    content: dict[str, Any] = {
        "command": results.command,
        "machine": dict(results.machine),
        "invariants_used_of_learned": dict(results.learned),
        "figures": [asdict(one) for one in figures(results.runs)],
        "beside_traincheck": [asdict(one) for one in figures(results.beside)],
        "runs": [asdict(one) for one in results.runs],
        "runs_beside_traincheck": [asdict(one) for one in results.beside],
    }
    parts = (f"{json.dumps(key)}: {_lines(value)}" for key, value in content.items())
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _figures(runs: Sequence[Run], program: str, mode: str) -> Figures:
    plain = {run.repetition: run for run in runs if (run.program, run.mode) == (program, PLAIN)}
    own = [run for run in runs if (run.program, run.mode) == (program, mode)]

    def ratio(figure: Callable[[Run], float]) -> Spread:
        ratios = [figure(run) / figure(plain[run.repetition]) for run in own]
        return Spread(median(ratios), min(ratios), max(ratios))

    return Figures(
        program,
        mode,
        step_seconds=median(median(run.seconds) for run in own),
        step=ratio(lambda run: median(run.seconds)),
        mean_seconds=median(fmean(run.seconds) for run in own),
        mean_step=ratio(lambda run: fmean(run.seconds)),
        wall_seconds=median(run.wall for run in own),
        wall=ratio(lambda run: run.wall),
        trace_bytes=median(run.trace for run in own),
        trace_bytes_per_step=median(run.trace / run.steps for run in own),
        memory_bytes=median(run.memory for run in own),
    )


def _ratios(
    found: Sequence[Figures],
    ratio: Callable[[Figures], Spread],
    absolute: Callable[[Figures], str] = lambda one: f"{1000 * one.step_seconds:.1f} ms",
) -> str:
    modes = [mode for mode in ORDER[1:] if any(one.mode == mode for one in found)]
    by_key = {(one.program, one.mode): one for one in found}
    rows = [
        (one.program, absolute(one), *(ratio(by_key[one.program, mode]) for mode in modes))
        for one in found
        if one.mode == PLAIN
    ]
    return table(("program", PLAIN, *modes), rows)


def _invariants(learned: Mapping[str, tuple[int, int]]) -> str:
    counts = ", ".join(f"{program} {used} of {of}" for program, (used, of) in learned.items())
    return f"Invariants used for *{SELECTIVE}*, of those learned: {counts or 'none'}."


def _sizes(found: Sequence[Figures]) -> str:
    plain = {one.program: one for one in found if one.mode == PLAIN}
    rows = [
        (
            one.program,
            one.mode,
            f"{one.trace_bytes / 1e3:,.0f} kB",
            f"{one.trace_bytes_per_step / 1e3:,.2f} kB",
            f"{one.memory_bytes / 1e6:,.0f} MB",
            f"{plain[one.program].memory_bytes / 1e6:,.0f} MB",
        )
        for one in found
        if one.trace_bytes
    ]
    return table(("program", "mode", "trace", "per step", "memory", "memory, plain"), rows)


def _beside(found: Sequence[Figures]) -> str:
    rows = [
        (
            one.mode,
            f"{1000 * one.step_seconds:.1f} ms",
            str(one.step),
            f"{one.wall_seconds:.1f} s",
            f"{one.trace_bytes_per_step / 1e3:,.2f} kB" if one.trace_bytes else "",
            f"{one.memory_bytes / 1e6:,.0f} MB",
        )
        for one in found
    ]
    header = ("mode", "step", "ratio to plain", "whole process", "trace per step", "memory")
    return table(header, rows)


def _lines(value: Any) -> str:
    """Lay out a list with an entry per line."""
    if not isinstance(value, list) or not value:
        return json.dumps(value)
    return "[\n" + ",\n".join(json.dumps(one) for one in value) + "\n]"
