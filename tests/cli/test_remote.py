"""Runs on a store, here that of fsspec in memory: the outcome is that of the same runs on disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import fsspec
import pytest

from tc_engine import relations
from tc_engine.dataset import open_dataset
from tc_engine.errors import UsageError
from tc_engine.invariants import write
from tc_engine.partitions.groups import identity
from tc_engine.pipelines.check import check
from tc_engine.pipelines.infer import infer
from tc_engine.remote import place
from tests.cli.conftest import Cli, training

STORE = "memory://bucket/runs"


@pytest.fixture
def stored(tmp_path: Path) -> dict[str, Path]:
    """Write runs to disk and to the store; return those on disk."""
    store = fsspec.filesystem("memory")
    found = {}
    for name, updates in (("good", True), ("bad", False)):
        found[name] = training(updates=updates).write(tmp_path / name)
        store.put(str(found[name]), f"/bucket/runs/{name}", recursive=True)
    return found


def test_infer_and_check_read_a_store(stored: dict[str, Path], tmp_path: Path) -> None:
    learned, verdicts = [], []
    for folder in (stored["good"].parent, STORE):
        good, bad = (open_dataset(place(f"{folder}/{name}")) for name in ("good", "bad"))
        found = infer([good], relations=relations.select())
        learned.append(found)
        verdicts.append(check([bad, good], found.invariants))
    assert learned[0] == learned[1]
    assert verdicts[1].places == {name: f"{STORE}/{name}" for name in ("bad", "good")}
    assert verdicts[0] == replace(verdicts[1], places=verdicts[0].places)
    assert verdicts[1].violated


def test_every_command_takes_an_address(cli: Cli, stored: dict[str, Path], tmp_path: Path) -> None:
    rules = tmp_path / "rules.json"
    divided = ("--work", tmp_path / "work")
    assert cli("infer", "-f", f"{STORE}/good", "-o", rules, *divided).code == 0
    write(
        tmp_path / "expected",
        infer([open_dataset(stored["good"])], relations=relations.select()).invariants,
    )
    assert rules.read_bytes() == (tmp_path / "expected").read_bytes()
    assert cli("check", "-f", f"{STORE}/bad", "-i", rules, "-o", tmp_path / "found").code == 1
    query = "SELECT trace, count(*) AS events FROM events GROUP BY trace"
    asked = cli("sql", f"{STORE}/good", "-c", query)
    assert (asked.code, asked.out.splitlines()[0]) == (0, "trace,events")
    assert asked.out.splitlines()[1].startswith("good,")
    out = tmp_path / "theirs"
    assert cli("export", "--traincheck", f"{STORE}/good", "-o", out).code == 0


def test_what_is_not_there_is_one_sentence(cli: Cli, stored: dict[str, Path]) -> None:
    done = cli("infer", "-f", f"{STORE}/none")
    assert (done.code, done.err) == (
        3,
        f"tc-engine: error: there is no trace at {STORE}/none. Check the path given to -f\n",
    )


def test_an_object_that_is_written_again_is_another_one(stored: dict[str, Path]) -> None:
    before = identity(open_dataset(place(f"{STORE}/good")))
    assert identity(open_dataset(place(f"{STORE}/good"))) == before
    fsspec.filesystem("memory").put(str(stored["good"]), "/bucket/runs/", recursive=True)
    assert identity(open_dataset(place(f"{STORE}/good"))) != before


def test_an_unknown_kind_of_store() -> None:
    with pytest.raises(UsageError, match="nosuch://bucket/run cannot be read"):
        place("nosuch://bucket/run")
