"""Turn calls into events: one per call, from its entry to its exit.

This is the hot path. A call that is not recorded costs one test of a flag; a recorded one fills a
`Call` and appends it to a queue that the writer thread empties. The queue is bounded by its size in
memory: first calls that say little are dropped, then everything, counted by function.
"""

from __future__ import annotations

import itertools
import signal
import threading
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic_ns
from typing import Any

import torch

from tc_engine.collect.events import EXCEPTION, OK, Api, Call, Event, Label, Look, Thread
from tc_engine.collect.serials import Serials, Storages
from tc_engine.collect.sources import Sources
from tc_engine.collect.values import Encoder, type_name

MAX_WAITING = 256 * 2**20  # bytes of events that wait for the writer
WEIGHED_EVERY = 64  # events of a thread
WORTH_WAKING = 256  # events
MAX_MESSAGE = 4096

# In which the program has a say in what the collector reads of a tensor.
_function_modes = torch._C._len_torch_function_stack


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
        self.sampled = True  # this step is one of those that are recorded
        self.encoder = Encoder()
        self.identifier = Encoder(Storages())
        self.serials = Serials()
        self.sources = Sources()
        self.apis: list[Api] = []
        self._label = label
        self._started = started
        self.forget()

    def forget(self) -> None:
        """Start over without any event, as a forked child does."""
        self.events: deque[Event] = deque()
        self.is_left = False  # the program is where it leaves the interpreter alone
        self.wake = threading.Event()  # for the writer
        self.shed = 0  # 1: calls that say little are dropped, 2: all events
        self.disk_full = 0  # the same, said by the writer
        self._taken = 0
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

    def register(self, api: Api) -> Api:
        """Take note of a function that may be recorded."""
        self.apis.append(api)
        return api

    def settle(self, steps: int) -> None:
        """Count those functions no longer as rare that are called in every other step or more."""
        for api in self.apis:
            api.rare = api.rare and api.calls * 2 < steps

    def begin(self, api: Api, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call | None:
        """Open a call; None if it is not recorded. Raises nothing of its own."""
        thread = self._threads.current
        if thread is None:
            thread = self._first_seen(api)
        if thread is None or thread.muted or not api.enabled:
            return None
        if api.before is None and api.after is None and self.is_silent(api):
            return None
        entered, depth = monotonic_ns(), len(thread.calls)
        thread.muted = True
        muted = False
        try:
            if _function_modes():
                with torch._C.DisableTorchFunction():
                    call = self._open(thread, api, args, kwargs)
            else:
                call = self._open(thread, api, args, kwargs)
            muted = api.leaf
            call.start = monotonic_ns()
            thread.spent += call.start - entered
        except BaseException as error:
            muted = False
            del thread.calls[depth:]
            thread.inside = sum(call.observes for call in thread.calls)
            if self._is_of_program(error):
                raise
            self.give_up(api, error)
            return None
        finally:
            thread.muted = muted
        return call

    def _first_seen(self, api: Api) -> Thread | None:
        """Take note of the calling thread; None if it cannot be followed."""
        try:
            return self._new_thread()
        except Exception as error:
            self.give_up(api, error)
            return None

    def _is_of_program(self, error: BaseException) -> bool:
        """Tell whether a signal's handler raised this while the collector was at work."""
        return not isinstance(error, Exception) or raised_by_handler(error)

    def is_silent(self, api: Api) -> bool:
        """Tell whether a call of a function becomes no row now."""
        return not (api.recorded and (self.sampled or api.rare))

    def _open(
        self, thread: Thread, api: Api, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Call:
        """Write down everything that is known at the entry of a call."""
        call = Call(api, thread)
        if api.before is not None:
            api.before(call, args, kwargs)
        if thread.calls:
            call.parent = thread.calls[-1].visible_id
        if self.is_silent(api):  # now: another step may have begun with this call
            call.silent = True
            thread.calls.append(call)
            return call
        api.calls += 1
        call.label = self.label(thread)
        self.sources.find(call)
        if api.bound and args:
            call.receiver = self.serials.of(args[0])
        if api.described:
            encoder = self.identifier if api.identifies else self.encoder
            call.args = encoder.positional(args)
            call.kwargs = encoder.keywords(kwargs)
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
        left = monotonic_ns()
        thread, api = call.thread, call.api
        thread.muted = True
        try:
            if _function_modes():
                with torch._C.DisableTorchFunction():
                    self._conclude(call, left, result, error)
            else:
                self._conclude(call, left, result, error)
        except BaseException as failure:
            if self._is_of_program(failure):
                raise
            self.give_up(api, failure)
        finally:
            call.end = left + 1  # what `after` saw at `left` lies inside the call
            call.note = None
            thread.inside -= call.observes
            _pop(thread.calls, call)
            thread.muted = False
        if not call.silent:
            self._append(call, minor=api.minor)
        thread.spent += monotonic_ns() - left

    def _conclude(self, call: Call, left: int, result: Any, error: BaseException | None) -> None:
        """Write down how a call ended."""
        if not call.silent:
            if error is None:
                if call.api.described:
                    call.result = self.encoder.result(result)
                call.outcome = OK
            else:
                call.exception, call.message = _told(error)
                call.outcome = EXCEPTION
        if call.api.after is not None:
            call.api.after(call, left, error)

    def look(self, look: Look) -> None:
        """Hand over what was seen of variables."""
        self._append(look, minor=False)

    def event_ids(self, count: int) -> list[int]:
        """Take numbers for events that come now."""
        return [next(self._ids) for _ in range(count)]

    def take(self, most: int) -> list[Event]:
        """Take events out of the queue, for the writer."""
        taken = [self.events.popleft() for _ in range(min(most, len(self.events)))]
        self._taken += sum(event.size for event in taken)
        self._weigh()
        return taken

    def leave(self) -> None:
        """Note that the program leaves the interpreter alone for a while: time for the writer."""
        self.is_left = True
        if len(self.events) >= WORTH_WAKING:
            self.wake.set()

    def label(self, thread: Thread) -> Label:
        """Step, stage and meta of a thread at this moment."""
        if thread.version != self._version:
            thread.version = self._version
            thread.label = self._label(thread.managers)
        return thread.label

    def open_calls(self) -> list[Call]:
        """Take the calls of all threads that have not returned."""
        found = [c for thread in self.all_threads for c in thread.calls if not c.silent]
        for thread in self.all_threads:
            thread.calls = []
        return found

    def give_up(self, api: Api, error: BaseException) -> None:
        """Note an internal error once and record this function no more."""
        api.enabled = False
        self.note_error(api.name, error)

    def note_error(self, where: str, error: BaseException) -> None:
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

    def _append(self, event: Event, minor: bool) -> None:
        if self.shed and (minor or self.shed > 1):
            self.dropped["states" if isinstance(event, Look) else event.api.name] += 1
            return
        thread, size = event.thread, event.size
        thread.queued += size
        thread.events += 1
        self.events.append(event)
        if thread.events % WEIGHED_EVERY == 0 or size > MAX_WAITING >> 10:
            self._weigh()

    def _weigh(self) -> None:
        """Find out how full the queue is. Each counter has one thread that writes it: no lock."""
        waiting = sum(thread.queued for thread in self.all_threads) - self._taken
        full = 2 if waiting > MAX_WAITING else int(waiting > MAX_WAITING // 2)
        self.shed = max(full, self.disk_full)


def raised_by_handler(error: BaseException) -> bool:
    """Tell whether a handler of a signal is among the functions that an exception has passed."""
    handlers = (signal.getsignal(number) for number in signal.valid_signals())
    codes = {getattr(getattr(one, "__func__", one), "__code__", None) for one in handlers} - {None}
    frames = traceback.walk_tb(error.__traceback__)
    return any(frame.f_code in codes for frame, _ in frames)


def _pop(calls: list[Call], call: Call) -> None:
    """Take a call off the stack, and whatever was left above it."""
    if calls and calls[-1] is call:
        calls.pop()
    elif call in calls:
        del calls[calls.index(call) :]


def _told(error: BaseException) -> tuple[str, str]:
    try:
        message = str(error)
    except Exception:
        message = ""
    return type_name(type(error)), message[:MAX_MESSAGE].encode("utf-8", "replace").decode()
