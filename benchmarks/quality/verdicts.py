"""What a check says of a correct program, counted by the kind of rule."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from tc_engine import relations
from tc_engine.diagnosis import diagnose
from tc_engine.invariant_sets import describe
from tc_engine.invariants import Invariant
from tc_engine.pipelines.check import Check, Result


@dataclass(frozen=True)
class Tally:
    """How many rules were learned, how many of these were judged, and how many were violated."""

    learned: int = 0
    triggered: int = 0
    violated: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.learned + other.learned,
            self.triggered + other.triggered,
            self.violated + other.violated,
        )


@dataclass(frozen=True)
class Accusation:
    """A rule that a correct program breaks, and the condition under which it does."""

    kind: str
    text: str
    precondition: str


@dataclass(frozen=True)
class Verdict:
    """What the rules learned from some programs say of another, correct one."""

    program: str
    references: tuple[str, ...]
    findings: int
    tallies: Mapping[str, Tally]
    accusations: tuple[Accusation, ...]

    @property
    def total(self) -> Tally:
        """The rules of all kinds."""
        return sum(self.tallies.values(), Tally())

    @property
    def rate(self) -> float:
        """The false-alarm rate as TrainCheck's authors compute it: violated among all rules."""
        return self.total.violated / self.total.learned if self.total.learned else 0.0


def verdicts(found: Check, references: Sequence[str]) -> list[Verdict]:
    """Return the verdict on each trace of a check."""
    shown = shown_findings(found)
    return [
        Verdict(
            trace,
            tuple(references),
            shown[trace],
            _tallies(results),
            tuple(_accusation(one.invariant) for one in results if one.violation),
        )
        for trace in found.traces
        for results in [[one for one in found.results if one.trace == trace]]
    ]


def shown_findings(found: Check) -> Counter[str]:
    """Count what a person is shown of each trace."""
    return Counter(finding.trace for finding in diagnose(found).findings)


def kind(invariant: Invariant) -> str:
    """Name the kind of a rule: its relation, and what the relation's rules differ in."""
    name = relations.by_name(invariant.relation, relations.discover()).name
    params = invariant.params
    match name:
        case "contain" if "var_type" in params[1]:
            return "contain, a change"
        case "contain" if (params[1].get("arguments") or {}).get("args"):
            return "contain, a call with arguments"
        case "contain":
            return "contain, a call"
        case "output":
            return f"output, {params[1]['attr_name']}"
        case "input_output":
            given, returned = (params[place].get("additional_path") for place in (0, -1))
            return f"input_output, {'the same' if given == returned else 'another'} property"
    return name


def mean_rate(found: Sequence[Verdict]) -> float:
    """Average the rates of each program, and these over the programs."""
    return _mean(found, lambda one: one.rate)


def mean_findings(found: Sequence[Verdict]) -> float:
    """Average the findings of each program, and these over the programs."""
    return _mean(found, lambda one: one.findings)


def _mean(found: Sequence[Verdict], figure: Callable[[Verdict], float]) -> float:
    figures = defaultdict(list)
    for one in found:
        figures[one.program].append(figure(one))
    return fmean(fmean(some) for some in figures.values())


def _tallies(results: Sequence[Result]) -> dict[str, Tally]:
    counted: dict[str, Tally] = defaultdict(Tally)
    for one in results:
        counted[kind(one.invariant)] += Tally(1, one.triggered, one.violation is not None)
    return dict(sorted(counted.items()))


def _accusation(invariant: Invariant) -> Accusation:
    conditions = (describe(condition) for condition in invariant.precondition.values())
    return Accusation(kind(invariant), invariant.text, "; ".join(conditions))
