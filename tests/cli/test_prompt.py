from __future__ import annotations

import os
import pty
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PROMPT = "sql> "


class Terminal:
    """A person at a terminal: types, and waits for what the program shows."""

    def __init__(self, argv: list[str], environment: dict[str, str]) -> None:
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.execve(sys.executable, [sys.executable, "-m", "tc_engine", *argv], environment)
        self._seen = ""

    def wait_for(self, text: str, seconds: float = 30) -> str:
        """Return all that was shown up to `text`."""
        end = time.monotonic() + seconds
        while text not in self._seen:
            assert time.monotonic() < end, f"{text!r} did not come: {self._seen!r}"
            self._seen += os.read(self._terminal, 65536).decode()
        shown, _, self._seen = self._seen.partition(text)
        return shown

    def type(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    def end(self) -> int:
        try:
            while os.read(self._terminal, 65536):
                pass
        except OSError:
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.fixture
def terminal(good: Path, tmp_path: Path) -> Iterator[Terminal]:
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path), "TERM": "dumb", "CI": "1"}
    yield Terminal(["sql", str(good)], environment)


def test_a_session(terminal: Terminal, tmp_path: Path) -> None:
    terminal.wait_for(PROMPT)
    terminal.type("SELECT 6 * 7\n")
    terminal.wait_for("...> ")
    terminal.type("AS answer;\n")
    assert "answer\r\n------\r\n    42\r\n" in terminal.wait_for(PROMPT)
    terminal.type("SELECT 1;SELECT 2 AS b;\n")
    assert "b\r\n-\r\n2\r\n" in terminal.wait_for(PROMPT)
    terminal.type(".tables\n")
    assert "var_changes" in terminal.wait_for(PROMPT)
    terminal.type(".help\n")
    assert "End a query with a semicolon." in terminal.wait_for(PROMPT)
    terminal.type("FROM nope;\n")
    assert "tc-engine: error: Catalog Error" in terminal.wait_for(PROMPT)
    terminal.type("DROP VIEW events;\n")
    assert "DROP is not for reading" in terminal.wait_for(PROMPT)
    terminal.type("SELECT 'dropped")
    time.sleep(0.2)
    terminal.type("\x03")
    terminal.wait_for(PROMPT)
    terminal.type(
        "SELECT sum(hash(a.range + b.range)) FROM range(10000000) a, range(10000000) b;\n"
    )
    time.sleep(0.5)
    terminal.type("\x03")
    assert "tc-engine: interrupted" in terminal.wait_for(PROMPT)
    terminal.type("SELECT 'still here' AS x;\n")
    assert "still here\r\n" in terminal.wait_for(PROMPT)
    terminal.type(".quit\n")
    assert terminal.end() == 0
    history = tmp_path / "tc_engine" / "sql_history"
    assert "SELECT 6 * 7\n" in history.read_text()
    assert history.stat().st_mode & 0o777 == 0o600


def test_the_end_of_the_input_ends_it(terminal: Terminal) -> None:
    terminal.wait_for(PROMPT)
    terminal.type("\x04")
    assert terminal.end() == 0
