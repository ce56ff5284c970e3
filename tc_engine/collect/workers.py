"""In the worker processes of a DataLoader: which samples each one fetches, and with which seeds.

Nothing else is recorded there: transforms call functions of torch by the thousand, and none of them
trains. Wrong seeds are what silently goes wrong in workers: all alike, or the same in every epoch.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import get_worker_info
from torch.utils.data._utils import fetch, worker

from tc_engine.collect.annotations import ANNOTATIONS
from tc_engine.collect.apis import full_name
from tc_engine.collect.events import EXCEPTION, OK
from tc_engine.collect.fetchlog import FetchLog
from tc_engine.collect.identity import Identity, versions
from tc_engine.collect.patches import Patches, dress
from tc_engine.collect.plan import Plan
from tc_engine.collect.recorder import MAX_MESSAGE, Recorder
from tc_engine.collect.values import type_name

FETCHERS = (fetch._MapDatasetFetcher, fetch._IterableDatasetFetcher)
GROUP = "data"
DIGEST_BYTES = 8


class Workers:
    """Turns this process into one that records its fetches alone, once it is a worker."""

    def __init__(self, run: Path, plan: Plan, recorder: Recorder, identity: Identity) -> None:
        self._run = run
        self._plan = plan
        self._recorder = recorder
        self._identity = identity

    def watch(self, patches: Patches) -> None:
        """Wait for the loop of a worker to begin."""
        original = worker._worker_loop

        def worker_loop(*args: Any, **kwargs: Any) -> Any:
            self._recorder.on = False
            self._identity.become_worker({})
            for owner in FETCHERS:
                self._record(owner, patches)
            return original(*args, **kwargs)

        patches.add(worker, "_worker_loop", dress(worker_loop, original))

    def _record(self, owner: type, patches: Patches) -> None:
        original = owner.__dict__["fetch"]
        name = full_name(owner, "fetch", original)
        if not self._plan.records(name, GROUP):
            return
        fetches = _Fetches(lambda: self._open(name, original), self._recorder)

        def fetch(self: Any, indices: Any) -> Any:
            note = fetches.begin(self, indices)
            try:
                batch = original(self, indices)
            except BaseException as error:
                fetches.end(note, error)
                raise
            fetches.end(note)
            return batch

        patches.add(owner, "fetch", dress(fetch, original))

    def _open(self, name: str, function: Callable[..., Any]) -> FetchLog:
        # Not before the first batch: until then the program may seed the worker anew.
        self._identity.become_worker(_facts())
        step, stage, meta = self._recorder.label(self._recorder.thread)
        return FetchLog(
            self._run,
            ranks=self._identity.ranks,
            versions=versions(),
            columns={
                "kind": "call",
                "thread_id": 0,
                "function": name,
                "parameters": json.dumps(list(inspect.signature(function).parameters)),
                "kwargs": "{}",
                "step": step,
                "stage": stage,
                "meta": meta,
            },
        )


class _Fetches:
    """The fetches of this process; raises nothing, and stops after the first internal error."""

    def __init__(self, opened: Callable[[], FetchLog], recorder: Recorder) -> None:
        self._opened = opened
        self._encoder = recorder.encoder
        self._log: FetchLog | None = None
        self._count = 0
        self._off = False

    def begin(self, fetcher: Any, indices: Any) -> dict[str, Any] | None:
        """Note that a fetch begins; None if it is not recorded."""
        if self._off or ANNOTATIONS.paused:
            return None
        try:
            self._log = self._log or self._opened()
            return {
                "args": self._encoder.positional((fetcher, indices)),
                "start_ts": time.monotonic_ns(),
            }
        except Exception as failure:
            self._give_up(failure)
            return None

    def end(self, note: dict[str, Any] | None, error: BaseException | None = None) -> None:
        """Write down a fetch that has ended."""
        if note is None or self._log is None:
            return
        note["event_id"] = self._count
        note["end_ts"] = time.monotonic_ns()
        note["outcome"] = OK if error is None else EXCEPTION
        if error is not None:
            note["exception"] = type_name(type(error))
        try:
            self._log.add(note)
        except Exception as failure:
            self._give_up(failure)
        self._count += 1

    def _give_up(self, failure: Exception) -> None:
        self._off = True
        if self._log is not None:
            with suppress(Exception):
                self._log.fail("".join(traceback.format_exception(failure))[-MAX_MESSAGE:])


def _facts() -> dict[str, Any]:
    """Tell which worker this is, and from where its random numbers start."""
    info = get_worker_info()
    found: dict[str, Any] = {"worker_seed": torch.initial_seed()}
    if info is not None:
        found = {"worker_id": info.id, "num_workers": info.num_workers, **found}
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        keys = numpy_random.get_state()[1].tobytes()
        found["numpy_state"] = hashlib.blake2b(keys, digest_size=DIGEST_BYTES).hexdigest()
    return found
