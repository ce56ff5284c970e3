"""Where the work of partitions is done: in this process, in some of this machine, or on Ray.

A call is told again if its process is killed: what it makes is there whole or not at all.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

from tc_engine.errors import DataError, UsageError

Call = Callable[[], None]
Told = Callable[[int], None]
Executor = Callable[[Sequence[Call], Told], None]

ATTEMPTS = 4


def here(calls: Sequence[Call], told: Told) -> None:
    """Do the calls one after another, in this process; `told` how many are done."""
    for done, call in enumerate(calls, start=1):
        call()
        told(done)


def processes(count: int) -> Executor:
    """Do calls in processes of this machine, `count` at once."""

    def run(calls: Sequence[Call], told: Told) -> None:
        waiting = list(calls)
        for _ in range(ATTEMPTS):
            waiting = _attempt(waiting, count, lambda left: told(len(calls) - left))
            if not waiting:
                return
        raise DataError(
            f"a process was killed {ATTEMPTS} times in a row",
            "If memory ran out, try more --partitions, or a lower --memory-limit",
        )

    return run


def _attempt(calls: Sequence[Call], count: int, left: Told) -> list[Call]:
    """Do calls; return those whose process, or a sister of it, was killed."""
    lost = []
    with ProcessPoolExecutor(
        max(1, min(count, len(calls))), multiprocessing.get_context("spawn"), _begin
    ) as pool:
        futures: dict[Future[None], Call] = {pool.submit(call): call for call in calls}
        try:
            for done, future in enumerate(as_completed(futures), start=1):
                try:
                    future.result()
                except BrokenProcessPool:
                    lost.append(futures[future])
                left(len(calls) - done + len(lost))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return lost


def _begin() -> None:
    """Let Ctrl-C, and the end of the process that started it, end a process without a word."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)


def on_ray(address: str | None, threads: int) -> tuple[Executor, int]:
    """Do calls as tasks of a Ray cluster, each with some threads; None for one on this machine.

    Returns the cores of the cluster as well.

    Raises UsageError where Ray is not installed or the cluster cannot be reached.
    """
    try:
        import ray  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise UsageError("Ray is not installed", "pip install 'tc-engine[ray]'") from error

    def run(calls: Sequence[Call], told: Told) -> None:
        task = ray.remote(num_cpus=threads, max_retries=ATTEMPTS)(_call)
        waiting = [task.remote(call) for call in calls]
        while waiting:
            ended, waiting = ray.wait(waiting)
            try:
                ray.get(ended)
            except ray.exceptions.RayTaskError as error:
                raise error.cause from error
            except ray.exceptions.RayError as error:
                raise DataError(f"Ray gave up on a partition: {error}") from error
            told(len(calls) - len(waiting))

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    logging.getLogger("ray").setLevel(logging.ERROR)
    try:
        ray.init(
            address,
            ignore_reinit_error=True,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except (ConnectionError, ValueError) as error:
        raise UsageError(f"there is no Ray cluster at {address}: {error}") from error
    cores = ray.cluster_resources().get("CPU", 1)  # type: ignore[no-untyped-call]
    return run, int(cores)


def _call(call: Call) -> None:
    call()
