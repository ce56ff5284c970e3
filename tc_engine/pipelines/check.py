"""Check runs against invariants. Read from top to bottom: it is the flow.

The examples of an invariant are those of the relation's own query, the one that inference uses. A
violation is a negative example whose precondition holds; an invariant is triggered in a trace if
the precondition of any of its examples holds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Container, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tc_engine import relations
from tc_engine.dataset import Dataset
from tc_engine.engine import stages
from tc_engine.engine.lanes import side_by_side
from tc_engine.engine.session import Limits, Session
from tc_engine.errors import UsageError
from tc_engine.invariants import Condition, Invariant
from tc_engine.learn import load
from tc_engine.learn.clauses import accepts, current_field
from tc_engine.records import Key, Record, fetch_records, fetch_sources
from tc_engine.relations._base import Relation

OUTCOMES = ("violated", "passed", "not_triggered", "foreign", "not_supported")

# The tables that tell of the runs of a session once they are judged.
JUDGED = (
    "judged",
    "first_violations",
    "violation_records",
    "called_functions",
    "nested_functions",
    "variable_facts",
)


@dataclass(frozen=True)
class Violation:
    """What broke an invariant in a trace: the first violation, and how many there are.

    `detected_ts` is the latest start of its `records`, in ns, `detected_share` the same as a share
    of the trace's time; `decided_ts` is when it was certain. Steps are None where unknown, as is
    `source`, where the program called what its records tell of, such as `train.py:42`.
    """

    records: tuple[Record, ...]
    detected_ts: int
    detected_share: float
    decided_ts: int
    step: int | None
    first_step: int | None
    last_step: int | None
    count: int
    source: str | None = None


@dataclass(frozen=True)
class Result:
    """The verdict on one invariant in one trace.

    `examples` counts those whose precondition holds; `unsupported` says why nothing was checked.
    What another program alone taught is not judged: `is_foreign`.
    """

    trace: str
    invariant: Invariant
    relation: Relation | None
    examples: int
    violation: Violation | None
    unsupported: str = ""
    is_foreign: bool = False

    @property
    def triggered(self) -> bool:
        """Whether anything was judged at all."""
        return self.examples > 0

    @property
    def outcome(self) -> str:
        """Which of OUTCOMES it is."""
        if self.unsupported:
            return "not_supported"
        if self.is_foreign:
            return "foreign"
        if self.violation:
            return "violated"
        return "passed" if self.triggered else "not_triggered"


@dataclass(frozen=True)
class Facts:
    """How the variables of one type fared in a trace: how many there are, and how many of these.

    `changed`: their data changed at some time. Of the others, `frozen` needed no gradient at some
    time, `left_alone` had one, `unreached` never had one.
    """

    trace: str
    variable_type: str
    variables: int
    changed: int
    frozen: int
    left_alone: int
    unreached: int


@dataclass(frozen=True)
class Check:
    """All verdicts: for each trace, in the order of the invariants.

    `places` are the folders or addresses of the traces, `programs` what was run. `own` names a
    trace and a program that taught invariants and that it is a run of, whatever its name. `called`
    are the functions that each trace calls, of those that invariants name and those of training.
    `nested` names a trace, a function and one that runs inside it, where both are of violated
    invariants.
    """

    traces: tuple[str, ...]
    invariants: tuple[Invariant, ...]
    results: tuple[Result, ...]
    places: Mapping[str, str]
    programs: Mapping[str, str | None]
    own: frozenset[tuple[str, str]] = frozenset()
    called: frozenset[tuple[str, str]] = frozenset()
    facts: tuple[Facts, ...] = ()
    nested: frozenset[tuple[str, str, str]] = frozenset()

    @property
    def violated(self) -> bool:
        """Whether any invariant is violated in any trace."""
        return any(result.violation for result in self.results)


def check(
    runs: Sequence[Dataset],
    invariants: Sequence[Invariant],
    *,
    limits: Limits | None = None,
    settings: Mapping[str, object] | None = None,
    sql_path: Sequence[Path] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> Check:
    """Judge every invariant in every run."""
    known = find_relations(invariants)
    with Session(limits, sql_path=sql_path, comments=False) as session:
        stages.load(session, runs, {**(settings or {}), **asked_for(invariants)})
        stages.gather(session, runs, progress)
        judge(session, invariants, known, progress, lanes=stages.lanes(session, runs))
        describe(session, invariants, progress)
        return conclude(session, runs, invariants, known)


def find_relations(invariants: Sequence[Invariant]) -> dict[str, Relation | None]:
    """Return the relations of invariants, by their titles; None for one that is not known here."""
    offered = relations.discover()
    return {name: _find(name, offered) for name in {one.relation for one in invariants}}


def asked_for(invariants: Sequence[Invariant]) -> dict[str, object]:
    """Return the settings that keep a session to what the invariants speak about."""
    return {
        "precondition_fields": _fields(invariants),
        "asked_functions": _named(invariants),
        "with_sources": False,
    }


def judge(
    session: Session,
    invariants: Sequence[Invariant],
    known: Mapping[str, Relation | None],
    progress: Callable[[str], None],
    lanes: int = 1,
    further: Sequence[str] = (),
) -> None:
    """Judge invariants in the runs of a session, those of so many relations at once.

    Makes the tables `judged`, `violations` and `first_violations`. `further` are SQL files to run
    for each relation: they may look at its examples.
    """
    session.run("5_check/verdicts")
    tasks = []
    left_out = _unsupported(session, invariants, known)
    rules = {number: one for number, one in enumerate(invariants) if number not in left_out}
    for relation in sorted(filter(None, known.values()), key=lambda one: one.title):
        chosen = {n: one for n, one in rules.items() if known[one.relation] is relation}
        task = partial(_judge, relation=relation, invariants=chosen, further=further)
        tasks.append(partial(task, progress=progress))
    side_by_side(session, tasks, lanes)
    stages.run(session, "5_check/first_violations", progress)


def describe(
    session: Session, invariants: Sequence[Invariant], progress: Callable[[str], None]
) -> None:
    """Make the other tables of JUDGED: what is told of violations, and of the runs that have them.

    What no violation asks for stays empty: it would have to be derived.
    """
    rows = session.rows("SELECT DISTINCT hypothesis_id FROM judged WHERE violations > 0")
    violated = [invariants[number] for (number,) in rows]
    named = _named(violated)
    session.set("violated_functions", named)
    tables = ["violation_records", "called_functions"]
    if len(named) > 1:
        tables.append("nested_functions")
    if any("var_type" in param for one in violated for param in one.params):
        tables.append("variable_facts")
    for table in tables:
        stages.run(session, f"5_check/{table}", progress)


def conclude(
    session: Session,
    runs: Sequence[Dataset],
    invariants: Sequence[Invariant],
    known: Mapping[str, Relation | None],
) -> Check:
    """Make verdicts of the tables of JUDGED, in the traces of the table `traces`."""
    named = session.rows("SELECT trace, path FROM traces ORDER BY trace")
    addresses = {str(stages.folder_of(session, run)): run.address for run in runs}
    places = {trace: addresses[path] for trace, path in named}
    traces = tuple(places)
    judged = {
        (row[0], row[1]): row[2:]
        for row in session.rows("SELECT hypothesis_id, trace, examples, violations FROM judged")
    }
    violations = _violations(session, judged)
    ran = {run.address: run.manifest.program for run in runs}
    programs = {trace: ran[place] for trace, place in places.items()}
    called = frozenset(session.rows("SELECT trace, function FROM called_functions"))
    own = _own(session, programs, called, invariants)
    judges = _scope(session, own, invariants, known)
    unsupported = _unsupported(session, invariants, known)
    results = [
        Result(
            trace,
            one,
            known[one.relation],
            judged.get((number, trace), (0,))[0],
            violations.get((number, trace)),
            unsupported.get(number, ""),
        )
        if judges(one, trace)
        else Result(trace, one, known[one.relation], 0, None, is_foreign=True)
        for trace in traces
        for number, one in enumerate(invariants)
    ]
    return Check(
        traces,
        tuple(invariants),
        tuple(results),
        places,
        programs,
        own,
        called,
        tuple(Facts(**row) for row in session.dicts("FROM variable_facts ORDER BY ALL")),
        frozenset(session.rows("SELECT trace, function, child FROM nested_functions")),
    )


def state(session: Session, params: Mapping[int, Sequence[Mapping[str, Any]]]) -> None:
    """Make the table `hypotheses` of params, by the number of each hypothesis."""
    texts = [json.dumps(one) for one in params.values()]
    session.load("hypotheses", {"hypothesis_id": ("BIGINT", [*params]), "params": ("JSON", texts)})


def _own(
    session: Session,
    programs: Mapping[str, str | None],
    called: Collection[tuple[str, str]],
    invariants: Sequence[Invariant],
) -> frozenset[tuple[str, str]]:
    """Return each trace with each program that taught invariants and that it is a run of.

    It has the name of the program, or calls nearly all functions that its invariants are about.
    """
    share = float(session.value("SELECT getvariable('min_alike')"))
    found = set()
    for program in {program for one in invariants for program in one.programs}:
        named = _functions([one for one in invariants if program in one.programs])
        for trace, ran in programs.items():
            there = sum((trace, function) in called for function in named)
            if ran == program or there >= share * len(named):
                found.add((trace, program))
    return frozenset(found)


def _scope(
    session: Session,
    own: Container[tuple[str, str]],
    invariants: Sequence[Invariant],
    known: Mapping[str, Relation | None],
) -> Callable[[Invariant, str], bool]:
    """Return what tells whether an invariant is judged in a trace.

    What only one of several programs taught says little of other programs: it may be how that one
    is written. So it is with an order of calls, even if there was one program only; and with a
    local invariant, however many programs taught it.
    """
    several = len({program for one in invariants for program in one.programs}) > 1
    scoped = session.value("SELECT getvariable('scoped')")

    def judges(invariant: Invariant, trace: str) -> bool:
        relation = known[invariant.relation]
        is_one = len(invariant.programs) == 1 and (several or (relation and relation.is_local))
        if not (scoped and invariant.programs and (is_one or invariant.is_local)):
            return True
        return any((trace, program) in own for program in invariant.programs)

    return judges


def _judge(
    session: Session,
    relation: Relation,
    invariants: Mapping[int, Invariant],
    further: Sequence[str],
    progress: Callable[[str], None],
) -> None:
    """Judge the invariants of one relation, by their number, in all traces."""
    progress(f"{relation.title}: checking")
    state(session, {number: one.params for number, one in invariants.items()})
    stages.run(session, f"{relation.name}/examples", progress)
    session.run("4_learn/example_signatures")
    stages.run(session, "4_learn/signature_fields", progress)
    session.run("4_learn/signature_classes")
    accepted = _accepted(session, invariants)
    session.load(
        "accepted_classes",
        {
            "hypothesis_id": ("BIGINT", [hypothesis for hypothesis, _ in accepted]),
            "class": ("BIGINT", [number for _, number in accepted]),
        },
    )
    session.run("5_check/accepted_signatures")
    for name in ("5_check/judged", "5_check/violations", *further):
        session.run(name)


def _unsupported(
    session: Session, invariants: Sequence[Invariant], known: Mapping[str, Relation | None]
) -> dict[int, str]:
    """Return why nothing is checked of an invariant, by its number, where nothing is."""
    least = int(session.value("SELECT getvariable('min_support')"))
    found = {}
    for number, one in enumerate(invariants):
        if known[one.relation] is None:
            found[number] = f"this version does not know {one.relation}"
        elif one.positive is not None and one.positive < least:
            found[number] = f"fewer than {least} positive examples (min_support)"
    return found


def _accepted(session: Session, invariants: Mapping[int, Invariant]) -> list[tuple[int, int]]:
    """Return each hypothesis with each class of signatures that satisfies its precondition."""
    signatures = load.classes(session)
    rows = session.rows(
        "SELECT DISTINCT hypothesis_id, class, is_pair "
        "FROM example_signatures INNER JOIN signature_classes USING (signature)"
    )
    return [
        (hypothesis, number)
        for hypothesis, number, is_pair in rows
        if accepts(
            _condition(invariants[hypothesis]), signatures[number], records=2 if is_pair else 1
        )
    ]


def _condition(invariant: Invariant) -> Condition:
    """Return the precondition on the relation's own records: the group that every file has."""
    return next(iter(invariant.precondition.values()))


def _violations(
    session: Session, judged: Mapping[tuple[int, str], Sequence[int]]
) -> dict[tuple[int, str], Violation]:
    records = fetch_records(session)
    sources = fetch_sources(session)
    found = {}
    for row in session.dicts("FROM first_violations"):
        keys = [Key(row["trace"], row["process_id"], row["event_id"])]
        if row["event_id_2"] is not None:
            keys.append(Key(row["trace"], row["process_id_2"], row["event_id_2"]))
        place = (row["hypothesis_id"], row["trace"])
        found[place] = Violation(
            records=tuple(records[key] for key in keys),
            source=next((sources[key] for key in keys if key in sources), None),
            detected_ts=row["detected_ts"],
            detected_share=row["detected_share"],
            decided_ts=row["decided_ts"],
            step=row["step"],
            first_step=row["first_step"],
            last_step=row["last_step"],
            count=judged[place][1],
        )
    return found


def _fields(invariants: Sequence[Invariant]) -> list[str]:
    """Return the fields that the preconditions speak about."""
    return sorted(
        {
            current_field(clause.field)
            for invariant in invariants
            for condition in invariant.precondition.values()
            for alternative in condition.alternatives
            for clause in alternative
        }
    )


def _named(invariants: Sequence[Invariant]) -> list[str]:
    """Return every text in the params: the functions that they are about are among them."""
    params = [param for invariant in invariants for param in invariant.params]
    return sorted({value for param in params for value in param.values() if isinstance(value, str)})


def _functions(invariants: Sequence[Invariant]) -> frozenset[str]:
    """Return the functions that invariants are about."""
    params = [param for invariant in invariants for param in invariant.params]
    return frozenset(param["api_full_name"] for param in params if "api_full_name" in param)


def _find(name: str, known: Sequence[Relation]) -> Relation | None:
    try:
        return relations.by_name(name, known)
    except UsageError:
        return None
