"""Let Ctrl-C stop a running query: DuckDB itself looks for signals only when a query has ended."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb


@contextmanager
def interruptible(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Interrupt what the connection is doing as soon as SIGINT arrives.

    Python then raises KeyboardInterrupt as always. Outside the main thread, where no signal
    arrives, this does nothing.
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
        yield
    finally:
        signal.set_wakeup_fd(before)
        writer.close()
        watcher.join()
        reader.close()


def _watch(reader: socket.socket, connection: duckdb.DuckDBPyConnection) -> None:
    while numbers := reader.recv(64):
        if signal.SIGINT in numbers:
            connection.interrupt()
