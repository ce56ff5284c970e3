"""Calls are done, told, and done again where a process dies; what they raise comes through."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tc_engine.errors import DataError
from tc_engine.partitions import executors
from tc_engine.partitions.executors import Executor


def touch(path: Path) -> None:
    path.touch()


def refuse() -> None:
    raise DataError("this is wrong", "Do something else")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("make", [lambda: executors.here, lambda: executors.processes(2)])
def test_all_calls_are_done_and_told(make: Callable[[], Executor], tmp_path: Path) -> None:
    told: list[int] = []
    calls = [partial(touch, tmp_path / str(number)) for number in range(3)]
    make()(calls, told.append)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["0", "1", "2"]
    assert told == [1, 2, 3]


@pytest.mark.parametrize("make", [lambda: executors.here, lambda: executors.processes(2)])
def test_an_error_comes_through_with_its_hint(make: Callable[[], Executor]) -> None:
    with pytest.raises(DataError, match=r"this is wrong\. Do something else"):
        make()([refuse], lambda _: None)


def test_a_call_that_kills_every_process_ends_in_a_sentence() -> None:
    with pytest.raises(DataError, match="was killed 4 times"):
        executors.processes(1)([die], lambda _: None)
