"""Run jobs: each in a process of its own, as many at once as the budget allows."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tc_engine.batch.board import ENDED_WELL, Board, State
from tc_engine.batch.content import Done, digest_of_output, is_done, key_of
from tc_engine.batch.jobs import Job
from tc_engine.batch.locks import StoppedError, locked
from tc_engine.errors import DataError, ExitCode, UsageError
from tc_engine.files import cannot_write
from tc_engine.scratch import held, remove_abandoned

_TC_ENGINE = (sys.executable, "-m", "tc_engine")
_PATIENCE = 10  # seconds that a stopped job has to end by itself


@dataclass(frozen=True)
class Budget:
    """What all jobs together may use: processes, threads and bytes of memory."""

    jobs: int
    threads: int
    memory: int

    def threads_of(self, job: Job) -> int:
        """Return the threads of a job: what it states, or an equal share."""
        return job.threads or max(1, self.threads // self.jobs)

    def memory_of(self, job: Job) -> int:
        """Return the memory of a job: what it states, or an equal share."""
        return job.memory or self.memory // self.jobs

    def fits(self, jobs: Sequence[Job]) -> bool:
        """Tell whether some jobs may run at once."""
        return (
            len(jobs) <= self.jobs
            and sum(map(self.threads_of, jobs)) <= max(self.threads, self.jobs)
            and sum(map(self.memory_of, jobs)) <= self.memory
        )


class Batch:
    """The jobs of a file, while they run."""

    def __init__(
        self,
        jobs: Sequence[Job],
        budget: Budget,
        board: Board,
        *,
        nice: int = 0,
        temp_dir: Path | None = None,
    ) -> None:
        for job in jobs:
            if not budget.fits([job]):
                raise UsageError(
                    f"{job.name} needs more than the budget of all jobs together",
                    "Give the batch more with --threads and --memory-limit, or the job less",
                )
        self._jobs = jobs
        self._budget = budget
        self._board = board
        self._nice = nice
        self._environment = {**os.environ}
        if temp_dir is not None:
            self._environment["TC_ENGINE_TEMP_DIR"] = str(temp_dir.resolve())
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._stopping = threading.Event()

    def run(self) -> None:
        """Run what is not done yet. Whatever ends it early also ends the running jobs."""
        waiting = {job.name: job for job in self._jobs}
        running: dict[Future[None], Job] = {}
        with ThreadPoolExecutor(self._budget.jobs) as pool:
            try:
                while waiting or running:
                    for job in self._startable(waiting, running):
                        running[pool.submit(self._work, job)] = waiting.pop(job.name)
                    ended, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in ended:
                        del running[future]
                        future.result()
            except BaseException:
                self._stop()
                raise

    def _startable(
        self, waiting: dict[str, Job], running: Mapping[Future[None], Job]
    ) -> Iterator[Job]:
        """Yield the jobs that may start now; those that never will are taken out."""
        chosen = list(running.values())
        for job in list(waiting.values()):
            states = {name: self._board[name].state for name in sorted(job.needs)}
            lost = [n for n, state in states.items() if state in (State.FAILED, State.BLOCKED)]
            if lost:
                self._board.put(job, state=State.BLOCKED, note=f"{lost[0]} did not end well")
                del waiting[job.name]
            elif all(state in ENDED_WELL for state in states.values()) and self._budget.fits(
                [*chosen, job]
            ):
                chosen.append(job)
                yield job

    def _work(self, job: Job) -> None:
        """Do a job unless it is done, and tell the board what became of it."""

        def wait_for(owner: str) -> None:
            self._board.put(job, note=f"waiting for {owner}")

        try:
            with locked(job, wait_for, self._stopping) as locks:
                key = self._key(job)
                if self._stopping.is_set():
                    raise StoppedError
                if is_done(job, key):
                    self._board.put(job, state=State.SKIPPED, note="nothing has changed")
                else:
                    self._do(job, key, locks)
        except StoppedError:
            self._board.put(job, state=State.STOPPED, note="")
        except DataError as error:
            self._board.put(job, state=State.FAILED, note=str(error))

    def _key(self, job: Job) -> str:
        for path in job.inputs:
            if not path.exists():
                raise DataError(f"there is nothing at {path}", f"{job.name} reads it")
        try:
            return key_of(job)
        except OSError as error:
            raise DataError(f"cannot read the input of {job.name}: {error}") from error

    def _do(self, job: Job, key: str, locks: Sequence[int]) -> None:
        self._board.put(job, state=State.RUNNING, note="")
        start = time.monotonic()
        with _workshop(job) as folder:
            code, memory = self._process(job, folder / job.output.name, locks)
            seconds = round(time.monotonic() - start, 3)
            violated = job.kind == "check" and code == ExitCode.VIOLATED
            state = State.DONE if code == ExitCode.OK or violated else State.FAILED
            if self._stopping.is_set() and state is State.FAILED:
                state = State.STOPPED
            if state is State.DONE:
                _put_in_place(folder, job.output)
                Done(key, digest_of_output(job)).write(job)
            self._board.put(
                job,
                state=state,
                exit_code=code,
                violated=violated,
                seconds=seconds,
                memory=memory,
                note=_last_line(self._board.log_of(job)) if state is State.FAILED else "",
            )

    def _process(self, job: Job, output: Path, locks: Sequence[int]) -> tuple[int, int]:
        """Run the process of a job; return its exit code and its highest resident memory."""
        limits = [
            *("--threads", str(self._budget.threads_of(job))),
            *("--memory-limit", f"{self._budget.memory_of(job) // 2**20}MiB"),
        ]
        command = [*_TC_ENGINE, *job.arguments(output), *limits]
        log = self._board.log_of(job)
        with log.open("wb") as file:
            file.write(f"$ {shlex.join(command)}\n".encode())
            file.flush()
            # Our own command with the words of the jobs file, which is trusted as a Makefile is.
            process = subprocess.Popen(  # noqa: S603
                command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=self._environment,
                pass_fds=locks,
                start_new_session=True,
            )
        self._processes.add(process)
        if self._nice:
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, process.pid, self._nice)
        if self._stopping.is_set():
            process.terminate()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self._processes.discard(process)
        return process.returncode, usage.ru_maxrss * 1024

    def _stop(self) -> None:
        self._stopping.set()
        for process in list(self._processes):
            process.terminate()
        until = time.monotonic() + _PATIENCE
        while self._processes and time.monotonic() < until:
            time.sleep(0.05)
        for process in list(self._processes):
            process.kill()
        for job in self._jobs:
            if self._board[job.name].state in (State.WAITING, State.RUNNING):
                self._board.put(job, state=State.STOPPED)


@contextmanager
def _workshop(job: Job) -> Iterator[Path]:
    """Give a folder beside the output, which goes away with all that is still in it."""
    pattern = f".{job.output.name}.*.tmp"
    folder = job.output.with_name(pattern.replace("*", str(os.getpid())))
    try:
        remove_abandoned(job.output.parent, pattern)
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    with held(folder):
        yield folder


def _put_in_place(folder: Path, output: Path) -> None:
    """Move what a job made to where it belongs; what was there goes away with the folder."""
    try:
        for made in sorted(folder.iterdir()):
            place = output.with_name(made.name)
            if place.is_dir():
                place.rename(folder / f"{made.name}.before")
            made.rename(place)
    except OSError as error:
        raise cannot_write(output, error) from error


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if len(lines) > 1 else ""
