"""The relation once more, from its definition and as plainly as can be: what tests hold the SQL to.

Traces are lists of rows of the event table, by name; a row is a dict without the keys it has no
value for.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Row = dict[str, Any]
Traces = Mapping[str, Sequence[Row]]
Key = tuple[str, int, int]


def hypotheses(traces: Traces) -> set[tuple[str, int]]:
    """Return F and N wherever two steps call F N times."""
    counts = Counter(
        (function, times)
        for _, calls in _processes(traces)
        for step in _steps(calls)
        for function, times in Counter(call["function"] for call in step).items()
    )
    return {one for one, steps in counts.items() if steps >= 2}


def examples(traces: Traces, function: str, times: int) -> dict[Key, bool]:
    """Tell of each judged step whether it calls F N times, by the key of its first call."""
    judged: dict[Key, bool] = {}
    for trace, calls in _processes(traces):
        if all(call["function"] != function for call in calls):
            continue
        steps = _steps(calls)
        for step in steps:
            if any(step[-1]["start_ts"] < other[-1]["start_ts"] for other in steps):
                key = (trace, step[0]["process_id"], step[0]["event_id"])
                judged[key] = sum(call["function"] == function for call in step) == times
    return judged


def _processes(traces: Traces) -> Iterator[tuple[str, list[Row]]]:
    """Yield the calls of each process of each trace, in order of start."""
    for trace, rows in traces.items():
        calls: dict[int, list[Row]] = defaultdict(list)
        for row in sorted(rows, key=lambda row: (row["start_ts"], row["event_id"])):
            if row["kind"] == "call":
                calls[row["process_id"]].append(row)
        yield from ((trace, own) for own in calls.values())


def _steps(calls: Sequence[Row]) -> list[list[Row]]:
    """Group the calls of a process by step and stage."""
    groups: dict[tuple[int, str | None], list[Row]] = defaultdict(list)
    for call in calls:
        if "step" in call:
            groups[call["step"], call.get("stage")].append(call)
    return list(groups.values())
