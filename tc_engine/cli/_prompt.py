"""The prompt: queries typed by a person, one answer after each semicolon."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from tc_engine.cli import _ask, _catalog
from tc_engine.cli._console import fail, say
from tc_engine.cli._writer import Writer
from tc_engine.engine.interrupt import as_keyboard_interrupt
from tc_engine.engine.session import Session
from tc_engine.errors import TcEngineError

HELP = """\
End a query with a semicolon.
.tables   list the tables, with what one row is
.help     show this
.quit     leave (so does Ctrl-D); Ctrl-C drops what is typed, or stops a query
"""
HISTORY_LINES = 1000


def prompt(session: Session, writer: Writer) -> None:
    """Answer queries until the person leaves."""
    history = _open_history()
    sys.stderr.write('.help for help; DESCRIBE calls; for the columns of "calls"\n')
    try:
        while (text := _read()) is not None and text != ".quit":
            _obey(session, writer, text)
    finally:
        _save_history(history)


def _read() -> str | None:
    """Read lines up to a semicolon, or one line with a dot; None at the end of the input."""
    lines: list[str] = []
    while True:
        try:
            lines.append(input("...> " if lines else "sql> "))
        except EOFError:
            sys.stdout.write("\n")
            return None
        except KeyboardInterrupt:
            sys.stdout.write("\n")
            lines.clear()
            continue
        text = "\n".join(lines).strip()
        if text.endswith(";") or (len(lines) == 1 and text.startswith(".")):
            return text
        if not text:
            lines.clear()


def _obey(session: Session, writer: Writer, text: str) -> None:
    try:
        if text == ".tables":
            _ask.answer(session, _catalog.TABLES, writer)
        elif text.startswith("."):
            sys.stdout.write(HELP)
        else:
            with as_keyboard_interrupt():
                _ask.answer(session, text, writer)
    except TcEngineError as error:
        fail(error)
    except KeyboardInterrupt:
        say("interrupted")


def _open_history() -> Path | None:
    """Let the line editor know what was typed before; None where there is no line editor."""
    try:
        import readline
    except ImportError:
        return None
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    history = Path(state) / "tc_engine" / "sql_history"
    with suppress(OSError):
        readline.read_history_file(history)
    return history


def _save_history(history: Path | None) -> None:
    if history is None:
        return
    import readline

    with suppress(OSError):  # a home that cannot be written is no reason to fail
        history.parent.mkdir(parents=True, exist_ok=True)
        readline.set_history_length(HISTORY_LINES)
        readline.write_history_file(history)
        history.chmod(0o600)
