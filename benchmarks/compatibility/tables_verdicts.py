"""Tell in Markdown what the two sides say of the faulty run and the published cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from benchmarks.compatibility.compare import FAULTY, Comparison
from benchmarks.compatibility.markdown import short, table
from benchmarks.compatibility.published import Drift, Published, Repeated
from benchmarks.compatibility.verdicts import (
    NOT_TRIGGERED,
    PASSED,
    VIOLATED,
    Verdicts,
    verdict,
)
from tc_engine.pipelines.check import Check, Result

_ORDER = (VIOLATED, PASSED, NOT_TRIGGERED)


def tables(found: Comparison) -> Iterable[str]:
    """Return headings, tables and sentences."""
    yield from _all(found)
    yield from _faulty(found.judged)
    yield from _own(found.titles, found.own)
    yield from _published(found.published)
    yield from _drift(found.drift)
    yield from _repeated(found.repeated)


def all_verdicts(found: Comparison) -> list[tuple[str, str, str]]:
    """Return trace and relation of every verdict compared, and why it differs, if it does."""
    verdicts = [
        (FAULTY, relation, "")
        for (relation, theirs, ours), count in found.judged.matrix.items()
        for _ in range(count if theirs == ours else 0)
    ]
    verdicts += [(FAULTY, one.invariant.relation, one.verdict) for one in found.judged.differences]
    verdicts += [(one.name, one.result.invariant.relation, one.reason) for one in found.published]
    return verdicts


def _all(found: Comparison) -> Iterable[str]:
    yield "### Verdicts on TrainCheck's invariants"
    verdicts = all_verdicts(found)
    counts = Counter((trace, short(relation), bool(reason)) for trace, relation, reason in verdicts)
    rows = [
        (*key, counts[*key, False] + counts[*key, True], counts[*key, False], counts[*key, True])
        for key in sorted({key[:2] for key in counts})
    ]
    yield table(("trace", "relation", "invariants", "the same verdict", "another verdict"), rows)


def _faulty(judged: Verdicts) -> Iterable[str]:
    yield f"In full, on {FAULTY}:"
    relations = sorted({relation for relation, _, _ in judged.matrix}, key=short)
    rows = [
        (short(relation), theirs, *(judged.matrix[relation, theirs, ours] for ours in _ORDER))
        for relation in relations
        for theirs in _ORDER
        if any(judged.matrix[relation, theirs, ours] for ours in _ORDER)
    ]
    yield table(("relation", "TrainCheck", *(f"tc_engine: {ours}" for ours in _ORDER)), rows)
    yield (
        f"{judged.violated} invariants are violated for both; for {judged.same_time} of them "
        "both report the same time of detection. The differences:"
    )
    reasons = Counter(
        (one.verdict, short(one.invariant.relation), one.evidence) for one in judged.differences
    )
    yield table(
        ("reason", "relation", "TrainCheck says", "invariants"),
        [(*key, count) for key, count in sorted(reasons.items())],
    )


def _own(titles: Sequence[str], own: Check) -> Iterable[str]:
    yield "### Verdicts of our own invariants on the faulty run"
    counts = Counter((result.invariant.relation, verdict(result)) for result in own.results)
    rows = [
        (short(title), *(counts[title, name] for name in _ORDER))
        for title in sorted(titles, key=short)
    ]
    totals = ("all", *(sum(column) for column in zip(*(row[1:] for row in rows), strict=True)))
    yield table(("relation", *_ORDER), [*rows, totals])
    yield "The violated ones that are not about calls before, after or inside others:"
    yield table(
        ("violated", "relation", "since step", "violations"),
        sorted(
            (
                f"`{result.invariant.text}`",
                short(result.invariant.relation),
                result.violation.first_step,
                result.violation.count,
            )
            for result in own.results
            if result.violation and not is_about_calls(result)
        ),
    )


def is_about_calls(result: Result) -> bool:
    """Tell whether an invariant is only about calls before, after or inside others."""
    params = result.invariant.params
    return len(params) > 1 and all("api_full_name" in param for param in params)


def _published(published: Sequence[Published]) -> Iterable[str]:
    yield "### Published cases"
    yield table(
        ("case", "relation", "side", "verdict", "records reported"),
        [
            (one.name, short(one.result.invariant.relation), side, says, " and ".join(records))
            for one in published
            for side, says, records in (
                ("published", one.theirs, one.their_records),
                ("tc_engine", verdict(one.result), one.our_records),
            )
        ],
    )


def _drift(drift: Drift) -> Iterable[str]:
    yield "### Is the drift in pytorch-104336 real?"
    other = (drift.pairs - drift.named_pairs, drift.violations - drift.named_violations)
    yield table(
        ("pairs of runs that the precondition accepts", "pairs", "of them different"),
        [
            ("as published", drift.pairs, drift.violations),
            ("and the parameters have one name", drift.named_pairs, drift.named_violations),
            ("and their names differ", *other),
        ],
    )
    first = min(drift.agreeing)
    later = sorted({drift.agreeing[step] for step in drift.agreeing if step != first})
    yield (
        f"Parameters that hold the same value on all replicas: {drift.agreeing[first]} of "
        f"{drift.parameters} at step {first}, {' or '.join(map(str, later))} of "
        f"{drift.parameters} at each of the {len(drift.agreeing) - 1} steps after it."
    )


def _repeated(repeated: Sequence[Repeated]) -> Iterable[str]:
    yield "### How often does transformers-17877 fill a tensor with random numbers?"
    yield table(
        ("shape of the tensor", "standard deviation", "calls of `normal_`"),
        [(one.shape, one.deviation, one.calls) for one in repeated],
    )
