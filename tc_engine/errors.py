"""What can go wrong, in one small family: each error says what, where, and what to do."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command except `collect`, which passes the program's own on."""

    OK = 0
    VIOLATED = 1
    DIFFERENT = 1
    USAGE = 2
    DATA = 3
    BUG = 101
    INTERRUPTED = 130


class TcEngineError(Exception):
    """An error a person can act on: the message says what and where, the hint what to do."""

    exit_code = ExitCode.BUG

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}. {self.hint}" if self.hint else self.message


class UsageError(TcEngineError):
    """The command line, a setting or a query is not right."""

    exit_code = ExitCode.USAGE


class DataError(TcEngineError):
    """Data that cannot be read, written, or understood by this version."""

    exit_code = ExitCode.DATA


class QueryError(TcEngineError):
    """A SQL file of ours failed: a bug, or data that no check foresaw."""

    exit_code = ExitCode.BUG
