"""Work of one session side by side: queries over small tables keep one core busy each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, closing
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from tc_engine.engine.session import Session

T = TypeVar("T")

_EVERY = 0.05  # seconds


class Made:
    """Which SQL files ran in a database, and which run now; sessions side by side share it."""

    def __init__(self) -> None:
        self._ended: set[str] = set()
        self._running: set[str] = set()
        self._stopped = False
        self._changed = threading.Condition()

    def __contains__(self, name: str) -> bool:
        return name in self._ended

    def next(self, needed: Mapping[str, frozenset[str]]) -> str | None:
        """Return a file that can run now, in order, and keep others from it; None if all ran.

        Waits where others still run what comes before. `needed` says for each file which those are.
        """
        with self._changed:
            while left := [name for name in needed if name not in self._ended]:
                self.go_on()
                for name in left:
                    if name not in self._running and needed[name] <= self._ended:
                        self._running.add(name)
                        return name
                self._changed.wait()
        return None

    def ended(self, name: str) -> None:
        """Note that a file ran to its end."""
        with self._changed:
            self._ended.add(name)

    def left(self, name: str) -> None:
        """Let others go on after a file that `next` gave, whether it ran to its end or not."""
        with self._changed:
            self._running.discard(name)
            self._changed.notify_all()

    def stop(self) -> None:
        """Let nobody go on."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def go_on(self) -> None:
        """Raise KeyboardInterrupt once all are to stop."""
        if self._stopped:
            raise KeyboardInterrupt


def side_by_side(session: Session, tasks: Sequence[Callable[[Session], T]], lanes: int) -> list[T]:
    """Return what the tasks return; `lanes` of them run at once, each in a session beside this one.

    With one lane they run in the session itself, one after another.
    """
    if lanes < 2 or len(tasks) < 2:
        return [task(session) for task in tasks]
    free: SimpleQueue[Session] = SimpleQueue()

    def work(task: Callable[[Session], T]) -> T:
        lane = free.get()
        try:
            return task(lane)
        finally:
            free.put(lane)

    with ExitStack() as stack, ThreadPoolExecutor(lanes) as pool:
        for number in range(lanes):
            free.put(stack.enter_context(closing(session.beside(f"lane_{number}"))))
        futures = [pool.submit(work, task) for task in tasks]
        try:
            return [future.result() for future in futures]
        except BaseException:
            session.made.stop()
            for future in futures:
                future.cancel()
            while wait(futures, timeout=_EVERY).not_done:
                session.interrupt()  # a query may have begun after the last time
            raise
