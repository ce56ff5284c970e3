"""Which functions may take part: not those that are noise by name or by repeating in a row.

In an order of calls not those either whose order is not the program's own doing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby

from tests.reference.events import Row, Traces, calls, is_complete, same_thread

LONGEST_REPEAT = 2
SETUP = re.compile(r"torch\.(nn\.init|random)\.")

_MODULE = "torch.nn.modules.module.Module"
SKIP = (
    "cuda.is_available",
    "torch.get_default_dtype",
    "torch._VariableFunctionsClass",
    f"{_MODULE}._call_impl",
    f"{_MODULE}._wrapped_impl",
    f"{_MODULE}._wrapped_call_impl",
    "torch.cuda._is_compiled",
    "torch.is_grad_enabled",
    "torch._ops.OpOverload",
    _MODULE,
    "torch.utils.data._utils",
    "torch.distributed.utils._to_kwargs",
    "torch.distributed.utils._recursive_to",
    "torch.nn.parallel.scatter_gather._is_namedtuple",
    "torch.nn._reduction",
    "torch.nn.functional",
    "torch._tensor.Tensor.backward",
    "torch.autograd",
    "torch.optim.optimizer.Optimizer._optimizer_step_code",
    "torch.optim.optimizer._get_value",
    "torch.overrides",
    "._",
    "<locals>",
)


def is_container(function: str) -> bool:
    """Tell whether a function is of a container of modules, such as Sequential."""
    return function.startswith("torch.nn.modules.container.")


def is_skipped(function: str) -> bool:
    """Tell whether a function is noise by its name."""
    return any(part in function for part in SKIP)


def functions(traces: Traces) -> set[str]:
    """Return the names of all called functions that are not noise."""
    called = {call["function"] for rows in traces.values() for call in calls(rows)}
    return {function for function in called if not is_skipped(function)}


def pool(traces: Traces) -> set[str]:
    """Return the functions for lead and cover.

    Not noise, and on no thread called more than twice in a row; every call there counts, noise and
    incomplete ones too.
    """
    hot = {
        function
        for rows in traces.values()
        for thread in threads(rows)
        for function, repeat in groupby(call["function"] for call in thread)
        if len(list(repeat)) > LONGEST_REPEAT
    }
    return functions(traces) - hot


def program_pool(traces: Traces) -> set[str]:
    """Return those of the pool whose order is the program's own doing."""
    callers = _callers(traces)
    return {
        function
        for function in pool(traces)
        if (None in callers[function] or len(callers[function]) > 1)
        and _is_outside_model(function, callers, frozenset())
    }


def is_rare(traces: Traces, function: str) -> bool:
    """Tell whether no process calls a function twice, or it sets a program up."""
    return _most_calls(traces, function) == 1 or bool(SETUP.match(function))


def _callers(traces: Traces) -> dict[str, set[str | None]]:
    """Return for each function those that some call of it stands directly inside."""
    found: dict[str, set[str | None]] = {}
    for rows in traces.values():
        by_key = {(call["process_id"], call["event_id"]): call for call in calls(rows)}
        for call in calls(rows):
            around = by_key.get((call["process_id"], call.get("parent_id")))
            found.setdefault(call["function"], set()).add(around and around["function"])
    return found


def _is_outside_model(
    function: str | None, callers: Mapping[str, set[str | None]], seen: frozenset[str]
) -> bool:
    """Tell whether some chain of callers leads out of all functions without a forward pass."""
    if function is None:
        return True
    if function.endswith(".forward") or function in seen:
        return False
    return any(_is_outside_model(one, callers, seen | {function}) for one in callers[function])


def _most_calls(traces: Traces, function: str) -> int:
    """Return how often one process calls a function, at most."""
    counts = Counter(
        (trace, call["process_id"])
        for trace, rows in traces.items()
        for call in calls(rows)
        if call["function"] == function
    )
    return max(counts.values())


def threads(rows: Sequence[Row]) -> list[list[Row]]:
    """Return the calls of each thread of each process, in order of start."""
    found: list[list[Row]] = []
    for call in calls(rows):
        for thread in found:
            if same_thread(thread[0], call):
                thread.append(call)
                break
        else:
            found.append([call])
    return found


def complete_calls(thread: list[Row], function: str) -> list[Row]:
    """Return the calls of a function on a thread that returned or raised."""
    return [call for call in thread if call["function"] == function and is_complete(call)]


def same_level(left: list[Row], right: list[Row]) -> bool:
    """Tell whether some call of one list ended before some call of the other began."""
    return any(
        one["end_ts"] < other["start_ts"] or other["end_ts"] < one["start_ts"]
        for one in left
        for other in right
    )


def on_a_level(thread: list[Row], function: str) -> bool:
    """Tell whether a function shares a level with any other function of the thread."""
    others = [call for call in thread if call["function"] != function and is_complete(call)]
    return same_level(complete_calls(thread, function), others)
