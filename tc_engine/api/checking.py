"""`tc_engine.check`, and what it returns."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Mapping
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import polars as pl

from tc_engine.api import frames
from tc_engine.api.arguments import Location, Options, Progress, listed
from tc_engine.api.learning import Inferred
from tc_engine.diagnosis import Diagnosis, diagnose
from tc_engine.diagnosis.findings import key_of
from tc_engine.diagnosis.suppressions import active
from tc_engine.errors import UsageError
from tc_engine.invariants import Invariant, from_json, read, read_together
from tc_engine.partitions.checking import Asked, check_together
from tc_engine.pipelines.check import Check
from tc_engine.remote import place
from tc_engine.report import document, page, results, summary
from tc_engine.report.saved import Saved

_FRAME = (
    '<iframe title="tc_engine: the report of a check" sandbox="" srcdoc="{page}" '
    'style="width: 100%; height: 40rem; border: 1px solid #8884; resize: vertical"></iframe>'
)


class Checked:
    """The outcome of a check: findings, the most telling first, and the verdicts behind them.

    In a notebook it is shown as the page `report.html`. The page and `explain` look at the runs
    once more: these must still be where they were.
    """

    def __init__(
        self,
        found: Check,
        diagnosis: Diagnosis,
        asked: Asked,
        stated: str,
        progress: Progress,
    ) -> None:
        self._found = found
        self._diagnosis = diagnosis
        self._asked = asked
        self._stated = stated
        self._progress = progress

    @property
    def violated(self) -> bool:
        """Whether any invariant is violated in any run; suppressed ones do not count."""
        return self._diagnosis.violated

    @cached_property
    def findings(self) -> pl.DataFrame:
        """A row per finding, the most telling first, as in `results.json`.

        `number` is its rank from 1, `id` that of its first rule, `violations` those of all its
        rules. `first_step` and `last_step` span all its violations, null where unknown.
        """
        return frames.findings(self._document)

    @cached_property
    def violations(self) -> pl.DataFrame:
        """A row per violated invariant and trace, as in `results.json`, finding by finding.

        `finding` is the number of its finding, null for a suppressed one. It was broken `violated`
        of `judged` times; `first_violation` has the records of the first time, as JSON.
        """
        return frames.violations(self._document)

    @cached_property
    def verdicts(self) -> pl.DataFrame:
        """A row per trace and invariant, in the order of both.

        `outcome` is violated, passed, not_triggered, foreign (about other programs only) or
        not_supported (`unsupported` tells why). `_ts` are ns of the trace's clock;
        `detected_share` is a share of the trace's time.
        """
        return frames.verdicts(self._found, self._diagnosis)

    @property
    def summary(self) -> str:
        """The text that `tc-engine check` prints."""
        return summary.render(self._found, self._diagnosis)

    def explain(self, finding: int | str = 1, *, good: Location | None = None) -> str:
        """Return a finding in full: the text that `tc-engine explain` prints.

        `finding` is its number, or the id of a finding or rule; `good` is a run that shows how the
        rule was kept. Raises UsageError where there is no such finding, DataError where the run is
        gone.
        """
        rules = {key_of(one): one for one in self._asked.invariants}
        saved = Saved("this check", self._document, rules)
        run = place(good) if good is not None else None
        return saved.explain(str(finding), run, self._asked.limits, self._progress)

    def save(self, directory: Location) -> None:
        """Write the files that `tc-engine check -o` writes, in place of those of an earlier check.

        Raises UsageError for a folder that holds anything else, DataError where it cannot be
        written.
        """
        pages = {results.DOCUMENT: document.to_text(self._document), results.PAGE: self._page}
        results.write(self._found, Path(directory), self._stated, pages)

    def __str__(self) -> str:
        return self.summary

    def __repr__(self) -> str:
        found, checked = self._diagnosis, self._found
        return (
            f"Checked(findings={len(found.findings)}, minor={len(found.minor)}, "
            f"invariants={len(checked.invariants)}, runs={len(checked.traces)})"
        )

    def _repr_html_(self) -> str:
        """Return the page in a frame of its own.

        Styles of the page do not reach the notebook, nor the other way round. The sandbox is a
        second lock after the escapes: nothing that a trace holds could run.
        """
        return _FRAME.format(page=escape(self._page))

    @cached_property
    def _document(self) -> dict[str, Any]:
        asked = self._asked
        return document.to_document(self._found, self._diagnosis, asked.settings, asked.sql_path)

    @cached_property
    def _page(self) -> str:
        return page.make(self._found, self._diagnosis, self._document, self._asked, self._progress)


def check(  # noqa: PLR0913 - the options of a command
    runs: Location | Iterable[Location],
    invariants: Inferred | Location | Iterable[Inferred | Location],
    *,
    suppressions: Location | Iterable[Location] = (),
    settings: Mapping[str, object] | None = None,
    sql_path: Location | Iterable[Location] = (),
    threads: int | None = None,
    memory_limit: str | None = None,
    temp_dir: Location | None = None,
    progress: Progress | None = None,
) -> Checked:
    """Judge runs by invariants, as `tc-engine check` does.

    `invariants` are files of `tc-engine infer` or TrainCheck, or what `tc_engine.infer` returned,
    one or many. `suppressions` are files of rules that may be broken (`tc-engine suppress`); a rule
    that may be no more is told as a warning. The other arguments are those of `tc_engine.infer`.

    Raises UsageError for what is not known or cannot be, DataError for data that cannot be read;
    both are a `tc_engine.TcEngineError`.
    """
    options = Options.of(settings, sql_path, threads, memory_limit, temp_dir, progress)
    stated, text = _stated(listed(invariants))
    notes: list[str] = []
    allowed = active([Path(one) for one in listed(suppressions)], notes.append)
    opened = options.open(runs)
    for note in (*notes, *options.notes(opened)):
        warnings.warn(note, stacklevel=2)
    asked = Asked(
        tuple(opened),
        tuple(stated),
        options.settings,
        options.sql_path,
        options.limits,
        options.limits,
    )
    found = check_together(asked, options.progress)
    return Checked(found, diagnose(found, allowed), asked, text, options.progress)


def _stated(given: list[Inferred | Location]) -> tuple[list[Invariant], str]:
    """Return invariants, and the text of the file that they would all be in.

    What was learned goes the way through its text: verdicts are the same as by its file.
    """
    if not given:
        raise UsageError("there are no invariants to check", "Name a file")
    invariants: list[Invariant] = []
    texts = []
    for one in given:
        if isinstance(one, Inferred):
            invariants += [from_json(json.loads(line)) for line in one.lines]
            texts += one.lines
        else:
            invariants += read([Path(one)])
            texts.append(read_together([Path(one)]))
    return invariants, "".join(texts)
