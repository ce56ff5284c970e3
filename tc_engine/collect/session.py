"""The collector inside one process of the program, from the import of torch to the exit."""

from __future__ import annotations

import atexit
import json
import multiprocessing.util
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, ClassVar

from tc_engine.collect.annotations import ANNOTATIONS
from tc_engine.collect.events import Label
from tc_engine.collect.identity import Identity, versions
from tc_engine.collect.importhook import ImportHook
from tc_engine.collect.install import Installer
from tc_engine.collect.observer import Observer
from tc_engine.collect.plan import Plan, read_plan
from tc_engine.collect.recorder import Recorder
from tc_engine.collect.roles import Roles
from tc_engine.collect.sources import without_home
from tc_engine.collect.stamp import now
from tc_engine.collect.steps import EVALUATION, Steps
from tc_engine.collect.values import type_name
from tc_engine.collect.variables import Variables
from tc_engine.collect.workers import Workers
from tc_engine.collect.writer import Writer

if TYPE_CHECKING:
    from tc_engine.collect.parts import Parts

MAX_METAS = 1024
FORK_SECONDS = 5.0


class Session:
    """Ties the parts of the collector together and follows the process through its life.

    `active` is the session of this process, if it has one. `is_own`: the program started it itself,
    as opposed to `tc-engine collect`.
    """

    active: ClassVar[Session | None] = None

    def __init__(self, run: Path, plan: Plan, hook: ImportHook, *, own: bool) -> None:
        self.run = run
        self.is_own = own
        self._hook = hook
        self._plan = plan
        self._identity = Identity(self._relabel)
        self._ended_at: str | None = None
        self._metas: dict[tuple[Any, ...], str] = {}
        self._guard = threading.Lock()
        self._recorder = Recorder(self._label, self._ensure_writer)
        self._steps = Steps(ANNOTATIONS, self._moved)
        self._step = -1
        self._steps_recorded = 0
        self._variables = Variables()
        self._observer = Observer(self._recorder, self._variables, plan)
        self._writer: Writer | None = None
        self._held: Writer | None = None  # waits for a fork to be over
        roles = Roles(self._recorder, self._steps, self._variables, self._observer, self._identity)
        workers = Workers(run, plan, self._recorder, self._identity)
        self._installer = Installer(self._recorder, roles, self._variables, workers, plan, hook)
        self._begin()

    @classmethod
    def start(cls, run: Path, hook: ImportHook, *, own: bool = False) -> Session:
        """Start collecting in this process; torch has been imported."""
        session = cls.active = cls(run, read_plan(run), hook, own=own)
        session._installer.install(everywhere=own)
        ANNOTATIONS.on_change = session._annotated
        atexit.register(session._exit)
        os.register_at_fork(
            before=session._forking,
            after_in_parent=session._has_forked,
            after_in_child=session._forked,
        )
        if not own:
            session._catch_sigterm()
        return session

    def stop(self) -> None:
        """Write everything and put torch back as it was."""
        if Session.active is not self:
            return
        Session.active = None
        self.close()
        self._installer.undo()
        self._hook.remove()
        ANNOTATIONS.on_change = None
        atexit.unregister(self._exit)

    def close(self) -> None:
        """Write everything; what comes later is not recorded."""
        self._recorder.on = False
        self._ended_at = now()
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def _exit(self) -> None:
        """Write everything when the interpreter ends."""
        self.close()
        if getattr(sys, "last_type", None) is KeyboardInterrupt:
            # The interpreter has noted that Ctrl-C ended the program, to end by that signal; any
            # string that is executed since then, as imports do, has made it forget.
            with suppress(KeyboardInterrupt):
                exec("raise KeyboardInterrupt")  # noqa: S102 - makes it note that again

    def _begin(self) -> None:
        self._started_at = now()
        self._ended_at = None
        self._started = time.monotonic_ns()

    def _label(self, managers: Sequence[tuple[str, str]]) -> Label:
        stage = self._steps.stage
        eval_step = self._steps.eval_step if stage == EVALUATION else None
        key = (eval_step, *managers)
        text = self._metas.get(key)
        if text is None:
            if len(self._metas) >= MAX_METAS:
                self._metas.clear()
            text = self._metas[key] = self._meta(eval_step, managers)
        return self._steps.step, stage, text

    def _meta(self, eval_step: int | None, managers: Sequence[tuple[str, str]]) -> str:
        meta: dict[str, Any] = {**self._identity.meta, **ANNOTATIONS.meta}
        if eval_step is not None:
            meta["eval_step"] = eval_step
        if managers:
            meta["context_managers"] = {name: json.loads(text) for name, text in managers}
        return json.dumps(meta, default=lambda value: type_name(type(value)))

    def _annotated(self) -> None:
        self._recorder.on = not ANNOTATIONS.paused and self._identity.worker is None
        self._relabel()

    def _moved(self) -> None:
        """Note another step or stage; between the windows of a sampled run little is recorded."""
        self._recorder.relabel()
        if self._steps.step == self._step:
            return
        self._step = self._steps.step
        sampled = self._plan.covers(self._step)
        if self._recorder.sampled and not sampled:
            self._recorder.settle(self._steps_recorded)
        self._recorder.sampled = sampled
        self._steps_recorded += sampled

    def _relabel(self) -> None:
        self._metas.clear()
        self._recorder.relabel()

    def _ensure_writer(self) -> None:
        if self._identity.worker is not None:
            return  # it keeps a log of its own
        with self._guard:
            if self._writer is not None:
                return
            most = self._plan.max_bytes
            self._writer = Writer(self._recorder, self.run, most, self._summarise)
            self._writer.start()
        if multiprocessing.parent_process() is not None:
            # A child of multiprocessing leaves by os._exit and runs no atexit function.
            multiprocessing.util.Finalize(None, self.close, exitpriority=0)

    def _forking(self) -> None:
        """Let the writer come to rest: what it is in the middle of would stay so in the child.

        That is true of imports, too, so what it imports is imported now.
        """
        writer = self._writer
        if writer is not None:
            with suppress(Exception), self._recorder.quiet():
                from tc_engine.collect import parts, summary  # noqa: F401, PLC0415
            if writer.idle.acquire(timeout=FORK_SECONDS):
                self._held = writer

    def _has_forked(self) -> None:
        """Let the writer of the parent go on."""
        writer, self._held = self._held, None
        if writer is not None:
            writer.idle.release()

    def _forked(self) -> None:
        """Start clean in a forked child: its own folder, no event of the parent."""
        if Session.active is not self:
            return
        self._guard = threading.Lock()
        self._writer = self._held = None
        self._recorder.forget()
        self._variables.forget()
        self._observer.forget()
        self._begin()

    def _catch_sigterm(self) -> None:
        """Write everything when SIGTERM ends the process, unless the program handles it itself.

        To the program the handler stays invisible: frameworks install theirs only if they see the
        default.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
            return
        signal.signal(signal.SIGTERM, self._terminated)
        getsignal, set_signal = signal.getsignal, signal.signal

        def shown(handler: Any) -> Any:
            return signal.SIG_DFL if handler == self._terminated else handler

        signal.getsignal = lambda signalnum: shown(getsignal(signalnum))
        signal.signal = lambda signalnum, handler: shown(set_signal(signalnum, handler))

    def _terminated(self, number: int, frame: FrameType | None) -> None:
        with suppress(Exception):
            self.close()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)

    def _summarise(self, parts: Parts, writer_ns: int) -> None:
        """Write down what was collected so far, after each part and at the end."""
        from tc_engine.collect import summary  # noqa: PLC0415 - the writer has paid for pyarrow

        recorder = self._recorder
        counts = {
            "events": parts.calls + parts.states,
            "calls": parts.calls,
            "states": parts.states,
            "variables": len(self._variables.names),
            "bytes": parts.bytes,
            "dropped": sum(recorder.dropped.values()),
            "internal_errors": len(recorder.errors),
        }
        summary.write_summary(
            self.run,
            summary.ProcessSummary(
                process_id=parts.process,
                host=socket.gethostname(),
                ranks=self._identity.ranks,
                versions=versions(),
                started_at=self._started_at,
                ended_at=self._ended_at,
                counts=counts,
                spent_ns=sum(thread.spent for thread in recorder.all_threads) + writer_ns,
                lasted_ns=time.monotonic_ns() - self._started,
                dropped=dict(recorder.dropped),
                errors=dict(recorder.errors),
                functions=self._functions(),
                directory=without_home(recorder.sources.start),
                files=dict(parts.places.digests),
                native=self._observer.is_native,
            ),
        )

    def _functions(self) -> list[str]:
        if self._plan.functions is None:
            return []
        return sorted({api.name for api in self._recorder.apis if api.calls and api.recorded})
