"""What clauses say of a signature: the local clauses of examples, and whether a clause holds.

A signature is all that a precondition can tell about an example: per field the value that its
records share, or that they differ. Fields that a record lacks are absent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from tc_engine.invariants import Clause, Condition

Target = tuple[str, tuple[str, ...]]
Signature = Mapping[Target, str]

DIFFER = "<>"
DIFFER_NULL = "<null>"
ACTIVE = "{}"
_DIFFERENT = (DIFFER, DIFFER_NULL)

# Values that name one process, object or moment mean nothing in another run.
NEVER_LITERAL = r"^(process_id|thread_id)$|_ID$"
POSITION = r"^meta_vars\.(.*_)?(step|epoch|iteration|batch)$"
_NEVER_LITERAL = re.compile(NEVER_LITERAL)
_POSITION = re.compile(POSITION)
_OLD_PREFIX = "_ML_DAIKON_"
_PREFIX = "_TRAINCHECK_"
_MANAGERS = "meta_vars.context_managers."


def is_literal(target: Target, *, positions: bool) -> bool:
    """Tell whether a clause may name a value of this field; step numbers only if `positions`."""
    name = target[0]
    return not _NEVER_LITERAL.search(name) and (positions or not _POSITION.search(name))


def is_constant(value: str) -> bool:
    """Tell whether a field has one value in all records of an example."""
    return value not in (*_DIFFERENT, ACTIVE)


def is_unnamed(value: str) -> bool:
    """Tell whether of a value only the type is left, such as `<int>`: no clause may name it."""
    return value.startswith("<") and value not in _DIFFERENT


def dtype(value: str) -> str:
    """Name the type of a canonical value as invariant files do."""
    if is_unnamed(value):
        return value[1:-1]
    kind = type(json.loads(value)).__name__
    return "None" if kind == "NoneType" else kind


def unnamed(signature: Signature, *, positions: bool) -> Signature:
    """Leave only the type of values that no clause may name: of step numbers if not `positions`.

    Signatures that are then equal cannot be told apart by a precondition.
    """
    return {
        target: f"<{dtype(value)}>"
        if is_constant(value) and not is_literal(target, positions=positions)
        else value
        for target, value in signature.items()
    }


def holds(clause: Clause, signature: Signature, *, records: int) -> bool:
    """Tell whether a clause is true of an example with this signature (relations.md, section 7)."""
    value = _lookup(clause, signature)
    if value is None:
        return False
    if clause.kind == "exist":
        return True
    if value == ACTIVE:
        return False
    if clause.kind == "constant":
        return value in clause.values
    if clause.kind == "consistent":
        return value not in _DIFFERENT
    return records == 1 or value in _DIFFERENT


def accepts(condition: Condition, signature: Signature, *, records: int) -> bool:
    """Tell whether a precondition holds for an example with this signature."""
    found = any(
        all(holds(clause, signature, records=records) for clause in alternative)
        for alternative in condition.alternatives
    )
    return found != condition.inverted


def current_field(name: str) -> str:
    """Spell the field of an old file as traces are ingested: with today's prefix of addresses."""
    return name.replace(_OLD_PREFIX, _PREFIX)


def _lookup(clause: Clause, signature: Signature) -> str | None:
    name = current_field(clause.field)
    value = signature.get((name, clause.path))
    if value is None and not clause.path and name.startswith(_MANAGERS):
        # Old files join the manager's name and its argument with a dot.
        manager, _, argument = name.rpartition(".")
        value = signature.get((manager, (argument,)))
    return value
