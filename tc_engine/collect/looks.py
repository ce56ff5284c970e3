"""Turn what was seen of variables into rows: one for each variable that is not as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tc_engine.collect.events import Look, State
from tc_engine.collect.variables import Variable


def states(look: Look) -> Iterator[State]:
    """Yield a row for each variable in which something differs from its last row.

    Looks must come in their order. Waits for values that are still being computed; raises
    RuntimeError where a device failed.
    """
    look.pending.wait()
    for (variable, is_data), value in zip(look.slots, look.values, strict=True):
        if is_data:
            variable.data = value
        else:
            variable.grad = value
    for (variable, is_data), norm in zip(look.slots, look.norms, strict=False):
        if is_data:
            variable.data_norm = norm
        else:
            variable.grad_norm = norm
    for event_id, variable, facts in look.entries:
        row = (variable.data, variable.grad, facts)
        if row == variable.row:
            continue
        # Before the first row nothing is known, so nothing can be said about the cause.
        cause = None if variable.row is None else look.cause
        variable.row = row
        yield State(
            event_id=event_id,
            thread=look.thread,
            start=look.start,
            variable=variable.name,
            variable_type=variable.type,
            attributes=_attributes(variable, facts, *look.shown),
            cause=cause,
            label=look.label,
            extra=_norms(variable) if look.norms else None,
        )


def _attributes(variable: Variable, facts: str, shows_data: bool, shows_grad: bool) -> str:
    """Put the attributes together; one that is not wanted must not look as if it were null."""
    data = f'"data":{"null" if variable.data is None else variable.data},' if shows_data else ""
    if not shows_grad or variable.is_buffer:
        return f"{{{data}{facts}}}"
    grad = "null" if variable.grad is None else variable.grad
    return f'{{{data}"grad":{grad},{facts}}}'


def _norms(variable: Variable) -> str:
    return json.dumps({"norms": {"data": variable.data_norm, "grad": variable.grad_norm}})
