"""Arguments that `infer` and `check` share, and how they become what the flows take."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from tc_engine.dataset import Dataset
from tc_engine.engine.session import Limits
from tc_engine.engine.settings import check_names
from tc_engine.errors import UsageError
from tc_engine.inputs import NO_RUN, open_folders
from tc_engine.remote import place

Location: TypeAlias = str | os.PathLike[str]
Progress: TypeAlias = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """What is asked beside the runs: settings, folders of SQL files, limits."""

    settings: dict[str, Any]
    sql_path: tuple[Path, ...]
    limits: Limits
    progress: Progress

    @classmethod
    def of(
        cls,
        settings: Mapping[str, object] | None,
        sql_path: Location | Iterable[Location],
        threads: int | None,
        memory_limit: str | None,
        temp_dir: Location | None,
        progress: Progress | None,
    ) -> Options:
        """Raise UsageError for what is not known or cannot be."""
        folders = tuple(Path(one) for one in listed(sql_path))
        for folder in folders:
            if not folder.is_dir():
                raise UsageError(f"there is no folder {folder}", "Check sql_path")
        check_names(settings or (), folders)
        if threads is not None and threads < 1:
            raise UsageError(f"threads is {threads}", "Give 1 or more")
        limits = Limits(threads, memory_limit, Path(temp_dir) if temp_dir is not None else None)
        return cls(dict(settings or {}), folders, limits, progress or (lambda _: None))

    def open(self, runs: Location | Iterable[Location]) -> list[Dataset]:
        """Open runs. Raises UsageError where there is none, DataError for one that is none."""
        folders = [place(one) for one in listed(runs)]
        if not folders:
            raise UsageError(NO_RUN, "Name one")
        return open_folders(folders, self.limits, self.progress)

    def notes(self, runs: Sequence[Dataset]) -> list[str]:
        """Return what a person should know of these runs before the outcome."""
        if self.settings.get("tolerance") is None or any(run.has_norms for run in runs):
            return []
        return ["tolerance has no effect here: only `collect --norms` records norms"]


def listed(given: Any) -> list[Any]:
    """Return one or many as a list; a text is one."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        return [given]
    return list(given)
