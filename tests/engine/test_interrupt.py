from __future__ import annotations

import os
import signal
import threading

import duckdb
import pytest

from tc_engine.engine.interrupt import interruptible

ENDLESS = (
    "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE hash(a.range + b.range) = 3"
)


def test_ctrl_c_stops_a_query() -> None:
    before = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(before)
    with duckdb.connect(":memory:") as connection:
        timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt), interruptible(connection):
            timer.start()
            connection.execute(ENDLESS).fetchall()
        timer.join()
        assert connection.execute("SELECT 1").fetchall() == [(1,)]
    assert signal.set_wakeup_fd(before) == before


def test_other_errors_pass() -> None:
    with duckdb.connect(":memory:") as connection:
        with pytest.raises(duckdb.CatalogException), interruptible(connection):
            connection.execute("FROM nope")
        with pytest.raises(RuntimeError, match="other"), interruptible(connection):
            raise RuntimeError("other")


def test_it_does_nothing_in_another_thread() -> None:
    rows = []

    def work() -> None:
        with duckdb.connect(":memory:") as connection, interruptible(connection):
            rows.append(connection.execute("SELECT 1").fetchall())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert rows == [[(1,)]]
