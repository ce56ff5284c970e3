"""What a person sees at a terminal: the live line is gone before a command says what it found."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path


def at_a_terminal(*argv: object) -> str:
    """Run a command line at a terminal of 80 columns; return what it wrote there."""
    ours, theirs = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    with subprocess.Popen(
        [sys.executable, "-m", "tc_engine", *map(str, argv)],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env={**environment, "COLUMNS": "80", "TERM": "xterm"},
    ):
        os.close(theirs)
        parts = []
        try:
            while part := os.read(ours, 65536):
                parts.append(part)
        except OSError:  # the other end is closed
            pass
    os.close(ours)
    return b"".join(parts).decode()


def test_a_summary_has_its_own_lines(bad: Path, invariants: Path, tmp_path: Path) -> None:
    written = at_a_terminal("check", "-f", bad, "-i", invariants, "-o", tmp_path / "results")
    live, _, summary = written.partition("Checking finished.")
    assert "\x1b[" in live  # there was a live line
    assert "\x1b[" not in summary
    assert f"Results: {tmp_path / 'results'}" in summary  # longer than the terminal is wide
