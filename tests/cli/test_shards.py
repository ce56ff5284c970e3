"""Shards, and what `merge` makes of them; the options that divide runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli, training


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    return [training(steps=3 + number).write(tmp_path / f"run{number}") for number in range(3)]


def test_an_inference_in_shards(cli: Cli, runs: list[Path], tmp_path: Path) -> None:
    work = tmp_path / "work"
    assert cli("infer", "-f", *runs, "-o", tmp_path / "whole.json").code == 0

    def shard(place: str) -> str:
        done = cli("infer", "-f", *runs, "--work", work, "--shard", place)
        assert (done.code, done.err) == (0, "")
        return done.out

    first = shard("1/2")
    again = "candidates found; once shard 2 too, start every shard again"
    assert first == f"shard 1/2: {again}\n"
    early = cli("merge", work, "-o", tmp_path / "early.json")
    assert early.code == 3
    assert early.err == (
        "tc-engine: error: shard 2 found no candidates yet. Start what is left, then merge again\n"
    )
    assert shard("2/2") == "shard 2/2: examples counted; to be started again: shard 1\n"
    assert "shard 1 counted no examples yet" in cli("merge", work).err
    assert shard("1/2") == (
        "shard 1/2: examples counted, as in all shards: `tc-engine merge` comes next\n"
    )
    merged = cli("merge", work, "-o", tmp_path / "merged.json")
    assert merged.code == 0
    assert "invariants written to" in merged.out
    for suffix in ("", ".failed"):
        expected = (tmp_path / f"whole.json{suffix}").read_bytes()
        assert (tmp_path / f"merged.json{suffix}").read_bytes() == expected
    assert not (tmp_path / "early.json").exists()


def test_a_check_in_shards(cli: Cli, runs: list[Path], bad: Path, tmp_path: Path) -> None:
    rules, work = tmp_path / "rules.json", tmp_path / "work"
    cli("infer", "-f", *runs, "-o", rules)
    whole = cli("check", "-f", *runs, bad, "-i", rules, "-o", tmp_path / "whole")
    assert whole.code == 1
    for place, rest in (("2/5", "shards 1, 3, 4"), ("5/5", "shards 1, 3, 4"), ("1/5", "")):
        done = cli("check", "-f", *runs, bad, "-i", rules, "--work", work, "--shard", place)
        assert done.code == 0
        assert rest in done.out, "four runs make four shards: the fifth has nothing to do"
    assert "shards 3, 4 judged nothing yet" in cli("merge", work).err
    for place in ("3/5", "4/5"):
        cli("check", "-f", *runs, bad, "-i", rules, "--work", work, "--shard", place)
    merged = cli("merge", work, "-o", tmp_path / "merged")
    assert merged.code == 1
    assert merged.out == whole.out.replace("whole", "merged")
    assert files(tmp_path / "merged") == files(tmp_path / "whole")
    assert cli("merge", work, "-o", tmp_path / "merged", "--exit-zero").code == 0


def files(folder: Path) -> dict[str, bytes]:
    found = [file for file in folder.rglob("*") if file.is_file()]
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in found}


def test_partitions_and_a_kept_folder_change_nothing(
    cli: Cli, runs: list[Path], bad: Path, tmp_path: Path
) -> None:
    cli("infer", "-f", *runs, "-o", tmp_path / "whole.json")
    rules, work = tmp_path / "rules.json", tmp_path / "work"
    for number in (2, 3):
        some = runs[:number]
        done = cli("infer", "-f", *some, "-o", rules, "--work", work, "--partitions", 1)
        assert done.code == 0
    assert rules.read_bytes() == (tmp_path / "whole.json").read_bytes()
    check = ("check", "-f", bad, *runs, "-i", rules, "--exit-zero", "-o")
    whole = cli(*check, tmp_path / "whole")
    divided = cli(*check, tmp_path / "divided", "--partitions", 2)
    assert divided.out == whole.out.replace("whole", "divided")
    assert files(tmp_path / "divided") == files(tmp_path / "whole")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--shard 1/2", "--shard needs a folder that all shards share. Give --work DIR"),
        ("--shard 3/2 --work w", "--shard 3/2 is not K/N. Write --shard 1/4 up to 4/4"),
        ("--shard x --work w", "--shard x is not K/N. Write --shard 1/4 up to 4/4"),
        (
            "--shard 1/2 --work w --partitions 2",
            "--shard goes with neither --partitions nor --ray",
        ),
        (
            "--ray auto",
            "machines need a folder that they all see. Give --work DIR on a shared disk",
        ),
        (
            "--work w -t some.jsonl",
            "-t makes a run for this command alone. `ingest` them, then use -f",
        ),
    ],
)
def test_options_that_do_not_go_together(
    cli: Cli, runs: list[Path], options: str, message: str
) -> None:
    done = cli("infer", "-f", runs[0], *options.split())
    assert (done.code, done.out, done.err) == (2, "", f"tc-engine: error: {message}\n")


def test_a_folder_holds_the_shards_of_one_command(
    cli: Cli, runs: list[Path], tmp_path: Path
) -> None:
    work = tmp_path / "work"
    cli("infer", "-f", *runs, "--work", work, "--shard", "1/2")
    other = cli("infer", "-f", *runs, "--work", work, "--shard", "1/3")
    assert other.code == 2
    assert f"{work} holds the shards of another command" in other.err
    missing = cli("merge", tmp_path)
    assert missing.code == 3
    assert "is no folder of shards" in missing.err
