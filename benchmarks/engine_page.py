"""What the runs of the engine's benchmark come to, in Markdown and as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log10
from typing import TYPE_CHECKING

from benchmarks.compatibility.markdown import table

if TYPE_CHECKING:
    from benchmarks.engine import Row

MB = 1e6
NOTES = """\
Each row is a whole process, from its start to its end: the median of its runs. Memory is the
highest resident memory of the process, *read* what it read from files (cached or not), *spilled*
the most that lay in its folder for temporary files. `make bench` repeats the measurement; every
number of it is in `engine.json`."""

WHAT = {
    "commands": "Every command on the tutorial's traces",
    "relations": "Each relation by itself, on the correct run",
    "learner": "The learner alone: from counted signatures of every relation to invariants",
    "worst case": "As many records as in the slowest inference of TrainCheck's paper (38 hours)",
    "partitions": "Eight runs: in one session, in partitions, and with what is known of them",
    "growth": "Copies of the correct run, one after the other in time",
    "limited": "The largest of these with a limit",
    "runs": "More and more small runs at once",
}
HEADER = ("", "size", "wall", "per million", "CPU", "memory", "read", "spilled", "times")

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 720, 330, 70, 50, 30, 70


def page(rows: Sequence[Row], machine: Mapping[str, object]) -> str:
    """Return the page."""
    parts = ["# The engine", NOTES]
    for part, title in WHAT.items():
        chosen = [row for row in rows if row.part == part]
        if chosen:
            parts += [f"## {title}", table(HEADER, [_cells(row) for row in chosen])]
        if part == "growth":
            parts += [_growth(chosen), "![Time and memory against events](engine.svg)"]
        if part == "runs":
            parts.append(_per_run(chosen))
    parts += ["## Where", "\n".join(f"- {name}: {value}" for name, value in machine.items())]
    return "\n\n".join(parts) + "\n"


def _cells(row: Row) -> list[object]:
    found = row.figures
    size, rate = f"{row.size:,} events", f"{found.wall / max(row.size, 1) * 1e6:.1f} s"
    if row.name.startswith("ingest"):
        size, rate = f"{row.size / MB:.0f} MB of JSON", f"{row.size / MB / found.wall:.0f} MB/s"
    elif row.part == "learner":
        size, rate = f"{row.size:,} hypotheses", f"{found.wall / row.size * 1e6:.0f} s"
    elif row.part == "runs":
        size, rate = f"{row.size:,}", f"{found.wall / row.size * 1000:.0f} ms a run"
    elif not row.size:
        size = rate = ""
    times = [f"{found.wall:.2f} s", rate, f"{found.cpu:.2f} s"]
    sizes = [f"{count / MB:,.0f} MB" for count in (found.memory, found.read, found.spilled)]
    return [row.name, size, *times, *sizes, row.times]


def _growth(rows: Sequence[Row]) -> str:
    first, last = rows[0], rows[-1]
    times = last.size / first.size
    wall = last.figures.wall / first.figures.wall
    memory = last.figures.memory / first.figures.memory
    return (
        f"From the first to the last row events grow {times:.0f}-fold, time {wall:.0f}-fold "
        f"({wall / times:.2f} times linear), memory {memory:.0f}-fold "
        f"({memory / times:.2f} times linear)."
    )


def _per_run(rows: Sequence[Row]) -> str:
    one, last = rows[0], rows[-1]
    return (
        f"One of {last.size:,} runs takes {last.figures.wall / last.size * 1000:.0f} ms, "
        f"one alone {one.figures.wall * 1000:.0f} ms, start of the process included."
    )


def picture(rows: Sequence[Row]) -> str:
    """Return the growth of time and memory as SVG; all axes are logarithmic."""
    grown = [row for row in rows if row.part == "growth"]
    series = [
        ("seconds", "#2f6db5", [(row.size, row.figures.wall) for row in grown]),
        ("memory in GB", "#b5532f", [(row.size, row.figures.memory / 1e9) for row in grown]),
    ]
    points = [point for _, _, found in series for point in found]
    x, y = _scale([p[0] for p in points]), _scale([p[1] for p in points])
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="system-ui, sans-serif" font-size="13" role="img" '
        'aria-label="Seconds and memory of inference against the number of events">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
    ]
    lines += [_line(LEFT, _up(y, 10**tick), WIDTH - RIGHT, _up(y, 10**tick)) for tick in _ticks(y)]
    lines += [_text(LEFT - 8, _up(y, 10**tick) + 4, f"{10.0**tick:g}", "end") for tick in _ticks(y)]
    lines += [
        _text(_right(x, 10**tick), HEIGHT - BOTTOM + 20, f"{10**tick:,}", "middle")
        for tick in _ticks(x)
    ]
    lines.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "events", "middle"))
    for number, (name, colour, found) in enumerate(series):
        drawn = " ".join(f"{_right(x, size):.1f},{_up(y, value):.1f}" for size, value in found)
        lines.append(f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="2"/>')
        lines += [
            f'<circle cx="{_right(x, size):.1f}" cy="{_up(y, value):.1f}" r="3.5" fill="{colour}"/>'
            for size, value in found
        ]
        lines.append(_text(LEFT + 12, TOP + 18 * number, name, "start", colour))
    return "\n".join([*lines, "</svg>"]) + "\n"


Scale = tuple[float, float]


def _scale(values: Sequence[float]) -> Scale:
    return log10(min(values)), log10(max(values))


def _ticks(scale: Scale) -> range:
    return range(int(scale[0] // 1) + 1, int(scale[1] // 1) + 1)


def _right(scale: Scale, value: float) -> float:
    low, high = scale
    return LEFT + (log10(value) - low) / ((high - low) or 1) * (WIDTH - LEFT - RIGHT)


def _up(scale: Scale, value: float) -> float:
    low, high = scale
    return HEIGHT - BOTTOM - (log10(value) - low) / ((high - low) or 1) * (HEIGHT - BOTTOM - TOP)


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<path d="M{x1:.1f} {y1:.1f} L{x2:.1f} {y2:.1f}" stroke="#d5dbe1"/>'


def _text(x: float, y: float, text: str, anchor: str, colour: str = "#1c2733") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{text}</text>'
