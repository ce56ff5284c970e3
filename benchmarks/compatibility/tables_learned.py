"""Tell in Markdown what the two sides learned from the good run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from benchmarks.compatibility.hypotheses import KEPT, Fate
from benchmarks.compatibility.markdown import short, table
from benchmarks.compatibility.reasons import BY_POSITION, BY_SETTING, Weaker
from benchmarks.compatibility.rules import SAME, WEAKER, Rules
from benchmarks.compatibility.statements import Finding


def tables(learned: Rules, fates: Sequence[Fate]) -> Iterable[str]:
    """Return headings, tables and sentences."""
    yield from _theirs(learned)
    yield from _arguments(learned.weaker)
    yield from _ours(learned)
    yield from _hypotheses(fates)


def _theirs(learned: Rules) -> Iterable[str]:
    yield "### What TrainCheck infers from the good run, seen from ours"
    yield _standings(learned.theirs)
    left_out = [one for one in learned.theirs if one.verdict in BY_SETTING]
    yield (
        f"{len(left_out)} are left out because they are about properties or orders of calls that "
        "tell nothing of the program. Inferred with `--set all_hypotheses=true`, ours imply each "
        "of them. By property or function:"
    )
    yield _by_property(left_out)
    yield "The others that ours do not imply:"
    yield _listed(
        "invariant of TrainCheck",
        [one for one in learned.theirs if one.verdict not in (*BY_SETTING, WEAKER)],
    )


def _arguments(weaker: Sequence[Weaker]) -> Iterable[str]:
    yield "### The arguments that ours do not name"
    arguments = Counter(reason for one in weaker for reason in one.missing.values())
    holders = Counter(reason for one in weaker for reason in set(one.missing.values()))
    yield table(
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


def _ours(learned: Rules) -> Iterable[str]:
    yield "### What tc_engine infers, seen from theirs"
    yield _standings(learned.ours)
    implied = sum(one.verdict == SAME for one in learned.everything)
    yield (
        f"With `--set all_hypotheses=true` tc_engine infers {len(learned.everything)} more; theirs "
        f"imply {implied} of these."
    )
    yield "Those that no single one of theirs implies:"
    yield _listed("invariant of tc_engine", [*learned.ours, *learned.everything])


def _hypotheses(fates: Sequence[Fate]) -> Iterable[str]:
    yield "### What became of every hypothesis"
    yield (
        "Of all relations but Contain, whose hypotheses differ in arguments and stages; ours with "
        "`all_hypotheses`. The last number says for how many both count the same positive and "
        "negative examples."
    )
    counts = Counter(
        (short(one.invariant.relation), _fate(one.theirs), _fate(one.ours), one.reason)
        for one in fates
    )
    same = Counter(
        (short(one.invariant.relation), _fate(one.theirs), _fate(one.ours), one.reason)
        for one in fates
        if one.same_counts
    )
    yield table(
        ("relation", "TrainCheck", "tc_engine", "reason", "hypotheses", "the same examples"),
        [(*key, count, same[key]) for key, count in sorted(counts.items())],
    )


def _fate(reason: str) -> str:
    alone = reason == KEPT or reason.startswith("no")
    return reason if alone else f"given up: {reason}"


def _standings(findings: Iterable[Finding]) -> str:
    counts = Counter((short(one.invariant.relation), one.verdict) for one in findings)
    order = sorted(counts, key=lambda key: (key[0], key[1] != SAME, key[1] != WEAKER, key[1]))
    rows = [(*key, counts[key]) for key in order]
    return table(("relation", "how they stand", "invariants"), rows)


def _by_property(findings: Iterable[Finding]) -> str:
    counts = Counter((short(one.invariant.relation), one.verdict, one.evidence) for one in findings)
    lines: dict[tuple[str, str], list[str]] = {}
    for (relation, reason, name), count in sorted(counts.items()):
        lines.setdefault((relation, reason), []).append(f"{name} ({count})")
    return table(
        ("relation", "reason", "properties or functions (invariants)"),
        [(*key, ", ".join(names)) for key, names in lines.items()],
    )


def _listed(title: str, findings: Iterable[Finding]) -> str:
    rows = sorted(
        (f"`{one.invariant.text}`", one.verdict, one.evidence)
        for one in findings
        if one.verdict != SAME
    )
    return table((title, "reason", "evidence"), rows)
