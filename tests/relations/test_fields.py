"""What a precondition may speak about: the fields of contexts and states, against the oracle."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings

from tc_engine.engine.session import Session
from tests.builder import Trace
from tests.random_traces import random_traces
from tests.reference.events import CONTEXTS, record, with_stages
from tests.reference.values import canonical, is_address
from tests.relations import engine

Fields = dict[tuple[str, str | None], str]
MANAGER = f"meta_vars.{CONTEXTS}."


@settings(max_examples=16, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(random_traces())
def test_fields_are_those_of_the_records(traces: dict[str, Trace]) -> None:
    rows = {name: with_stages(trace.rows()) for name, trace in traces.items()}
    with tempfile.TemporaryDirectory() as folder, engine.prepared(traces, Path(folder)) as session:
        for kind, found in (("call", of_contexts(session)), ("state", of_states(session))):
            expected = {
                (name, row["process_id"], row["event_id"]): fields(record(row))
                for name in rows
                for row in rows[name]
                if row["kind"] == kind
            }
            assert found.keys() <= expected.keys()
            reported = {key: expected[key] for key in found}
            assert found == (telling(reported) if kind == "state" else reported)
            assert kind == "state" or found.keys() == expected.keys()


def telling(records: dict[Any, Fields]) -> dict[Any, Fields]:
    """Leave out what all records have in common: it tells no pair from another."""
    common = set.intersection(*(set(one.items()) for one in records.values())) if records else set()
    return {key: dict(one.items() - common) for key, one in records.items()}


def of_contexts(session: Session) -> dict[Any, Fields]:
    """Return the fields of every call's context."""
    found: dict[Any, Fields] = {}
    rows = session.rows(
        "SELECT trace, process_id, event_id, field, path, value "
        "FROM calls INNER JOIN features USING (context_id)"
    )
    for trace, process, event, field, path, value in rows:
        one = found.setdefault((trace, process, event), {})
        assert (field, path) not in one
        one[field, path] = value
    return found


def of_states(session: Session) -> dict[Any, Fields]:
    """Return the fields of every observation that a relation may report."""
    names = session.rows("SELECT field, path FROM state_fields ORDER BY field_no")
    values = dict(session.rows("SELECT value_no, value FROM state_values"))
    found: dict[Any, Fields] = {}
    rows = session.rows("SELECT trace, process_id, event_id, fields FROM state_vectors")
    for trace, process, event, numbers in rows:
        pairs = zip(names, numbers, strict=True)
        found[trace, process, event] = {name: values[v] for name, v in pairs if v != -3}
    return found


def fields(flat: dict[str, Any]) -> Fields:
    """Turn a flat record into fields: no content, no addresses, no lists, no function."""
    left_out = {"function", "attributes.data", "attributes.grad"}
    found: Fields = {}
    for name, value in flat.items():
        if name.startswith(MANAGER):
            found[name, None] = "{}"
            found |= {(name, argument): canonical(given) for argument, given in value.items()}
        elif (
            name not in left_out
            and not is_address(name.removeprefix("attributes."))
            and not isinstance(value, list | dict)
        ):
            found[name, None] = canonical(value)
    return found
