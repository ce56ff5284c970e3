"""Tasks side by side: what they share, what they do not, and how they end."""

from __future__ import annotations

import threading
import time
from functools import partial
from pathlib import Path

import pytest

from tc_engine.dataset import open_dataset
from tc_engine.engine import stages
from tc_engine.engine.lanes import Made, side_by_side
from tc_engine.engine.session import Limits, Session
from tc_engine.errors import QueryError
from tests.cli.conftest import training


@pytest.fixture
def session(tmp_path: Path) -> Session:
    opened = Session(Limits(threads=2))
    stages.load(opened, [open_dataset(training().write(tmp_path / "run"))], {"min_support": 7})
    return opened


def count_rows(lane: Session, number: int) -> tuple[int, int, int]:
    """Make a table of a name that other tasks use too, beside tables that all share."""
    lane.execute(f"CREATE OR REPLACE TABLE own AS FROM range({number})")
    stages.derive(lane, ["FROM calls, functions, var_runs"])
    support = lane.value("SELECT getvariable('min_support')")
    return (
        lane.value("SELECT count(*) FROM own"),
        lane.value("SELECT count(*) FROM calls"),
        support,
    )


@pytest.mark.parametrize("lanes", [1, 2, 3])
def test_each_task_has_tables_of_its_own_beside_those_of_all(session: Session, lanes: int) -> None:
    tasks = [partial(count_rows, number=number) for number in range(5)]
    assert side_by_side(session, tasks, lanes) == [(number, 8, 7) for number in range(5)]
    assert session.value("SELECT count(*) FROM calls") == 8, "they stay"


def test_each_file_runs_once(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    run = Session.run_for_all

    def counted(self: Session, name: str) -> None:
        ran.append(name)
        time.sleep(0.01)
        run(self, name)

    monkeypatch.setattr(Session, "run_for_all", counted)
    side_by_side(session, [lambda lane: stages.derive(lane, None)] * 3, 3)
    assert sorted(ran) == sorted(name for name in stages.flow() if name.startswith("2_derive"))


def fail(lane: Session) -> None:
    lane.rows("FROM nothing")


def endless(lane: Session) -> None:
    lane.rows("SELECT sum(a.range * b.range) FROM range(1000000) AS a, range(1000000) AS b")


def test_an_error_ends_the_others(session: Session) -> None:
    start = time.monotonic()
    with pytest.raises(QueryError, match="nothing"):
        side_by_side(session, [fail, endless], 2)
    assert time.monotonic() - start < 30


def test_a_file_waits_for_those_before_it() -> None:
    needed = {"a": frozenset[str](), "b": frozenset({"a"}), "c": frozenset[str]()}
    made = Made()
    assert made.next(needed) == "a"
    assert made.next(needed) == "c", "b waits for a"
    later: list[str | None] = []
    waiting = threading.Thread(target=lambda: later.append(made.next(needed)))
    waiting.start()
    made.ended("a")
    made.left("a")
    waiting.join(10)
    assert later == ["b"]
    for name in ("b", "c"):
        made.ended(name)
        made.left(name)
    assert made.next(needed) is None
    assert "b" in made


def test_a_file_that_failed_may_be_tried_by_another() -> None:
    made = Made()
    assert made.next({"a": frozenset()}) == "a"
    made.left("a")
    assert made.next({"a": frozenset()}) == "a"
    made.stop()
    made.left("a")
    with pytest.raises(KeyboardInterrupt):
        made.next({"a": frozenset()})
