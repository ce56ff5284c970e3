"""Collect the runs of the catalogue, learn from the good ones and judge the others."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks.quality.programs import collect
from tc_engine import relations
from tc_engine.dataset import Dataset, open_dataset
from tc_engine.diagnosis import Finding, diagnose
from tc_engine.invariants import Invariant
from tc_engine.pipelines.check import Check, check
from tc_engine.pipelines.infer import infer
from tests.bugs.catalogue import Bug, Program

TIMEOUT = 180
HELPERS = ("common.py", "pictures.py", "writing.py")


@dataclass(frozen=True)
class Verdict:
    """What a check said of one run of a bug's program."""

    bug: Bug
    check: Check

    @cached_property
    def findings(self) -> list[Finding]:
        """The findings, the most telling first: the one place that knows how they are made."""
        found = diagnose(self.check)
        return [*found.findings, *found.minor]

    @property
    def violated(self) -> list[Invariant]:
        """The rules that are broken."""
        return [one.invariant for one in self.check.results if one.violation]

    @property
    def rank(self) -> int | None:
        """Place of the first finding that names the cause, from 1; None where none does."""
        for number, finding in enumerate(self.findings, start=1):
            if any(self.names(one.invariant) for one in (finding.head, *finding.others)):
                return number
        return None

    @property
    def leads(self) -> bool:
        """Whether the finding that names the cause does so in its title."""
        return self.rank is not None and self.names(self.findings[self.rank - 1].head.invariant)

    def names(self, invariant: Invariant) -> bool:
        """Whether a rule names the cause."""
        return any(cause.is_named_by(invariant) for cause in self.bug.causes)


class Runs:
    """Runs and what was learned from them, each made once and kept in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._learned: dict[str, list[Invariant]] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def wrong(self, bug: Bug) -> Verdict:
        """Judge the wrong run of a bug's program."""
        return self._judge(bug, bug.wrong)

    def right(self, bug: Bug) -> Verdict:
        """Judge the right run with the same options."""
        return self._judge(bug, bug.right)

    def right_run(self, bug: Bug) -> Dataset:
        """Return the right run with the options of the wrong one."""
        return self._collected(bug.right)

    def learned(self, bug: Bug) -> list[Invariant]:
        """Return what is learned from the good runs of a bug."""
        if bug.name not in self._learned:
            good = [self._collected(program) for program in bug.references]
            self._learned[bug.name] = infer(good, relations=relations.select()).invariants
        return self._learned[bug.name]

    def _judge(self, bug: Bug, program: Program) -> Verdict:
        return Verdict(bug, check([self._collected(program)], self.learned(bug)))

    def _collected(self, program: Program) -> Dataset:
        run = self._folder / _name(program)
        if not run.exists():
            collect(run, program.command, program.collect, fails=program.fails, timeout=TIMEOUT)
        return open_dataset(run)


def _name(program: Program) -> str:
    """Name a run by what it ran, so that a changed program is run again."""
    helpers = [program.file.with_name(name) for name in HELPERS]
    sources = [file.read_bytes() for file in (program.file, *helpers) if file.exists()]
    content = b"\0".join([*sources, *(option.encode() for option in program.collect)])
    digest = hashlib.sha256(content).hexdigest()[:8]
    return "_".join([program.file.stem, *(o.strip("-") for o in program.options), digest])
