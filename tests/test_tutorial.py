"""The tutorial: its commands are run as a reader runs them, and print what it shows."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "tutorial.md"
SAMPLES = ROOT / "data" / "samples"
# Traces that the quick test takes instead of collecting them.
RECORDED = {"buggy": "forum_84911_run", "good": "digits_run"}
TIMEOUT = 1800  # seconds, to end what hangs; a busy machine may take long
MARK = "\x01"

# What differs from run to run and machine to machine.
VARYING = (
    (r"\S*/tutorial/", "tutorial/"),
    (r"\b\d{4,6}\b", "PID"),
    (r"(loss|accuracy) [\d.]+%?", r"\1 #"),
    (r"[\d.]+ kB", "# kB"),
    (r"overhead .*", "overhead #"),
    (r"[ ─-]{2,}", "  "),
)


@dataclass(frozen=True)
class Step:
    """A command of the page, what it shows, and whether its block is marked slow."""

    command: str
    shown: tuple[str, ...]
    slow: bool


def steps(text: str) -> list[Step]:
    found = []
    for mark, block in re.findall(
        r"^(<!-- slow -->\n)?```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL
    ):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *shown = part.splitlines()
            found.append(Step(command, tuple(shown), bool(mark)))
    return found


def play(commands: Sequence[str], folder: Path) -> list[list[str]]:
    """Run the commands in one shell; return the lines that each printed."""
    # A terminal shows rows as a table, a pipe gets CSV.
    told = [one.replace("tc-engine sql ", "tc-engine sql --format table ") for one in commands]
    script = "".join(f"code=$?; printf '\\n{MARK}\\n'; (exit $code)\n{one}\n" for one in told)
    path = [str(folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
    done = subprocess.run(
        ["bash", "-c", f"exec 2>&1 </dev/null\n{script}"],
        cwd=folder,
        env={**os.environ, "PATH": os.pathsep.join(path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    return [part.splitlines() for part in done.stdout.split(f"\n{MARK}\n")[1:]]


def plain(line: str) -> str:
    for pattern, instead in VARYING:
        line = re.sub(pattern, instead, line)
    return line.rstrip()


def is_shown(shown: Sequence[str], printed: Sequence[str]) -> bool:
    """Whether lines are what was printed; a line `...` stands for any lines."""
    pattern = ""
    for line in map(plain, shown):
        if line == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += re.escape(line) + r"\n"
    return re.fullmatch(pattern, "".join(f"{plain(line)}\n" for line in printed)) is not None


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What of the source the page needs, and a tc-engine that is this one."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    shutil.copytree(SAMPLES, tmp_path / "data" / "samples")
    command = tmp_path / "bin" / "tc-engine"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m tc_engine "$@"\n')
    command.chmod(0o755)
    return tmp_path


def compare(told: Sequence[Step], folder: Path, instead: Mapping[str, str]) -> None:
    """Run the commands, some of them replaced, and compare what the others print."""
    printed = play([instead.get(one.command, one.command) for one in told], folder)
    assert len(printed) == len(told)
    other = [
        "\n".join([f"$ {one.command}", *lines])
        for one, lines in zip(told, printed, strict=True)
        if one.command not in instead and not is_shown(one.shown, lines)
    ]
    assert not other, "\n".join(["printed otherwise:", *other])


def test_the_quick_part_prints_what_the_page_shows(checkout: Path) -> None:
    told = [one for one in steps(PAGE.read_text(encoding="utf-8")) if not one.slow]
    instead = {
        one.command: f"cp -r ../data/samples/{RECORDED[found[1]]} {found[1]}"
        for one in told
        if (found := re.match(r"tc-engine collect -o (\w+) ", one.command))
    }
    assert len(instead) == len(RECORDED)
    assert len(told) > 10
    compare(told, checkout, instead)


@pytest.mark.slow
def test_the_whole_page_prints_what_it_shows(checkout: Path) -> None:
    compare(steps(PAGE.read_text(encoding="utf-8")), checkout, {})


def test_other_blocks_hold_no_commands_but_to_install() -> None:
    text = PAGE.read_text(encoding="utf-8")
    others = re.findall(r"^```(?!console\b)(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert others == [("sh", "make install\n. .venv/bin/activate\n")]
    assert "\ninstall:" in (ROOT / "Makefile").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        (["a"], ["a"], True),
        (["a"], ["b"], False),
        (["a", "..."], ["a", "b", "c"], True),
        (["...", "c"], ["a", "b", "c"], True),
        (["a"], ["a", "b"], False),
        (["process 12345"], ["process 54321"], True),
        (["loss 1.25"], ["loss 1.5"], True),
        (["3 rules"], ["4 rules"], False),
    ],
)
def test_comparing_can_fail(shown: list[str], printed: list[str], same: bool) -> None:
    assert is_shown(shown, printed) is same
