"""Compare two runs of a training program. Read from top to bottom: it is the flow.

Both runs are loaded into one session. Their processes are paired, calls by their place in the call
tree, values of variables by their place in a step; what has another value at a place, or no
counterpart, is a difference. Ids, addresses and times are never compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tc_engine.dataset import Dataset, Manifest
from tc_engine.engine import stages
from tc_engine.engine.session import Limits, Session
from tc_engine.errors import DataError

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Section:
    """A kind of difference, and the SQL file and table that has a row for each."""

    name: str
    title: str

    @property
    def table(self) -> str:
        """The table with the differences, `place` being their order, the most telling first."""
        return f"{self.name}_differences"


CALLS = Section("call", "Calls added and gone")
ARGUMENTS = Section("argument", "Arguments that differ")
RESULTS = Section("result", "Results of another type or shape")
PARAMETERS = Section("parameter", "Parameters and buffers that differ")
VALUES = Section("value", "First steps with other content")
STEPS = Section("step", "Steps in one run only")
SECTIONS = (CALLS, ARGUMENTS, RESULTS, PARAMETERS, VALUES, STEPS)

# The files of 7_diff that come before those of the sections, in this order.
_MATCHING = ("run_processes", "process_pairs", "compared_processes")
_PREPARED = (
    *("placed_calls", "matched_calls"),
    *("payload_pairs", "payload_facts", "fact_differences"),
    *("placed_values", "first_values"),
)


@dataclass(frozen=True)
class Run:
    """One of the two runs: its steps in all compared processes, and the processes left out."""

    path: Path
    manifest: Manifest
    steps: int
    first_step: int | None
    last_step: int | None
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class Matched:
    """What was compared: which processes, how they were matched, and how many steps both have."""

    a: Run
    b: Run
    processes: tuple[str, ...]
    by_rank: bool
    shared_steps: int

    @property
    def notes(self) -> tuple[str, ...]:
        """What may make runs look different that are not, or explain why they are."""
        return tuple(_notes(self.a.manifest, self.b.manifest))


@dataclass(frozen=True)
class Difference:
    """What two runs do differently, as long as the session is open that found it."""

    matched: Matched
    counts: Mapping[Section, int]
    session: Session

    def __bool__(self) -> bool:
        """Whether there is any difference."""
        return any(self.counts.values())

    def rows(self, section: Section) -> duckdb.DuckDBPyRelation:
        """Return the differences of a section, the most telling first."""
        table = self.session.connection.table(section.table)
        return table.order("place").project("* EXCLUDE (place)")


@contextmanager
def diff(
    a: Dataset,
    b: Dataset,
    *,
    limits: Limits | None = None,
    progress: Progress = lambda _: None,
) -> Iterator[Difference]:
    """Compare two runs; what was found can be read inside the `with` block.

    Raises DataError where no process of one run has a counterpart in the other.
    """
    with Session(limits, comments=False) as session:
        # A run may be compared with itself: it is loaded once.
        runs = [*{stages.folder_of(session, run): run for run in (a, b)}.values()]
        stages.load(session, runs, {"with_sources": False})
        stages.gather(session, runs, progress)
        _name_sides(session, a, b)
        for name in _MATCHING:
            _run(session, name, progress)
        matched = _matched(session, a, b)
        for name in (*_PREPARED, *(section.table for section in SECTIONS)):
            _run(session, name, progress)
        yield Difference(
            matched, {section: _count(session, section) for section in SECTIONS}, session
        )


def _name_sides(session: Session, a: Dataset, b: Dataset) -> None:
    """Make the table `sides`: which run is A and which is B."""
    paths = [str(stages.folder_of(session, run)) for run in (a, b)]
    session.load("sides", {"side": ("VARCHAR", ["a", "b"]), "path": ("VARCHAR", paths)})


def _run(session: Session, name: str, progress: Progress) -> None:
    progress(f"7_diff/{name}")
    stages.run(session, f"7_diff/{name}", progress)


def _matched(session: Session, a: Dataset, b: Dataset) -> Matched:
    """Tell what is compared. Raises DataError where nothing is."""
    pairs = session.rows("SELECT name, by_rank FROM process_pairs ORDER BY pair_no")
    if not pairs:
        raise DataError(
            f"{a.path} and {b.path} have no process in common",
            "Their ranks differ: compare runs that have a rank in common",
        )
    shared = session.value("SELECT count(DISTINCT step) FROM shared_steps WHERE step IS NOT NULL")
    return Matched(
        a=_described(session, a, "a"),
        b=_described(session, b, "b"),
        processes=tuple(name for name, _ in pairs),
        by_rank=pairs[0][1],
        shared_steps=shared,
    )


def _described(session: Session, run: Dataset, side: str) -> Run:
    steps, first, last = session.rows(
        "SELECT count(DISTINCT step), min(step), max(step) FROM run_steps WHERE side = ?", [side]
    )[0]
    left_out = session.rows(
        "SELECT name FROM unmatched_processes WHERE side = ? ORDER BY place", [side]
    )
    return Run(run.path, run.manifest, steps, first, last, tuple(name for (name,) in left_out))


def _notes(a: Manifest, b: Manifest) -> Iterator[str]:
    if _recording(a) != _recording(b):
        yield "the runs were recorded in different ways: what one did not record may seem gone"
    for side, manifest in (("A", a), ("B", b)):
        if dropped := manifest.counts.get("dropped"):
            yield f"{dropped:,} events of {side} were dropped while it was recorded"
    for name in sorted({*a.versions, *b.versions} & {"python", "torch"}):
        if a.versions.get(name) != b.versions.get(name):
            told = [manifest.versions.get(name, "unknown") for manifest in (a, b)]
            yield f"{name} is {told[0]} in A and {told[1]} in B"


def _recording(manifest: Manifest) -> tuple[object, ...]:
    """Return what decides which events a run has: the tool, and its options."""
    options = {name: manifest.notes.get(name) for name in ("plan", "format")}
    return manifest.created_by.split()[-1:], options


def _count(session: Session, section: Section) -> int:
    return int(session.connection.table(section.table).count("*").fetchall()[0][0])
