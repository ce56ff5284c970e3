"""Run a command and have every Python process in it collect its trace. Imports no torch."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from tc_engine import __version__
from tc_engine.collect.boot import HANDSHAKE, NORMS_VARIABLE, RUN_VARIABLE
from tc_engine.collect.summary import ProcessSummary, read_summaries
from tc_engine.dataset import Manifest, cannot_write, is_dataset, write_manifest
from tc_engine.errors import DataError, UsageError

NOT_FOUND, NOT_EXECUTABLE, KILLED = 127, 126, 128
SITE = Path(__file__).resolve().parent / "site"


@dataclass(frozen=True)
class CollectOptions:
    """How to collect.

    `norms`: record the norms of tensors beside their fingerprints. `models` is accepted from
    TrainCheck's command line and needs nothing: models are found.
    """

    overwrite: bool = False
    norms: bool = False
    models: tuple[str, ...] = ()


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
    _prepare(run, options.overwrite)
    manifest = Manifest(
        created_by=f"tc_engine {__version__} collect",
        command=list(command),
        versions={"tc_engine": __version__},
        host=socket.gethostname(),
        started_at=_now(),
        notes={"norms": options.norms},
    )
    write_manifest(run, manifest)
    code = _run(command, run, options)
    heard = _handshake(run)
    summaries = read_summaries(run)
    write_manifest(run, _completed(manifest, summaries))
    _say(_report(run, summaries) if summaries else _why_nothing(heard))
    return code


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


def _run(command: Sequence[str], run: Path, options: CollectOptions) -> int:
    paths = [str(SITE), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        RUN_VARIABLE: str(run),
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
    }
    if options.norms:
        environment[NORMS_VARIABLE] = "1"
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
        "processes": len(summaries),
        "overhead": round(_overhead(summaries), 4),
        "dropped": [summary.dropped for summary in summaries if summary.dropped],
        "internal_errors": [summary.errors for summary in summaries if summary.errors],
    }
    return replace(
        manifest, ranks=ranks, counts=counts, versions=versions, ended_at=_now(), notes=notes
    )


def _overhead(summaries: Sequence[ProcessSummary]) -> float:
    """Time in the collector as a share of the time without it, in all processes together."""
    spent = sum(summary.spent_ns for summary in summaries)
    lasted = sum(summary.lasted_ns for summary in summaries)
    return spent / max(lasted - spent, 1)


def _report(run: Path, summaries: Sequence[ProcessSummary]) -> str:
    counts = _completed(Manifest(), summaries).counts
    text = (
        f"{counts['events']:,} events ({counts['calls']:,} calls, {counts['states']:,} states of "
        f"{counts['variables']:,} variables), {_size(counts['bytes'])} in {run}, "
        f"overhead {_overhead(summaries):.0%} (measured)"
    )
    for name, meaning in (("dropped", "rows lost"), ("internal_errors", "internal errors")):
        if counts[name]:
            text += f", {counts[name]:,} {meaning} (see manifest.json)"
    return text.replace("%", " %", 1)


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


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
