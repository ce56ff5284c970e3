"""From what a person asks for to the plan of a collection; every mistake gets a plain line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tc_engine import invariants, selection
from tc_engine.collect.plan import DEFAULT_GROUPS, GROUPS, INSIDE, Plan
from tc_engine.errors import UsageError
from tc_engine.invariants import Invariant

WINDOW, WARMUP = 3, 10
GIGABYTE = 10**9


@dataclass(frozen=True)
class Request:
    """What to record, as the options of `tc-engine collect` say it; None where nothing is said."""

    invariants: tuple[Path, ...] = ()
    groups: str | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    every: int | None = None
    window: int | None = None
    warmup: int | None = None
    max_gb: float | None = None
    norms: bool = False


def plan_for(request: Request) -> tuple[Plan, list[Invariant]]:
    """Return the plan for a request, and the invariants that it is to serve.

    Raises UsageError for what makes no sense, DataError for a file that cannot be read.
    """
    wanted = invariants.read(list(request.invariants)) if request.invariants else []
    needed = selection.needed_by(wanted)
    if request.invariants and not wanted:
        raise UsageError(f"{request.invariants[0]} holds no invariant", "Name another with -i")
    window, every, warmup = _windows(request, needed.steps if wanted else 2)
    plan = Plan(
        groups=_groups(request.groups),
        include=_patterns("--include", request.include),
        exclude=_patterns("--exclude", request.exclude),
        inside=_places(request.inside),
        norms=request.norms or needed.norms,
        functions=needed.functions if wanted else None,
        arguments=needed.arguments if wanted else None,
        attributes=needed.attributes if wanted else None,
        only_inside=bool(wanted) and not needed.over_time,
        window=window,
        every=every,
        warmup=warmup,
        max_bytes=None if request.max_gb is None else int(request.max_gb * GIGABYTE),
    )
    return plan, wanted


def _groups(text: str | None) -> tuple[str, ...]:
    """Read a list of groups: those named, or the usual ones with some added and taken away."""
    if text is None:
        return DEFAULT_GROUPS
    words = [word.strip() for word in text.split(",") if word.strip()]
    for word in words:
        if word.lstrip("+-") not in GROUPS:
            raise UsageError(
                f"--groups: there is no group {word.lstrip('+-')!r}",
                f"There are {', '.join(GROUPS)}",
            )
    changes = [word for word in words if word[0] in "+-"]
    if (changes and len(changes) < len(words)) or not words:
        raise UsageError(
            f"--groups {text}: name groups, or changes to the usual ones, not both",
            "Write optimizer,autograd or +tensor,-functional",
        )
    chosen = set(DEFAULT_GROUPS if changes else words)
    chosen |= {word[1:] for word in changes if word[0] == "+"}
    chosen -= {word[1:] for word in changes if word[0] == "-"}
    return tuple(group for group in GROUPS if group in chosen)


def _patterns(option: str, patterns: Sequence[str]) -> tuple[str, ...]:
    for pattern in patterns:
        beginning = re.split(r"[*?\[]", pattern)[0]
        if pattern.startswith("__main__"):
            raise UsageError(
                f"{option} {pattern}: functions of the script itself cannot be chosen",
                "Move them to a module, and have the script import it",
            )
        if option == "--include" and "." not in beginning:
            raise UsageError(
                f"{option} {pattern}: begin with the name of a package or module",
                "Write mylib.* or mylib.model.Trainer.*",
            )
    return tuple(patterns)


def _places(places: Sequence[str]) -> tuple[str, ...]:
    for place in places:
        if place not in INSIDE:
            raise UsageError(f"--inside {place}: no such place", f"There are {', '.join(INSIDE)}")
    return tuple(places)


def _windows(request: Request, least: int) -> tuple[int, int, int]:
    """Return window, every and warmup; all 0 where every step is recorded."""
    if request.every is None:
        for option, value in (("--window", request.window), ("--warmup", request.warmup)):
            if value is not None:
                raise UsageError(f"{option} means nothing without --every", "Add --every 50")
        return 0, 0, 0
    window = WINDOW if request.window is None else request.window
    if window < least:
        raise UsageError(
            f"--window {window} is too short: invariants look from one step into the next",
            f"Make it {least} or more",
        )
    if window > request.every:
        raise UsageError(
            f"--window {window} is longer than --every {request.every}",
            "Make it shorter, or leave out --every to record all steps",
        )
    return window, request.every, WARMUP if request.warmup is None else request.warmup
