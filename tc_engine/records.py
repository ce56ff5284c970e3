"""Records as result files show them: an event's row in TrainCheck's flat form (relations.md 1)."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from tc_engine.engine.session import Session

Record = dict[str, Any]


class Key(NamedTuple):
    """What finds a row of `events`."""

    trace: str
    process_id: int
    event_id: int


def fetch_records(session: Session) -> dict[Key, Record]:
    """Return the rows of `violation_records` as records, by their keys."""
    return {
        Key(row["trace"], row["process_id"], row["event_id"]): to_record(row)
        for row in session.dicts("FROM violation_records")
    }


def fetch_sources(session: Session) -> dict[Key, str]:
    """Return where the program called what the rows of `violation_records` tell of."""
    rows = session.rows(
        "SELECT trace, process_id, event_id, source FROM violation_records WHERE source IS NOT NULL"
    )
    return {Key(*key): source for *key, source in rows}


def to_record(row: dict[str, Any]) -> Record:
    """Flatten a row of `events`: what was not recorded is left out, a recorded None is None."""
    record: Record = {"process_id": row["process_id"], "thread_id": row["thread_id"]}
    record |= {f"meta_vars.{key}": value for key, value in _object(row["meta"]).items()}
    for name in ("step", "stage"):
        if row[name] is not None:
            record[f"meta_vars.{name}"] = row[name]
    record |= _object(row["extra"])
    record["time"] = row["start_ts"]
    if row["kind"] == "state":
        record |= {"type": "state_change", "var_name": row["variable"]}
        record["var_type"] = row["variable_type"]
        attributes = _object(row["attributes"])
        return record | {f"attributes.{key}": value for key, value in attributes.items()}
    record["type"] = "function_call (pre)"
    record["func_call_id"] = row["source_id"] or f"{row['process_id']}_{row['event_id']}"
    record["function"] = row["function"]
    record["obj_id"] = row["receiver"]
    record.setdefault("is_bound_method", row["receiver"] is not None)
    for name in ("args", "kwargs"):
        if row[name] is not None:
            record[name] = json.loads(row[name])
    return record


def _object(text: str | None) -> dict[str, Any]:
    content = json.loads(text) if text else {}
    return content if isinstance(content, dict) else {}
