"""A finding in full, as text: the rule, where it is broken, the records that show it, what else."""

from __future__ import annotations

import json
import shlex
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from tc_engine.diagnosis.witnesses import Place, Shown, Witness

WIDTH = 100
INDENT = 14
SHOWN_CALLS = 12
_UNTOLD = {"time", "func_call_id", "obj_id", "type", "is_bound_method", "function", "var_name"}


def explain(
    number: int,
    finding: Mapping[str, Any],
    witness: Witness | None,
    good: Witness | None,
    run: str,
) -> str:
    """Return the text; `witness` is what the run shows (None if it is gone), `good` a good run.

    `finding` is one of `results.json`, its first violation the one that is explained.
    """
    head = finding["violations"][0]
    lines = [f"{number}. {finding['title']}    [{finding['id']}]", ""]
    lines += _row("rule", head["rule"])
    lines += _row("holds when", " or ".join(head["holds_when"]) or "always")
    held = head["held_in_good_runs"]
    lines += _row(
        "learned", f"held {held:,} times in good runs" if held else "not known from where"
    )
    judged = f"{head['violated']:,} of {head['judged']:,} times"
    lines += _row("broken", f"in {finding['trace']}, {_steps(head)}: {judged}")
    if witness:
        lines += _row("where", "; ".join(map(_place, witness.places)))
    if source := head.get("source"):
        lines += _row("called at", source)
    if finding["hint"]:
        lines += _row("may be", finding["hint"])
    lines += _row(
        "ranked by", ", ".join(f"{r['points']:+} {r['text']}" for r in finding["reasons"])
    )
    if witness:
        lines += ["", *_records(witness, good)]
    if others := finding["violations"][1:]:
        lines += ["", f"Broken with it ({len(others)}):"]
        lines += [f"  {one['broken']}    [{one['id']}]" for one in others]
    if witness:
        lines += ["", "To see the records:", f"  {sql_command(run, witness)}"]
    return "\n".join(lines)


def sql_command(run: str, witness: Witness) -> str:
    """Return a command line that shows the records, and the calls directly inside them."""
    return f"tc-engine sql {shlex.quote(run)} -c {shlex.quote(sql(witness))}"


def sql(witness: Witness) -> str:
    """Return a query for the records of a witness, and the calls directly inside them."""
    keys = [one.key for one in (*witness.broken, *witness.kept)]
    listed = ", ".join(f"({key.process_id}, {key.event_id})" for key in dict.fromkeys(keys))
    return (
        "SELECT process_id, event_id, parent_id, step, stage, "  # noqa: S608 - numbers alone
        "coalesce(function, variable) AS name, source, args, kwargs, result, attributes "
        f"FROM events WHERE (process_id, event_id) IN ({listed}) "
        f"OR (process_id, parent_id) IN ({listed}) "
        "ORDER BY process_id, event_id"
    )


def _row(name: str, text: str) -> list[str]:
    start = f"  {name:<{INDENT - 2}}"
    return textwrap.wrap(
        text, WIDTH, initial_indent=start, subsequent_indent=" " * INDENT, break_long_words=False
    )


def _steps(head: Mapping[str, Any]) -> str:
    first, last = head["first_step"], head["last_step"]
    if first is None:
        return "at no known step"
    return f"in step {first}" if first == last else f"steps {first} to {last}"


def _place(place: Place) -> str:
    ranks = ", ".join(place.rank_names)
    named = f"process {place.process_id}" + (f" ({ranks})" if ranks else "")
    return f"{named}: {place.violations:,} times"


def _records(witness: Witness, good: Witness | None) -> Iterator[str]:
    kept, where = witness.kept, "in this run"
    if not kept and good and good.kept:
        kept, where = good.kept, "in the good run"
    for number, (bad, fine) in enumerate(zip_longest(witness.broken, kept), start=1):
        beside = f", beside the nearest that kept it {where}" if fine else ""
        which = f", record {number}" if len(witness.broken) > 1 else ""
        if bad:
            yield f"First violation{which}{beside}:"
            yield from _compared(bad, fine)
    if not kept:
        yield "  (No example in this run kept the rule; name a good run with --good RUN.)"


def _compared(bad: Shown, fine: Shown | None) -> Iterator[str]:
    name = bad.record.get("function") or bad.record.get("var_name")
    yield f"    {name}"
    yield from _sources(bad, fine)
    if bad.around:
        yield f"    inside {' > '.join(map(str, bad.around))}"
    left, right = fields(bad), fields(fine) if fine else {}
    names = [one for one in {**left, **right} if one not in _UNTOLD]
    width = max(map(len, names), default=0)
    for one in names:
        mark = "*" if fine and left.get(one) != right.get(one) else " "
        values = _cut(left.get(one, "-"))
        if mark == "*":
            values += f"    instead of {_cut(right.get(one, '-'))}"
        yield f"  {mark} {one:<{width}}  {values}"
    yield from _calls(bad, fine)


def _sources(bad: Shown, fine: Shown | None) -> Iterator[str]:
    """Tell where the program called it, and made what it was called on."""
    kept = fine.source if fine else None
    if bad.source:
        yield f"    at {bad.source}"
    if kept and kept != bad.source:
        yield f"  * kept at {kept}"
    if bad.made_at:
        yield f"    made at {bad.made_at}"


def fields(shown: Shown) -> dict[str, str]:
    """Return what a record says, and the calls around it do not, as short texts."""
    found: dict[str, str] = {}
    for name, value in shown.record.items():
        short = name.removeprefix("meta_vars.").removeprefix("attributes.")
        if name in ("args", "kwargs") and isinstance(value, dict):
            found |= {f"{name}.{key}": json.dumps(given) for key, given in value.items()}
        elif name not in _UNTOLD:
            found[short] = value if isinstance(value, str) else json.dumps(value)
    return found


def _calls(bad: Shown, fine: Shown | None) -> Iterator[str]:
    inside = dict(bad.inside)
    missing = [one for one, _ in fine.inside if one not in inside] if fine else []
    if inside:
        yield f"    calls {_listed(bad.calls_inside)}"
    if missing:
        yield f"  * does not call {_listed(missing)}"


def _listed(names: Sequence[str]) -> str:
    more = f", and {len(names) - SHOWN_CALLS} more" if len(names) > SHOWN_CALLS else ""
    return ", ".join(names[:SHOWN_CALLS]) + more


def _cut(text: str, most: int = 60) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."
