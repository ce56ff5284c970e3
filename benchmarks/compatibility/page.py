"""Put a comparison into the marked parts of a page: the one table first, the details after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from benchmarks.compatibility import tables_learned, tables_verdicts
from benchmarks.compatibility.compare import Comparison
from benchmarks.compatibility.markdown import short, table
from benchmarks.compatibility.reasons import BY_SETTING
from benchmarks.compatibility.rules import SAME, WEAKER
from benchmarks.compatibility.statements import UNEXPLAINED
from tc_engine.errors import UsageError

SUMMARY, DETAILS = "summary", "details"


def begin(part: str) -> str:
    """Return the line above a part that is written by the command."""
    return f"<!-- begin {part}: written by benchmarks/compatibility -->"


def end(part: str) -> str:
    """Return the line below such a part."""
    return f"<!-- end {part} -->"


def parts(found: Comparison) -> dict[str, str]:
    """Return the text of each generated part."""
    details = (
        *tables_learned.tables(found.learned, found.fates),
        *tables_verdicts.tables(found),
        "### Differences without an explanation",
        "\n".join(f"- {short(relation)}: {line}" for relation, line in unexplained(found))
        or "None.",
    )
    return {SUMMARY: _summary(found), DETAILS: "\n\n".join(details)}


def put(parts: Mapping[str, str], path: Path) -> None:
    """Replace what is between the marks of a page. Raises UsageError where there are none."""
    content = path.read_text(encoding="utf-8")
    for part, text in parts.items():
        before, opened, rest = content.partition(begin(part))
        _, closed, after = rest.partition(end(part))
        if not (opened and closed):
            raise UsageError(
                f"{path} has no place for the {part}", f"Mark it with {begin(part)} and {end(part)}"
            )
        content = f"{before}{begin(part)}\n\n{text}\n\n{end(part)}{after}"
    path.write_text(content, encoding="utf-8")


def unexplained(found: Comparison) -> list[tuple[str, str]]:
    """Return the differences that no reason was found for: the relation, and a line."""
    learned = found.learned
    findings = [*learned.theirs, *learned.ours, *learned.everything, *found.judged.differences]
    lines = [
        (one.invariant.relation, f"{one.invariant.text}: {one.evidence}")
        for one in findings
        if one.verdict == UNEXPLAINED
    ]
    lines += [
        (one.invariant.relation, f"{one.invariant.text}: argument {name}")
        for one in learned.weaker
        for name, reason in one.missing.items()
        if reason == UNEXPLAINED
    ]
    lines += [
        (one.invariant.relation, f"{one.invariant.text}: {one.theirs} / {one.ours}")
        for one in found.fates
        if one.reason == UNEXPLAINED
    ]
    lines += [
        (one.result.invariant.relation, f"{one.name}: {one.theirs}")
        for one in found.published
        if one.reason == UNEXPLAINED
    ]
    return lines


def _summary(found: Comparison) -> str:
    counts: Counter[tuple[str, str]] = Counter()
    for one in found.learned.theirs:
        counts[one.invariant.relation, _standing(one.verdict)] += 1
    for _, relation, reason in tables_verdicts.all_verdicts(found):
        counts[relation, "another verdict" if reason else "same verdict"] += 1
    open_questions = Counter(relation for relation, _ in unexplained(found))
    rows = []
    for title in sorted(found.titles, key=short):
        standings = [counts[title, name] for name in ("implied", "setting", "arguments", "not")]
        given = [counts[title, name] for name in ("same verdict", "another verdict")]
        rows.append(
            (short(title), sum(standings), *standings, sum(given), *given, open_questions[title])
        )
    totals = ("all", *(sum(column) for column in zip(*(row[1:] for row in rows), strict=True)))
    header = (
        "relation",
        "TrainCheck infers",
        "implied by ours",
        "implied with `all_hypotheses`",
        "implied but for arguments",
        "not implied, for a checked reason",
        "verdicts compared",
        "the same",
        "another, for a checked reason",
        "unexplained",
    )
    return table(header, [*rows, totals])


def _standing(verdict: str) -> str:
    if verdict in BY_SETTING:
        return "setting"
    return {SAME: "implied", WEAKER: "arguments"}.get(verdict, "not")
