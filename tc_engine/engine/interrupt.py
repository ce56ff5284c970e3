"""Let Ctrl-C stop a running query: DuckDB itself looks for signals only when a query has ended."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import duckdb

# What DuckDB says through other kinds of errors.
_INTERRUPTED = ("Query interrupted", "INTERRUPT Error: Interrupted!")


class Interruptible(Protocol):
    """A connection, or something that has some."""

    def interrupt(self) -> None:
        """End what is running now."""


@contextmanager
def interruptible(connection: Interruptible) -> Iterator[None]:
    """Interrupt what the connection does as soon as SIGINT arrives; KeyboardInterrupt is raised.

    Outside the main thread, where no signal arrives, this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    watcher = threading.Thread(target=_watch, args=(reader, connection), daemon=True)
    watcher.start()
    try:
        with as_keyboard_interrupt():
            yield
    finally:
        signal.set_wakeup_fd(before)
        writer.close()
        watcher.join()
        reader.close()


@contextmanager
def as_keyboard_interrupt() -> Iterator[None]:
    """Raise KeyboardInterrupt for whatever DuckDB raises when Ctrl-C ended a query."""
    try:
        yield
    except (duckdb.Error, RuntimeError) as error:
        if is_interrupt(error):
            raise KeyboardInterrupt from error
        raise


def is_interrupt(error: BaseException) -> bool:
    """Whether DuckDB says by this error that Ctrl-C ended a query."""
    return isinstance(error, duckdb.InterruptException) or str(error) in _INTERRUPTED


def _watch(reader: socket.socket, connection: Interruptible) -> None:
    while numbers := reader.recv(64):
        if signal.SIGINT in numbers:
            connection.interrupt()
