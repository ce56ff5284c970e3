"""Collect in the process that asks for it, as a notebook does: from `start` to `stop`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from tc_engine.collect import shim
from tc_engine.collect.importhook import ImportHook
from tc_engine.collect.launch import CollectOptions, begin, end, report
from tc_engine.collect.request import Request, plan_for
from tc_engine.collect.session import Session
from tc_engine.dataset import Manifest


class Collection:
    """A collection of this process and of those that it forks; a context manager that stops it.

    `path` is the folder of the run. While `tc-engine collect` runs the program, all goes into its
    run, and this object does nothing.
    """

    def __init__(self, path: Path, session: Session | None, manifest: Manifest | None) -> None:
        self.path = path
        self._session = session
        self._manifest = manifest

    def stop(self) -> str:
        """Write everything, put torch back as it was, and return a line about the trace.

        Stopping again does nothing but return that line. Raises DataError where the manifest
        cannot be written.
        """
        session, manifest = self._session, self._manifest
        if session is None or manifest is None:
            return f"collecting into {self.path}"
        session.stop()
        return report(self.path, end(self.path, manifest))

    def __enter__(self) -> Collection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<collection into {self.path}>"


def start(  # noqa: PLR0913 - the options of a command
    output_dir: str | Path,
    *,
    overwrite: bool = False,
    invariants: Iterable[str | Path] = (),
    groups: str | None = None,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    inside: Iterable[str] = (),
    every: int | None = None,
    window: int | None = None,
    warmup: int | None = None,
    max_gb: float | None = None,
    norms: bool = False,
) -> Collection:
    """Record what this process does with torch from now on, into a new run at `output_dir`.

    The arguments are the options of `tc-engine collect`. Start before optimizers and schedulers are
    made; models may be there. A collection that still goes on is stopped first. Raises UsageError
    for arguments that make no sense and DataError where the run cannot be written.
    """
    if Session.active is not None:
        if not Session.active.is_own:
            return Collection(Session.active.run, None, None)
        Session.active.stop()
    run = Path(output_dir).absolute()
    plan, wanted = plan_for(
        Request(
            invariants=tuple(Path(file) for file in invariants),
            groups=groups,
            include=tuple(include),
            exclude=tuple(exclude),
            inside=tuple(inside),
            every=every,
            window=window,
            warmup=warmup,
            max_gb=max_gb,
            norms=norms,
        )
    )
    options = CollectOptions(plan=plan, invariants=tuple(wanted), overwrite=overwrite)
    manifest = begin([sys.executable, *sys.argv], run, options)
    hook = ImportHook(shim.MODULES, plan.beginnings)
    hook.install()
    session = Session.start(run, hook, own=True)
    return Collection(run, session, manifest)
