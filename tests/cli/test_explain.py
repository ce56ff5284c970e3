"""explain and suppress: from the folder of a check to its records, and to silence with a reason."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from tests.cli.conftest import Cli


@pytest.fixture
def results(cli: Cli, bad: Path, invariants: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    assert cli("check", "-f", bad, "-i", invariants, "-o", folder).code == 1
    return folder


def key(results: Path) -> str:
    return str(json.loads((results / "results.json").read_text())["findings"][0]["id"])


def test_the_first_finding_is_explained(cli: Cli, results: Path, bad: Path) -> None:
    done = cli("explain", results)
    assert done.code == 0
    assert done.out.startswith("1. opt.step() changes no Parameter.data")
    assert "steps 0 to 3: 4 of 4 times" in done.out
    assert "First violation:" in done.out
    assert "name a good run with --good RUN" in done.out
    assert cli("explain", results, key(results)[:5]).out == done.out


def test_the_query_runs_as_printed(cli: Cli, results: Path) -> None:
    command = shlex.split(cli("explain", results).out.splitlines()[-1])
    assert command[0] == "tc-engine"
    shown = cli(*command[1:], "--format", "jsonl")
    assert shown.code == 0
    assert json.loads(shown.out.splitlines()[0])["name"] == "opt.step"
    query = cli("explain", results, "--sql").out.strip()
    assert query == command[-1]


def test_a_good_run_shows_how_the_rule_was_kept(cli: Cli, results: Path, good: Path) -> None:
    done = cli("explain", results, "1", "--good", good)
    assert "beside the nearest that kept it in the good run" in done.out


def test_unknown_findings_and_folders(cli: Cli, results: Path, tmp_path: Path) -> None:
    done = cli("explain", results, "99")
    assert (done.code, "Give a number from 1 to" in done.err) == (2, True)
    done = cli("explain", tmp_path)
    assert (done.code, "holds no results" in done.err) == (3, True)


def test_a_run_that_is_gone_is_told(cli: Cli, bad: Path, invariants: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    bad_again = tmp_path / "bad"
    bad_again.symlink_to(bad)
    results = tmp_path / "results"
    cli("check", "-f", bad_again, "-i", invariants, "-o", results)
    saved = json.loads((results / "results.json").read_text())
    saved["traces"][0]["path"] = str(moved)
    (results / "results.json").write_text(json.dumps(saved))
    done = cli("explain", results)
    assert (done.code, f"the run is no longer at {moved}" in done.err) == (3, True)


def test_findings_as_lines_and_junit(cli: Cli, bad: Path, invariants: Path, tmp_path: Path) -> None:
    junit, folder = tmp_path / "junit.xml", tmp_path / "results"
    check = ("check", "-f", bad, "-i", invariants, "-o", folder, "--no-html-report")
    done = cli(*check, "--format", "jsonl", "--junit", junit)
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert lines == json.loads((folder / "results.json").read_text())["findings"]
    assert "<failure" in junit.read_text()
    assert not (folder / "report.html").exists()


def test_a_suppressed_rule_does_not_fail_until_its_day(
    cli: Cli, bad: Path, invariants: Path, results: Path, tmp_path: Path
) -> None:
    file = tmp_path / "allowed.jsonl"
    saved = json.loads((results / "results.json").read_text())
    keys = [one["id"] for finding in saved["findings"] for one in finding["violations"]]
    for each in keys:
        done = cli(
            "suppress", results, each, "--reason", "known", "--until", "2999-01-01", "-o", file
        )
        assert done.code == 0
    check = ("check", "-f", bad, "-i", invariants, "-o", tmp_path / "again", "--suppressions", file)
    done = cli(*check)
    assert done.code == 0
    assert f"Suppressed: {len(keys)} broken rules" in done.out
    file.write_text(re.sub("2999", "2000", file.read_text()))
    done = cli(*check)
    assert (done.code, "may be broken no more since 2000-01-01" in done.err) == (1, True)


@pytest.mark.parametrize(
    ("line", "message"), [("{}", ":1: not a suppression"), ('{"id": 1', ":1: not a suppression")]
)
def test_a_file_that_holds_something_else(
    cli: Cli, bad: Path, invariants: Path, tmp_path: Path, line: str, message: str
) -> None:
    file = tmp_path / "allowed.jsonl"
    file.write_text(f"{line}\n")
    done = cli("check", "-f", bad, "-i", invariants, "--suppressions", file)
    assert (done.code, message in done.err) == (3, True)
