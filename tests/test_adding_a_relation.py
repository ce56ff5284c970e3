"""The page that adds a relation says what is so, and the relation it adds is right."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from itertools import takewhile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tc_engine.dataset import open_dataset
from tc_engine.engine import stages
from tc_engine.engine.session import Session
from tests.builder import Trace
from tests.outsider import EXAMPLE, ROOT, SQL, install_example
from tests.random_traces import random_traces
from tests.reference.events import with_stages
from tests.reference.pool import is_skipped

PAGE = ROOT / "docs" / "adding-a-relation.md"


def test_the_page_quotes_the_files() -> None:
    page = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"^```(sql|python|toml)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    quoted = {kind: [block for found, block in blocks if found == kind] for kind, _ in blocks}
    for kind, suffix in (("sql", "sql"), ("python", "py"), ("toml", "toml")):
        files = sorted(EXAMPLE.rglob(f"*.{suffix}"))
        for file in files:
            assert f"(../{file.relative_to(ROOT).as_posix()})" in page
        texts = [file.read_text(encoding="utf-8") for file in files]
        assert quoted[kind]
        for block in quoted[kind]:
            assert any(block in text for text in texts), block


def told() -> list[tuple[str, str]]:
    """Return the commands of the page, each with what the page says that it prints."""
    found = []
    page = PAGE.read_text(encoding="utf-8")
    for block in re.findall(r"^```console\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            first, *rest = part.splitlines()
            more = list(takewhile(lambda line: line.startswith("> "), rest))
            command = "\n".join([first, *(line.removeprefix("> ") for line in more)])
            found.append((command, "\n".join(rest[len(more) :])))
    return found


def test_the_commands_of_the_page(tmp_path: Path) -> None:
    commands = list(takewhile(lambda one: "collect" not in one[0], told()))
    assert len(commands) >= 5
    run_page(commands, tmp_path)


@pytest.mark.slow
def test_all_commands_of_the_page(tmp_path: Path) -> None:
    commands = told()
    run_page(commands, tmp_path)
    assert "tc-engine check" in commands[-1][0]


def run_page(commands: list[tuple[str, str]], folder: Path) -> None:
    """Run commands as in a checkout; each must print, at its end, what the page says."""
    site = install_example(folder / "site")
    for name in ("data", "examples"):
        (folder / name).symlink_to(ROOT / name)
    programs = folder / "bin"
    for one in (programs, folder / "demo-output"):
        one.mkdir()
    python = shlex.quote(sys.executable)
    paths = shlex.quote(f"{site}{os.pathsep}{ROOT}{os.pathsep}")
    for name, text in (
        ("python", f'exec {python} "$@"'),
        ("tc-engine", f'PYTHONPATH={paths}"$PYTHONPATH" exec {python} -m tc_engine "$@"'),
        ("pip", "# The example is installed already: here is no network."),
    ):
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    for command, output in commands:
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder,
            env=environment,
        )
        assert done.returncode == int("Findings" in output), done.stdout
        assert same_process(done.stdout).rstrip().endswith(same_process(output)), done.stdout


def same_process(text: str) -> str:
    return re.sub(r"process \d+", "process 1", text)


def load_oracle() -> ModuleType:
    spec = importlib.util.spec_from_file_location("oracle", EXAMPLE / "oracle.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ORACLE = load_oracle()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(random_traces())
def test_it_agrees_with_its_oracle(traces: dict[str, Trace]) -> None:
    compare(traces)


@pytest.mark.slow
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(random_traces())
def test_it_agrees_with_its_oracle_on_many_traces(traces: dict[str, Trace]) -> None:
    compare(traces)


def compare(traces: dict[str, Trace]) -> None:
    rows = {name: with_stages(trace.rows()) for name, trace in traces.items()}
    expected = {one for one in ORACLE.hypotheses(rows) if not is_skipped(one[0])}
    with tempfile.TemporaryDirectory() as folder, Session(sql_path=[SQL]) as session:
        runs = [open_dataset(trace.write(Path(folder) / name)) for name, trace in traces.items()]
        stages.prepare(session, runs)
        session.run("calls_per_step/candidates")
        session.run("calls_per_step/hypotheses")
        params = [json.loads(row[0])[0] for row in session.rows("SELECT params FROM hypotheses")]
        stated = [(one["api_full_name"], one["times"]) for one in params]
        assert sorted(stated) == sorted(expected)
        session.run("calls_per_step/examples")
        found: dict[tuple[str, int], dict[Any, bool]] = {one: {} for one in stated}
        for text, is_positive, *key in session.rows(
            "SELECT CAST(params AS VARCHAR), is_positive, trace, process_id, event_id "
            "FROM examples INNER JOIN hypotheses USING (hypothesis_id)"
        ):
            (param,) = json.loads(text)
            of_one = found[param["api_full_name"], param["times"]]
            assert tuple(key) not in of_one, "an example is there twice"
            of_one[tuple(key)] = is_positive
    assert found == {one: ORACLE.examples(rows, *one) for one in expected}
