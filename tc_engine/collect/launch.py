"""Run a command and have every Python process in it collect its trace. Imports no torch."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any

from tc_engine import __version__, selection
from tc_engine.collect import stamp
from tc_engine.collect.boot import HANDSHAKE, INCLUDE_VARIABLE, RUN_VARIABLE
from tc_engine.collect.gather import gather
from tc_engine.collect.plan import Plan, as_note
from tc_engine.collect.summary import ProcessSummary, read_summaries
from tc_engine.dataset import Manifest, is_dataset, read_manifest, write_manifest
from tc_engine.errors import DataError, UsageError
from tc_engine.files import cannot_write
from tc_engine.invariants import Invariant

MOST_LINES = 10
NOT_FOUND, NOT_EXECUTABLE, KILLED = 127, 126, 128
SITE = Path(__file__).resolve().parent / "site"


@dataclass(frozen=True)
class CollectOptions:
    """How to collect.

    `invariants` are those that the plan serves: it is said which of them cannot be checked.
    `overwrite` replaces the run that is there. With `join` it is added to, by launchers of one job
    on several hosts or one per rank; all of them must say so.
    """

    plan: Plan = field(default_factory=Plan)
    invariants: tuple[Invariant, ...] = ()
    overwrite: bool = False
    join: bool = False


def launch(command: list[str], run: Path, options: CollectOptions) -> int:
    """Run `command` as it is, collect its trace into `run` and return its exit code.

    A command that cannot be started ends as in a shell, with 127 or 126. Raises UsageError for an
    empty command, DataError if `run` exists (without `overwrite`) or cannot be written.
    """
    if not command:
        raise UsageError("there is no command to run", "Give one after --: -- python train.py")
    refused = _cannot_run(command[0])
    if refused is not None:
        return refused
    run = run.absolute()
    manifest = begin(command, run, options)
    code = _run(command, run, options.plan)
    heard = _handshake(run)
    try:
        summaries = end(run, manifest)
    except DataError as error:
        _say(f"error: {error}")  # the program's own exit code counts
        return code
    _say(report(run, summaries) if summaries else _why_nothing(heard))
    for line in _out_of_reach(options.invariants, summaries):
        _say(line)
    return code


def begin(command: Sequence[str], run: Path, options: CollectOptions) -> Manifest:
    """Make the folder of a run and write its first manifest, which holds the plan.

    Raises DataError where the run exists and neither `overwrite` nor `join` is given, where it is
    joined with another plan, and where it cannot be written.
    """
    manifest = Manifest(
        created_by=stamp.CREATED_BY,
        command=list(command),
        versions={"tc_engine": __version__},
        host=socket.gethostname(),
        started_at=stamp.now(),
        notes={"plan": as_note(options.plan), "norms": options.plan.norms},
    )
    if options.join and is_dataset(run):
        return _joined(run, manifest)
    _prepare(run, options.overwrite)
    write_manifest(run, manifest)
    return manifest


def _joined(run: Path, own: Manifest) -> Manifest:
    """Return the manifest of the launcher that came first."""
    first = read_manifest(run)
    if first.notes.get("plan") != own.notes["plan"]:
        raise DataError(
            f"{run} is collected with other options", "All launchers with --join need the same"
        )
    return first


def end(run: Path, manifest: Manifest) -> list[ProcessSummary]:
    """Write the final manifest of a run and return what its processes tell."""
    gather(run)
    summaries = read_summaries(run)
    write_manifest(run, _completed(manifest, summaries))
    return summaries


def _cannot_run(program: str) -> int | None:
    """Say why a program cannot be started, and return what a shell would; None if it can."""
    if shutil.which(program) is not None:
        return None
    if os.sep in program and Path(program).exists():
        _say(f"error: cannot run {program}: it is not an executable file")
        return NOT_EXECUTABLE
    _say(f"error: cannot run {program}: there is no such command")
    return NOT_FOUND


def _prepare(run: Path, overwrite: bool) -> None:
    if run.exists() and (not run.is_dir() or any(run.iterdir())):
        if not overwrite:
            raise DataError(
                f"{run} exists already", "Choose another place with -o, or add --overwrite"
            )
        if not is_dataset(run):
            raise DataError(
                f"{run} is not a trace dataset and is not overwritten",
                "Choose another place with -o",
            )
        shutil.rmtree(run)
    try:
        run.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(run, error) from error


def _run(command: Sequence[str], run: Path, plan: Plan) -> int:
    paths = [str(SITE), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        RUN_VARIABLE: str(run),
        INCLUDE_VARIABLE: " ".join(plan.beginnings),
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
    }
    try:
        process = subprocess.Popen(list(command), env=environment)  # noqa: S603 - the user's own
    except OSError as error:
        _say(f"error: cannot run {command[0]}: {error.strerror}")
        return NOT_EXECUTABLE
    with _signals_to(process):
        code = process.wait()
    return KILLED - code if code < 0 else code


@contextmanager
def _signals_to(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Leave it to the command to react to signals."""

    def forward(number: int, frame: FrameType | None) -> None:
        # The terminal has sent Ctrl-C to the command too.
        if number != signal.SIGINT or not _has_terminal():
            with suppress(ProcessLookupError):
                process.send_signal(number)

    before: dict[signal.Signals, Any] = {
        number: signal.signal(number, forward)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _has_terminal() -> bool:
    """Tell whether Ctrl-C on a terminal reaches this process and its children alike."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _handshake(run: Path) -> str:
    file = run / HANDSHAKE
    try:
        heard = file.read_text()
        file.unlink()
    except OSError:
        return ""
    return heard


def _completed(manifest: Manifest, summaries: Sequence[ProcessSummary]) -> Manifest:
    counts: dict[str, int] = {}
    for summary in summaries:
        for name, count in summary.counts.items():
            # Ranks hold the same variables; everything else adds up.
            known = counts.get(name, 0)
            counts[name] = max(known, count) if name == "variables" else known + count
    versions = dict(manifest.versions)
    for summary in summaries:
        versions.update(summary.versions)
    ranks = sorted({summary.ranks["RANK"] for summary in summaries if "RANK" in summary.ranks})
    notes = {
        **manifest.notes,
        **_files(summaries),
        "processes": len(summaries),
        "overhead": round(_overhead(summaries), 4),
        "dropped": [summary.dropped for summary in summaries if summary.dropped],
        "internal_errors": [summary.errors for summary in summaries if summary.errors],
    }
    return replace(
        manifest, ranks=ranks, counts=counts, versions=versions, ended_at=stamp.now(), notes=notes
    )


def _files(summaries: Sequence[ProcessSummary]) -> dict[str, Any]:
    """Tell the files of the program, where the processes that say something of them agree."""
    directories = {one.directory for one in summaries if one.files}
    if len(directories) != 1:
        return {}
    found: dict[str, set[str]] = {}
    for summary in summaries:
        for name, digest in summary.files.items():
            found.setdefault(name, set()).add(digest)
    files = {name: digests.pop() for name, digests in sorted(found.items()) if len(digests) == 1}
    return {"directory": directories.pop(), "files": files}


def _overhead(summaries: Sequence[ProcessSummary]) -> float:
    """Time in the collector as a share of the time without it, in all processes together."""
    spent = sum(summary.spent_ns for summary in summaries)
    lasted = sum(summary.lasted_ns for summary in summaries)
    return spent / max(lasted - spent, 1)


def report(run: Path, summaries: Sequence[ProcessSummary]) -> str:
    """Say in one line what was collected."""
    if not summaries:
        return "nothing was traced"
    counts = _completed(Manifest(), summaries).counts
    text = (
        f"{counts['events']:,} events ({counts['calls']:,} calls, {counts['states']:,} states of "
        f"{counts['variables']:,} variables), {_size(counts['bytes'])} in {run}, "
        f"overhead {_overhead(summaries):.0%} (measured)"
    )
    if not all(summary.native for summary in summaries):
        text += ", without compiled code"
    for name, meaning in (("dropped", "rows lost"), ("internal_errors", "internal errors")):
        if counts[name]:
            text += f", {counts[name]:,} {meaning} (see manifest.json)"
    return text.replace("%", " %", 1)


def _out_of_reach(
    invariants: Sequence[Invariant], summaries: Sequence[ProcessSummary]
) -> Iterator[str]:
    """Say which invariants this trace cannot tell of."""
    called = {name for summary in summaries for name in summary.functions}
    named = {name for one in invariants for name in selection.functions_of(one)}
    missing = selection.out_of_reach(invariants, named - called)
    if not missing:
        return
    yield f"{len(missing):,} of {len(invariants):,} invariants cannot be checked here:"
    for function, count in Counter(function for _, function in missing).most_common(MOST_LINES):
        yield f"  {function} was not called ({count:,} invariants)"


def _why_nothing(heard: str) -> str:
    failed = re.search(r"^failed: .*(?= \d+$)", heard, re.MULTILINE)
    if failed:
        reason = f"the collector could not start ({failed.group()})"
    elif "torch" in heard:
        reason = "no function of torch that matters for training was called, or it was killed early"
    elif "python" in heard:
        reason = "the program never imported torch"
    else:
        reason = "no Python was started, or it was started with -S, -I or -E or a fresh environment"
    return f"nothing was traced: {reason}"


def _size(count: int) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000  # type: ignore[assignment]
    return f"{count:.3g} GB"


def _say(text: str) -> None:
    sys.stderr.write(f"tc-engine: {text}\n")
