"""Turn calls into rows: one row per call, from its entry to its exit.

This is the hot path. A call that is not recorded costs one test of a flag; a recorded one fills a
`Call` and appends it to a queue that the writer thread empties.
"""

from __future__ import annotations

import itertools
import threading
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch

from tc_engine.collect.events import EXCEPTION, OK, Api, Call, Label, Row, State, Thread
from tc_engine.collect.serials import Serials
from tc_engine.collect.values import Encoder, type_name

MAX_QUEUED = 200_000
MAX_MESSAGE = 4096

_NOTHING = nullcontext()


class _Threads(threading.local):
    """Gives each thread its own `Thread`, once it has one."""

    current: Thread | None = None


class Recorder:
    """The events of one process on their way from the program's threads to the writer.

    `label` gives step, stage and meta under a thread's context managers; `started` is called when a
    thread records for the first time.
    """

    def __init__(
        self, label: Callable[[Sequence[tuple[str, str]]], Label], started: Callable[[], None]
    ) -> None:
        self.on = True
        self.encoder = Encoder()
        self.serials = Serials()
        self._label = label
        self._started = started
        self.forget()

    def forget(self) -> None:
        """Start over without any event, as a forked child does."""
        self.rows: deque[Row] = deque()
        self.dropped: Counter[str] = Counter()
        self.errors: dict[str, str] = {}
        self.all_threads: list[Thread] = []
        self._version = 0
        self._ids = itertools.count()
        self._numbers = itertools.count()
        self._threads = _Threads()

    def _new_thread(self) -> Thread:
        thread = self._threads.current = Thread(next(self._numbers))
        self.all_threads.append(thread)
        self._started()
        return thread

    @property
    def thread(self) -> Thread:
        """The calling thread."""
        return self._threads.current or self._new_thread()

    def relabel(self) -> None:
        """Note that step, stage or meta have changed."""
        self._version += 1

    def begin(self, api: Api, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call | None:
        """Open a call; None if it is not recorded. Raises nothing of its own."""
        thread = self._threads.current or self._new_thread()
        if thread.muted or not api.enabled:
            return None
        entered = time.monotonic_ns()
        thread.muted = True
        muted = False
        try:
            with _undisturbed():
                call = self._open(thread, api, args, kwargs)
            muted = api.leaf
            call.start = time.monotonic_ns()
            thread.spent += call.start - entered
        except Exception as error:
            self.give_up(api, error)
            return None
        finally:
            thread.muted = muted
        return call

    def _open(
        self, thread: Thread, api: Api, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Call:
        call = Call(api, thread)
        if api.before is not None:
            api.before(call, args, kwargs)
        call.label = self.label(thread)
        if thread.calls:
            call.parent = thread.calls[-1].event_id
        if api.bound and args:
            call.receiver = self.serials.of(args[0])
        call.args = self.encoder.positional(args)
        if kwargs:
            call.kwargs = self.encoder.keywords(kwargs)
        call.event_id = next(self._ids)
        thread.calls.append(call)
        return call

    def finish(self, call: Call, result: Any) -> None:
        """Close a call that returned. Raises nothing of its own."""
        self._close(call, result, None)

    def fail(self, call: Call, error: BaseException) -> None:
        """Close a call that raised. Raises nothing of its own."""
        self._close(call, None, error)

    def _close(self, call: Call, result: Any, error: BaseException | None) -> None:
        left = time.monotonic_ns()
        thread, api = call.thread, call.api
        thread.muted = True
        try:
            with _undisturbed():
                if error is None:
                    call.result = self.encoder.result(result)
                    call.outcome = OK
                else:
                    call.exception, call.message = _describe(error)
                    call.outcome = EXCEPTION
                if api.after is not None:
                    api.after(call, left, error)
        except Exception as failure:
            self.give_up(api, failure)
        finally:
            call.end = left + 1  # what `after` saw at `left` lies inside the call
            call.note = None
            _pop(thread.calls, call)
            thread.muted = False
        self._append(call, minor=api.minor)
        thread.spent += time.monotonic_ns() - left

    def state(
        self,
        thread: Thread,
        start: int,
        variable: tuple[str, str],
        attributes: str,
        cause: int | None,
        extra: str | None,
    ) -> None:
        """Record the attributes of a variable, given by its name and type."""
        label = self.label(thread)
        self._append(
            State(next(self._ids), thread, start, *variable, attributes, cause, label, extra),
            minor=False,
        )

    def label(self, thread: Thread) -> Label:
        """Step, stage and meta of a thread at this moment."""
        if thread.version != self._version:
            thread.version = self._version
            thread.label = self._label(thread.managers)
        return thread.label

    def open_calls(self) -> list[Call]:
        """Take the calls of all threads that have not returned."""
        found = [call for thread in self.all_threads for call in thread.calls]
        for thread in self.all_threads:
            thread.calls = []
        return found

    def give_up(self, api: Api, error: Exception) -> None:
        """Note an internal error once and record this function no more."""
        api.enabled = False
        self.note_error(api.name, error)

    def note_error(self, where: str, error: Exception) -> None:
        """Note an internal error of one place, once."""
        if where not in self.errors:
            self.errors[where] = "".join(traceback.format_exception(error))[-MAX_MESSAGE:]

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Record nothing in this thread for a while."""
        thread = self._threads.current or self._new_thread()
        before, thread.muted = thread.muted, True
        try:
            yield
        finally:
            thread.muted = before

    def _append(self, row: Row, minor: bool) -> None:
        queued = len(self.rows)
        if queued >= MAX_QUEUED * 2 or (minor and queued >= MAX_QUEUED):
            self.dropped["states" if isinstance(row, State) else row.api.name] += 1
            return
        self.rows.append(row)


def _undisturbed() -> AbstractContextManager[Any]:
    """Keep what the collector reads of a tensor out of the program's function modes."""
    return torch._C.DisableTorchFunction() if torch._C._len_torch_function_stack() else _NOTHING


def _pop(calls: list[Call], call: Call) -> None:
    """Take a call off the stack, and whatever was left above it."""
    if calls and calls[-1] is call:
        calls.pop()
    elif call in calls:
        del calls[calls.index(call) :]


def _describe(error: BaseException) -> tuple[str, str]:
    try:
        message = str(error)
    except Exception:
        message = ""
    return type_name(type(error)), message[:MAX_MESSAGE].encode("utf-8", "replace").decode()
