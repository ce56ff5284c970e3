"""Tell a comparison in Markdown, and put it into the marked part of a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.compatibility_rules import (
    BY_POSITION,
    KEPT,
    SAME,
    UNEXPLAINED,
    UNSAFE,
    Finding,
    Rules,
    Weaker,
)
from benchmarks.compatibility_verdicts import (
    NOT_TRIGGERED,
    PASSED,
    VIOLATED,
    Drift,
    Published,
    Verdicts,
    verdict,
)
from tc_engine.check import Check
from tc_engine.errors import UsageError

BEGIN = "<!-- begin: written by benchmarks/compatibility.py -->"
END = "<!-- end -->"
WEAKER = "implied but for arguments"
_ORDER = (VIOLATED, PASSED, NOT_TRIGGERED)


def tables(
    rules: Rules,
    verdicts: Verdicts,
    own: Check,
    published: Sequence[Published],
    drift: Drift,
) -> str:
    """Return the generated part of the page."""
    parts = (
        *_theirs(rules),
        *_arguments(rules.weaker),
        *_ours(rules),
        *_hypotheses(rules),
        *_verdicts(verdicts),
        *_own(own),
        *_published(published),
        *_drift(drift),
        *_unexplained(rules, verdicts),
    )
    return "\n\n".join(parts)


def put(text: str, path: Path) -> None:
    """Replace what is between the marks of a page. Raises UsageError where there are none."""
    before, begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise UsageError(f"{path} has no place for the tables", f"Mark it with {BEGIN} and {END}")
    path.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def unexplained(rules: Rules, verdicts: Verdicts) -> list[str]:
    """Return the differences that no reason was found for, a line each."""
    findings = [*rules.theirs, *rules.ours, *verdicts.differences]
    lines = [
        f"{one.invariant.text}: {one.evidence}" for one in findings if one.verdict == UNEXPLAINED
    ]
    lines += [
        f"{one.invariant.text}: argument {name}"
        for one in rules.weaker
        for name, reason in one.missing.items()
        if reason == UNEXPLAINED
    ]
    lines += [
        f"{count} hypotheses of {relation}: {theirs} / {ours}"
        for (relation, theirs, ours), count in sorted(rules.hypotheses.items())
        if theirs != ours
    ]
    return lines


def _theirs(rules: Rules) -> Iterable[str]:
    counts = Counter((one.invariant.relation, one.verdict) for one in rules.theirs)
    counts.update((one.invariant.relation, WEAKER) for one in rules.weaker)
    reasons = sorted({verdict for _, verdict in counts} - {SAME, WEAKER})
    yield "### What TrainCheck infers from the good run, seen from ours"
    yield _by_relation(counts, [SAME, WEAKER, UNSAFE, *reasons])
    yield "Those that ours do not imply:"
    yield _table(("invariant of TrainCheck", "reason", "evidence"), _listed(rules.theirs))


def _arguments(weaker: Sequence[Weaker]) -> Iterable[str]:
    yield "### The arguments that ours do not name"
    arguments = Counter(reason for one in weaker for reason in one.missing.values())
    holders = Counter(reason for one in weaker for reason in set(one.missing.values()))
    yield _table(
        ("argument", "arguments", "invariants with such"),
        [(reason, count, holders[reason]) for reason, count in sorted(arguments.items())],
    )
    plain = sum(set(one.missing.values()) == {BY_POSITION} for one in weaker)
    found = sum(one.found == one.calls for one in weaker)
    yield (
        f"{plain} of the {len(weaker)} invariants lack only arguments of the kind "
        f"“{BY_POSITION}”: with signatures in the trace ours would name them too. Looked for by "
        f"value alone, at any position, the arguments of {found} of the {len(weaker)} are there in "
        "every call that the precondition accepts."
    )


def _ours(rules: Rules) -> Iterable[str]:
    counts = Counter((one.invariant.relation, one.verdict) for one in rules.ours)
    yield "### What tc_engine infers, seen from theirs"
    yield _by_relation(counts, [SAME, *sorted({verdict for _, verdict in counts} - {SAME})])
    yield "Those that no single one of theirs implies:"
    yield _table(("invariant of tc_engine", "reason", "evidence"), _listed(rules.ours))


def _hypotheses(rules: Rules) -> Iterable[str]:
    yield "### What became of every hypothesis of Cover and Lead"
    rows = [
        (
            _short(relation),
            theirs if theirs == KEPT else f"given up: {theirs}",
            ours if ours == KEPT else f"given up: {ours}",
            count,
        )
        for (relation, theirs, ours), count in sorted(rules.hypotheses.items())
    ]
    yield _table(("relation", "TrainCheck", "tc_engine", "hypotheses"), rows)


def _verdicts(verdicts: Verdicts) -> Iterable[str]:
    yield "### Verdicts of TrainCheck's invariants on the faulty run"
    relations = sorted({relation for relation, _, _ in verdicts.matrix})
    rows = [
        (_short(relation), theirs, *(verdicts.matrix[relation, theirs, ours] for ours in _ORDER))
        for relation in relations
        for theirs in _ORDER
        if any(verdicts.matrix[relation, theirs, ours] for ours in _ORDER)
    ]
    yield _table(("relation", "TrainCheck", *(f"tc_engine: {ours}" for ours in _ORDER)), rows)
    yield (
        f"{verdicts.violated} invariants are violated for both; for {verdicts.same_time} of them "
        "both report the same time of detection. The differences:"
    )
    reasons = Counter(
        (one.verdict, _short(one.invariant.relation), one.evidence) for one in verdicts.differences
    )
    yield _table(
        ("reason", "relation", "TrainCheck says", "invariants"),
        [(*key, count) for key, count in sorted(reasons.items())],
    )


def _own(own: Check) -> Iterable[str]:
    yield "### Verdicts of our own invariants on the faulty run"
    counts = Counter((result.invariant.relation, verdict(result)) for result in own.results)
    yield _by_relation(counts, _ORDER)
    rows = [
        (f"`{result.invariant.text}`", result.violation.first_step, result.violation.count)
        for result in own.results
        if result.violation and "attr_name" in result.invariant.params[-1]
    ]
    yield "Those of them that speak of what happens to the model:"
    yield _table(("violated", "since step", "violations"), rows)


def _published(published: Sequence[Published]) -> Iterable[str]:
    yield "### Published cases"
    yield _table(
        ("case", "relation", "side", "verdict", "records reported"),
        [
            (one.name, _short(one.result.invariant.relation), side, says, " and ".join(records))
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
    yield _table(
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


def _unexplained(rules: Rules, verdicts: Verdicts) -> Iterable[str]:
    yield "### Differences without an explanation"
    lines = unexplained(rules, verdicts)
    yield "\n".join(f"- {line}" for line in lines) or "None."


def _listed(findings: Iterable[Finding]) -> list[tuple[str, ...]]:
    return sorted(
        (f"`{one.invariant.text}`", one.verdict, one.evidence)
        for one in findings
        if one.verdict != SAME
    )


def _by_relation(counts: Counter[tuple[str, str]], columns: Sequence[str]) -> str:
    names = list(dict.fromkeys(columns))
    rows = [
        (_short(relation), *(counts[relation, name] for name in names))
        for relation in sorted({relation for relation, _ in counts})
    ]
    total = (
        "all",
        *(sum(count for (_, n), count in counts.items() if n == name) for name in names),
    )
    return _table(("relation", *names), [*rows, total])


def _short(relation: str) -> str:
    return relation.removesuffix("Relation").removeprefix("API").removeprefix("Function")


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lay out a table; numbers go to the right."""
    lines = [[_cell(cell) for cell in row] for row in rows]
    aligned = ["---:" if _is_number(column) else "---" for column in zip(*lines, strict=True)]
    return "\n".join(
        "| " + " | ".join(line) + " |"
        for line in (header, aligned or ["---"] * len(header), *lines)
    )


def _cell(value: object) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return str(value).replace("|", "\\|")


def _is_number(column: Iterable[str]) -> bool:
    return all(cell.replace(",", "").isdigit() for cell in column)
