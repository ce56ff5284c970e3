"""What a trace says of invariants about arguments and results: which values tensors have there."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.compatibility.trace import Trace
from tc_engine.invariants import Invariant

_VALUES_OF_TENSORS = """
WITH tensor AS (SELECT DISTINCT payload_id, tensor_no FROM tensor_properties)
SELECT DISTINCT CAST(call.context_id AS VARCHAR), found.value
FROM call_payloads AS passed
INNER JOIN calls AS call USING (call_id)
INNER JOIN tensor
    ON if($is_input, passed.input_id, passed.output_id) = tensor.payload_id
LEFT JOIN tensor_properties AS found
    ON tensor.payload_id = found.payload_id AND tensor.tensor_no = found.tensor_no
    AND found.property = $property
WHERE passed.function = $function AND passed.outcome = 'ok'
    AND tensor.tensor_no = coalesce(CAST($tensor_no AS BIGINT), tensor.tensor_no)
"""

SIZES = ("ndim", "shape")

_ADDRESSES_GIVEN = """
WITH given AS (
    SELECT step, regexp_extract_all(CAST(args AS VARCHAR), '_ID": ?(null|-?[0-9]+)', 1) AS addresses
    FROM events
    WHERE kind = 'call' AND function = $function
)
SELECT count(*), count(DISTINCT (step, addresses)), min(len(addresses)) FROM given
"""


@dataclass(frozen=True)
class Property:
    """A property of the tensors that a function is given or returns; of one of them, or of all."""

    function: str
    name: str
    is_input: bool = False
    tensor_no: int | None = None


def properties(invariant: Invariant) -> list[Property]:
    """Return the properties of tensors that an Output or InputOutput invariant speaks about."""
    if invariant.relation == "ConsistentOutputRelation":
        function, returned = invariant.params
        return [Property(function["api_full_name"], returned["attr_name"])]
    return [
        Property(
            param["api_name"], param["additional_path"][0], bool(param["is_input"]), param["index"]
        )
        for param in invariant.params
        if param.get("additional_path")
    ]


def values(trace: Trace, invariant: Invariant, of: Property) -> set[str | None]:
    """Return the values of a property in calls that an invariant's precondition holds for.

    They are canonical JSON texts; None stands for a tensor that does not have the property.
    """
    rows = trace.session.connection.execute(
        _VALUES_OF_TENSORS,
        {
            "function": of.function,
            "property": of.name,
            "is_input": of.is_input,
            "tensor_no": of.tensor_no,
        },
    ).fetchall()
    return {value for context, value in rows if trace.accepts(invariant, context)}


def says_nothing(trace: Trace, names: Iterable[str], *, returned: bool) -> list[str]:
    """Return those properties that are looked at only if `all_hypotheses` is set.

    Sizes are among them where it is only said what is `returned`.
    """
    return [
        name
        for name in dict.fromkeys(names)
        if not trace.session.value("SELECT is_telling(?)", [name]) or (returned and name in SIZES)
    ]


def not_ordered(trace: Trace, invariant: Invariant) -> list[str]:
    """Return the functions of an order of calls that is looked at only with `all_hypotheses`."""
    if not invariant.precondition.keys() & {"func_lead", "func_cover"}:
        return []
    pool = trace.session.rows(
        "SELECT function FROM order_pool((SELECT list(one) FROM function_repeats AS one), "
        "(SELECT list(one) FROM function_callers AS one))"
    )
    named = [str(one["api_full_name"]) for one in invariant.params]
    return [name for name in named if (name,) not in pool]


def is_option(trace: Trace, invariant: Invariant, value: object) -> bool:
    """Tell whether an argument of a call is looked at only with `all_hypotheses`."""
    parent = str(invariant.params[0]["api_full_name"])
    text = json.dumps(value, separators=(",", ":"))
    numeric = trace.session.value("SELECT is_numeric(?)", [text])
    return bool(numeric) or parent.startswith("torch.optim.")


def tells_apart_by_address(trace: Trace, function: str) -> bool:
    """Tell whether every call of a function has addresses of its own among its step's arguments."""
    ((calls, different, fewest),) = trace.session.connection.execute(
        _ADDRESSES_GIVEN, {"function": function}
    ).fetchall()
    return bool(calls == different and fewest)
