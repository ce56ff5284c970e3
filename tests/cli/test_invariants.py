from __future__ import annotations

import json
from pathlib import Path

import pytest

from tc_engine.invariants import read
from tests.cli.conftest import Cli


@pytest.fixture
def learned(cli: Cli, good: Path, tmp_path: Path) -> Path:
    file = tmp_path / "invariants.json"
    assert cli("infer", "-f", good, "-o", file).code == 0
    return file


def test_the_table_says_rule_support_and_precondition(cli: Cli, learned: Path) -> None:
    outcome = cli("invariants", learned, "--relation", "contain")
    assert outcome.code == 0
    header, _, *rows = outcome.out.splitlines()
    assert header.split() == ["relation", "positive", "negative", "invariant", "holds"]
    assert [row.split()[:3] for row in rows] == [["APIContain", "4", "0"]] * len(rows)
    assert rows
    assert rows[0].endswith("always")


def test_lines_are_those_of_the_file(cli: Cli, learned: Path) -> None:
    outcome = cli("invariants", learned, "--format", "jsonl")
    assert outcome.out == learned.read_text()


def test_files_are_merged_subtracted_and_written(cli: Cli, learned: Path, tmp_path: Path) -> None:
    lead, rest = tmp_path / "lead.json", tmp_path / "rest.json"
    assert cli("invariants", learned, "--relation", "lead", "-o", lead).code == 0
    assert cli("invariants", learned, learned, "--subtract", lead, "-o", rest).code == 0
    assert cli("invariants", lead, rest, "--format", "jsonl").out == learned.read_text()
    assert {one.relation for one in read([lead])} == {"FunctionLeadRelation"}
    assert "FunctionLeadRelation" not in {one.relation for one in read([rest])}


def test_what_is_chosen_meets_every_condition(cli: Cli, learned: Path) -> None:
    options = ("--api", "opt.step", "--text", "CHANGES", "--min-support", "4")
    outcome = cli("invariants", learned, *options, "--format", "jsonl")
    texts = [json.loads(line)["text_description"] for line in outcome.out.splitlines()]
    assert texts
    assert all("changes" in text for text in texts)
    assert cli("invariants", learned, "--min-support", "5", "--format", "jsonl").out == ""


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--relation", "nothing"], "there is no relation 'nothing'"),
        (["-o", "nowhere/file"], "there is no folder nowhere"),
        (["--subtract", "missing.json"], "missing.json cannot be read"),
        (["--format", "xml"], "xml"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    cli: Cli, learned: Path, argv: list[str], said: str
) -> None:
    outcome = cli("invariants", learned, *argv)
    assert outcome.code in (2, 3)
    assert outcome.out == ""
    assert said in outcome.err
    assert outcome.err.count("\n") == 1


def test_infer_joins_pairs_and_check_reads_the_chains(
    cli: Cli, good: Path, bad: Path, tmp_path: Path
) -> None:
    file = tmp_path / "chains.json"
    assert cli("infer", "-f", good, "-o", file, "--merge-sequences").code == 0
    assert cli("check", "-f", good, "-i", file, "-o", tmp_path / "good").code == 0
    assert cli("check", "-f", bad, "-i", file, "-o", tmp_path / "bad").code == 1


def test_all_hypotheses_and_a_tolerance_are_settings(cli: Cli, good: Path, tmp_path: Path) -> None:
    file = tmp_path / "file.json"
    outcome = cli("infer", "-f", good, "-o", file, "--all-hypotheses", "--tolerance", "0.1")
    assert outcome.code == 0
    assert "--tolerance has no effect here" in outcome.err
    assert cli("infer", "-f", good, "-o", file, "--tolerance", "-1").code == 2
