"""The records that show a violation: the first that broke a rule, and the nearest that kept it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tc_engine.dataset import Dataset
from tc_engine.diagnosis.sources import Source, SourceFiles
from tc_engine.engine import stages
from tc_engine.engine.session import Limits, Session
from tc_engine.invariants import Invariant
from tc_engine.pipelines import check as flow
from tc_engine.records import Key, Record, to_record


@dataclass(frozen=True)
class Around:
    """A call around a record, and where the program called it; no source where a library did."""

    function: str
    source: Source | None

    def __str__(self) -> str:
        return self.function + (f" ({self.source.place})" if self.source else "")


@dataclass(frozen=True)
class Shown:
    """A record with the calls around it, from the outermost on, and those directly inside it.

    `inside` has each function with how often it is called, in the order of the first calls.
    `source` is its own, or that of the nearest call around it; `made_at` that of the call that made
    its receiver, where another one did.
    """

    key: Key
    record: Record
    around: tuple[Around, ...]
    inside: tuple[tuple[str, int], ...]
    source: Source | None
    made_at: Source | None

    @property
    def calls_inside(self) -> list[str]:
        """The functions called directly inside, as people read them."""
        return [f"{name} x{count}" if count > 1 else name for name, count in self.inside]


@dataclass(frozen=True)
class Place:
    """Where a rule was broken: a process with its ranks, the steps, and how often.

    `bins` counts the violations in each of `step_bins` equal shares of the steps of the trace;
    steps are None where unknown.
    """

    process_id: int
    ranks: Mapping[str, Any]
    first_step: int | None
    last_step: int | None
    violations: int
    bins: Mapping[int, int]

    @property
    def rank_names(self) -> list[str]:
        """The ranks of the process, as people read them."""
        return [f"{name.strip('_').lower()} {value}" for name, value in self.ranks.items()]


@dataclass(frozen=True)
class Witness:
    """What shows that a run breaks an invariant.

    `broken` are the records of the first violation, `kept` those of the nearest example in the run
    that kept the rule, if any did; `places` are all processes that break it.
    """

    broken: tuple[Shown, ...]
    kept: tuple[Shown, ...]
    places: tuple[Place, ...]


def find_witnesses(
    run: Dataset,
    invariants: Sequence[Invariant],
    *,
    limits: Limits | None = None,
    settings: Mapping[str, object] | None = None,
    sql_path: Sequence[Path] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> list[Witness]:
    """Look at one run again for what shows that it breaks invariants; in their order."""
    known = flow.find_relations(invariants)
    with Session(limits, sql_path=sql_path, comments=False) as session:
        stages.load(session, [run], {**(settings or {}), **flow.asked_for(invariants)})
        stages.gather(session, [run], progress)
        flow.judge(session, invariants, known, progress, further=("5_check/nearest_examples",))
        for name in ("witnesses", "witness_calls", "violation_places"):
            stages.run(session, f"5_check/{name}", progress)
        return _witnesses(session, len(invariants), SourceFiles(run.manifest))


def _witnesses(session: Session, count: int, files: SourceFiles) -> list[Witness]:
    calls = _calls(session, files)
    shown: dict[tuple[int, bool], list[Shown]] = defaultdict(list)
    for row in session.dicts("FROM witnesses ORDER BY hypothesis_id, held, place"):
        key = Key(row["trace"], row["process_id"], row["event_id"])
        around, inside = calls.get(key, ((), ()))
        source = files.source(row["source"])
        source = source or next((one.source for one in reversed(around) if one.source), None)
        made_at = files.source(row["made_at"])
        made_at = None if made_at == source else made_at
        one = Shown(key, to_record(row), around, inside, source, made_at)
        shown[row["hypothesis_id"], row["held"]].append(one)
    places = _places(session)
    return [
        Witness(tuple(shown[number, False]), tuple(shown[number, True]), tuple(places[number]))
        for number in range(count)
    ]


def _calls(
    session: Session, files: SourceFiles
) -> dict[Key, tuple[tuple[Around, ...], tuple[tuple[str, int], ...]]]:
    around: dict[Key, list[Around]] = defaultdict(list)
    inside: dict[Key, list[tuple[str, int]]] = defaultdict(list)
    for trace, process, event, place, function, calls, source in session.rows(
        "SELECT trace, process_id, witness_id, place, function, calls, source "
        "FROM witness_calls ORDER BY trace, process_id, witness_id, place"
    ):
        key = Key(trace, process, event)
        if place < 0:
            around[key].append(Around(function, files.source(source)))
        else:
            inside[key].append((function, calls))
    return {key: (tuple(around[key]), tuple(inside[key])) for key in around.keys() | inside.keys()}


def _places(session: Session) -> dict[int, list[Place]]:
    found: dict[tuple[int, int], list[dict[str, Any]]] = defaultdict(list)
    for row in session.dicts("FROM violation_places ORDER BY hypothesis_id, process_id, bin"):
        found[row["hypothesis_id"], row["process_id"]].append(row)
    places: dict[int, list[Place]] = defaultdict(list)
    for (number, process), rows in found.items():
        first = [row["first_step"] for row in rows if row["first_step"] is not None]
        last = [row["last_step"] for row in rows if row["last_step"] is not None]
        places[number].append(
            Place(
                process,
                _ranks(rows[0]["meta"]),
                min(first, default=None),
                max(last, default=None),
                sum(row["violations"] for row in rows),
                {row["bin"]: row["violations"] for row in rows if row["bin"] is not None},
            )
        )
    return places


def _ranks(meta: str | None) -> dict[str, Any]:
    """Return what annotations say of the place of a process among others."""
    content = json.loads(meta) if meta else {}
    if not isinstance(content, dict):
        return {}
    return {name: value for name, value in content.items() if name.lower().endswith("rank")}
