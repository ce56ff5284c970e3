"""`tc_engine.infer`, and what it returns."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from html import escape
from pathlib import Path

import polars as pl

from tc_engine import relations as offered
from tc_engine.api import frames
from tc_engine.api.arguments import Location, Options, Progress, listed
from tc_engine.files import check_output
from tc_engine.invariants import Invariant, to_lines, write_learned
from tc_engine.pipelines import infer as flow
from tc_engine.relations._base import Relation
from tc_engine.sequences import merge_sequences as join_pairs


class Inferred:
    """What was learned of good runs: the invariants, and the hypotheses that failed.

    `len()` is the number of invariants. `tc_engine.check` takes it in place of a file.
    """

    def __init__(
        self, found: flow.Inference, learned: Sequence[Invariant], relations: Sequence[Relation]
    ) -> None:
        self._failed = found.failed
        self._learned = learned
        self._counts = found.counts(relations)

    @cached_property
    def invariants(self) -> pl.DataFrame:
        """A row per invariant, in the order of the file that `save` writes.

        `id` is what a check calls it, `precondition` says in words when it holds. `positive` is
        how many examples kept the rule, `negative` how many did not and its precondition rules out.
        """
        return frames.invariants(self._learned)

    @cached_property
    def failed(self) -> pl.DataFrame:
        """A row per hypothesis that became no invariant, with the reason.

        `over_budget`: it was not looked at, or not to the end; the reason names the setting.
        """
        return frames.failed(self._failed)

    @property
    def lines(self) -> list[str]:
        """The lines of the file that `save` writes: a JSON object each."""
        return list(to_lines(self._learned))

    def save(self, path: Location) -> None:
        """Write the file that `tc-engine infer -o` writes, and beside it that of failed hypotheses.

        Raises UsageError for a folder, DataError where the file cannot be written.
        """
        output = Path(path)
        check_output(output)
        write_learned(output, self._learned, self._failed)

    def __len__(self) -> int:
        return len(self._learned)

    def __repr__(self) -> str:
        return f"Inferred(invariants={len(self)}, failed={len(self._failed)})"

    def _repr_html_(self) -> str:
        """Return how many hypotheses each relation had, and what became of them."""
        names = "".join(f"<th>{escape(name)}</th>" for name in ("relation", *flow.COUNTS))
        rows = "".join(
            f"<tr><th>{escape(name)}</th>{''.join(f'<td>{one:,}</td>' for one in counts)}</tr>"
            for name, *counts in self._counts
        )
        return f"<table><thead><tr>{names}</tr></thead><tbody>{rows}</tbody></table>"


def infer(  # noqa: PLR0913 - the options of a command
    runs: Location | Iterable[Location],
    *,
    relations: str | Iterable[str] = (),
    settings: Mapping[str, object] | None = None,
    merge_sequences: bool = False,
    sql_path: Location | Iterable[Location] = (),
    threads: int | None = None,
    memory_limit: str | None = None,
    temp_dir: Location | None = None,
    progress: Progress | None = None,
) -> Inferred:
    """Learn the invariants that hold in all of the given runs, as `tc-engine infer` does.

    `runs` are one or many: trace datasets, addresses of such on an object store, or folders of
    TrainCheck traces, each of which is ingested once, into a folder beside it.

    `relations` names the only ones to look for; without, those that are on by default. `settings`
    override `sql/settings.sql`, such as `{"min_support": 3}`. `merge_sequences` joins pairs of lead
    and of cover into chains. `sql_path` has folders of your own SQL files. `threads` and
    `memory_limit` (such as "4GB") are by default the cores, and 60 % of the memory, that the
    process may use; what does not fit is spilled to `temp_dir`, by default the system's. `progress`
    is called with what is being done, such as `print`.

    Raises UsageError for what is not known or cannot be, DataError for data that cannot be read;
    both are a `tc_engine.TcEngineError`.
    """
    options = Options.of(settings, sql_path, threads, memory_limit, temp_dir, progress)
    chosen = offered.select(listed(relations))
    opened = options.open(runs)
    for note in options.notes(opened):
        warnings.warn(note, stacklevel=2)
    found = flow.infer(
        opened,
        relations=chosen,
        limits=options.limits,
        settings=options.settings,
        sql_path=options.sql_path,
        progress=options.progress,
    )
    learned = join_pairs(found.invariants, chosen) if merge_sequences else found.invariants
    return Inferred(found, learned, chosen)
