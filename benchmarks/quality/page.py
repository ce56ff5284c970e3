"""What correct programs were accused of, in Markdown and in JSON."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple
from statistics import fmean

from benchmarks.compatibility.markdown import table
from benchmarks.quality.verdicts import Accusation, Tally, Verdict, mean_findings, mean_rate

FREQUENT = 40  # accusations that are listed

# By the number of references: what TrainCheck's authors report, and what we want, as shares.
PUBLISHED = {1: 0.039, 4: 0.021, 6: 0.015}
GOALS = {1: 0.015, 4: 0.007, 6: 0.005}
FINDINGS_GOAL = {6: 0.5}

NOTES = """\
The programs of `examples/` are correct, so whatever they are accused of is a false alarm. Each is
checked by what is learned from *n* of the others, drawn with a fixed seed, and the programs differ
on purpose: whoever learns from runs of the program that is checked has fewer false alarms.

- *rate*: violated rules among all that were learned, as TrainCheck's artefact computes it; the mean
  over the draws of a program, then over the programs. Rules that the program gives no occasion to
  judge count among all.
- *of judged*: the same among the rules that were judged at all.
- *findings*: what a check shows to a person, violations grouped by cause, per clean run.
- *published*: what TrainCheck's authors report for as many inputs, on programs of their own.

`make quality` repeats the measurement; every verdict of it is in `quality.json`."""


def page(found: Sequence[Verdict], machine: Mapping[str, object], variant: str) -> str:
    """Return the page."""
    parts = ["# Correct programs that are accused", NOTES, variant]
    parts += ["## Rates", _rates(found)]
    parts += ["## By program", _by_program(found)]
    parts += [
        "## By kind of rule",
        "Rules per inference and violated ones per clean run, by the number of references; *share* "
        "is that of all violated rules.",
        _by_kind(found),
    ]
    most = max(_sizes(found))
    parts += [
        f"## The most frequent ones, with {most} reference programs",
        "Accused are programs, by a rule that was learned in any of their draws.",
        _frequent([one for one in found if len(one.references) == most]),
    ]
    parts += ["## Where", "\n".join(f"- {name}: {value}" for name, value in machine.items())]
    return "\n\n".join(parts) + "\n"


def as_json(found: Sequence[Verdict], machine: Mapping[str, object]) -> str:
    """Return every verdict and what they come to, a line for each verdict and for each rule.

    Verdicts name the rules that accuse by their place in the list of rules, from 0; the numbers of
    a kind are the rules that were learned, judged and violated.
    """
    rates = [
        {"references": size, "rate": mean_rate(some), "findings": mean_findings(some)}
        for size, some in _by_size(found).items()
    ]
    places = {
        rule: n for n, rule in enumerate(dict.fromkeys(r for v in found for r in v.accusations))
    }
    verdicts = [
        {
            **asdict(one),
            "tallies": {kind: list(astuple(tally)) for kind, tally in one.tallies.items()},
            "accusations": [places[rule] for rule in one.accusations],
        }
        for one in found
    ]
    head = json.dumps({"machine": machine, "rates": rates}, indent=1).removesuffix("\n}")
    rules = [list(astuple(rule)) for rule in places]
    return f'{head},\n "verdicts": [{_lines(verdicts)}],\n "rules": [{_lines(rules)}]\n}}\n'


def _lines(items: Sequence[object]) -> str:
    return "\n" + ",\n".join(map(json.dumps, items)) + "\n" if items else ""


def _rates(found: Sequence[Verdict]) -> str:
    header = ["references", "rate", "published", "goal", "of judged", "rules", "judged", "violated"]
    header += ["findings", "goal for findings", "runs without findings"]
    rows = []
    for size, some in _by_size(found).items():
        totals = [one.total for one in some]
        rows.append(
            (
                size,
                _percent(mean_rate(some)),
                _percent(PUBLISHED.get(size)),
                _percent(GOALS.get(size)),
                _percent(fmean(one.violated / max(one.triggered, 1) for one in totals)),
                f"{fmean(one.learned for one in totals):,.0f}",
                f"{fmean(one.triggered for one in totals):,.0f}",
                f"{fmean(one.violated for one in totals):.1f}",
                f"{mean_findings(some):.2f}",
                FINDINGS_GOAL.get(size, ""),
                f"{sum(not one.findings for one in some)} of {len(some)}",
            )
        )
    return table(header, rows)


def _by_program(found: Sequence[Verdict]) -> str:
    sizes = _sizes(found)
    header = ["program", *(f"rate, {n}" for n in sizes), *(f"findings, {n}" for n in sizes)]
    rows = []
    for program in sorted({one.program for one in found}):
        own = [[v for v in some if v.program == program] for some in _by_size(found).values()]
        rates = [_percent(mean_rate(some)) if some else "" for some in own]
        rows.append(
            [program, *rates, *(f"{mean_findings(some):.2f}" if some else "" for some in own)]
        )
    return table(header, rows)


def _by_kind(found: Sequence[Verdict]) -> str:
    sums = {size: _sum(some) for size, some in _by_size(found).items()}
    runs = {size: len(some) for size, some in _by_size(found).items()}
    last = _sizes(found)[-1]
    kinds = sorted(
        {kind for tallies in sums.values() for kind in tallies},
        key=lambda kind: (-sums[last][kind].violated, kind),
    )
    header = ["kind"]
    header += [f"{what}, {size}" for size in sums for what in ("rules", "violated", "share")]
    rows = []
    for kind in kinds:
        row = [kind]
        for size, tallies in sums.items():
            violated = sum(one.violated for one in tallies.values())
            tally = tallies[kind]
            row += [
                f"{tally.learned / runs[size]:,.1f}",
                f"{tally.violated / runs[size]:.2f}",
                _percent(tally.violated / violated if violated else 0.0),
            ]
        rows.append(row)
    return table(header, rows)


def _frequent(found: Sequence[Verdict]) -> str:
    programs: dict[Accusation, set[str]] = defaultdict(set)
    times: Counter[Accusation] = Counter()
    for one in found:
        for accusation in set(one.accusations):
            programs[accusation].add(one.program)
            times[accusation] += 1
    ranked = sorted(
        times,
        key=lambda one: (-len(programs[one]), -times[one], one.kind, one.text, one.precondition),
    )
    rows = [
        (one.kind, one.text, one.precondition, len(programs[one]), times[one])
        for one in ranked[:FREQUENT]
    ]
    header = ("kind", "rule", "precondition", "programs accused", "times")
    listed = table(header, rows)
    return f"{listed}\n\nThe {len(rows)} first of {len(ranked):,} rules that accuse a program."


def _sum(found: Sequence[Verdict]) -> dict[str, Tally]:
    total: dict[str, Tally] = defaultdict(Tally)
    for one in found:
        for kind, tally in one.tallies.items():
            total[kind] += tally
    return total


def _by_size(found: Sequence[Verdict]) -> dict[int, list[Verdict]]:
    return {size: [one for one in found if len(one.references) == size] for size in _sizes(found)}


def _sizes(found: Sequence[Verdict]) -> list[int]:
    return sorted({len(one.references) for one in found})


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.2f} %"
