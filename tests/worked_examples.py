"""Small traces whose invariants are known by hand: what must be found, how often, and when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.builder import PARAMETER, Event, Payload, Row, Trace
from tests.reference.events import Key

Group = dict[str, Any]
"""A group of a precondition, as in an invariants file."""

UNCONDITIONAL: Group = {"inverted": False, "preconditions": [{"clauses": "Unconditional"}]}


@dataclass(frozen=True)
class Expected:
    """A hypothesis that a worked example must give.

    `relation` and `params` are those of `tests.reference.relations`; `positive` and `negative`
    count its examples; `group` is its precondition.
    """

    relation: str
    params: tuple[Any, ...]
    positive: int
    negative: int
    group: Group


@dataclass(frozen=True)
class Worked:
    """A worked example: good traces by name, and what they teach.

    `checked` is another run; `violations` are the keys of the records (for a pair: pairs of keys)
    that break the first of `expected` there.
    """

    traces: dict[str, Trace]
    expected: tuple[Expected, ...]
    checked: Trace | None = None
    violations: frozenset[Key] = field(default=frozenset())

    def rows(self) -> dict[str, list[Row]]:
        """Return the rows of each trace."""
        return {name: trace.rows() for name, trace in self.traces.items()}


def clause(kind: str, name: str, *values: object) -> dict[str, Any]:
    """Return a clause on a record's key; the dtype is left open, as nothing depends on it."""
    found = {"type": kind, "prop_name": name, "additional_path": "None", "prop_dtype": "None"}
    return {**found, "values": list(values)} if kind == "constant" else found


def group(*conjunctions: Sequence[dict[str, Any]], inverted: bool = False) -> Group:
    """Return a disjunction of conjunctions of clauses."""
    found = [{"clauses": list(clauses)} for clauses in conjunctions]
    return {"inverted": inverted, "preconditions": found}


NOT_IN_FIRST_STEP = group([clause("constant", "meta_vars.step", 0)], inverted=True)


def zero_grad_clears_gradients() -> Worked:
    """A gradient is there before every zero_grad but the first, and is gone inside it."""

    def run(gradients: Sequence[int | None], kept: int | None = None) -> tuple[Trace, list[Event]]:
        trace = Trace().at(stage="training")
        events = []
        trace.state("w", data=1, grad=None)
        for step, gradient in enumerate(gradients):
            trace.at(step=step)
            trace.state("w", data=1, grad=gradient)
            with trace.call("zero_grad") as event:
                trace.state("w", data=1, grad=gradient if step == kept else None)
            events.append(event)
        return trace, events

    good, _ = run([None, 17, -23, 5, -99])
    bad, calls = run([None, 17, -23, 5, -99], kept=2)
    params = ("zero_grad", PARAMETER, "grad", '"non_zero"', "null")
    return Worked(
        {"good": good},
        (Expected("contain_change", params, 4, 1, NOT_IN_FIRST_STEP),),
        bad,
        frozenset({("checked", 1, bad.event_id(calls[2]))}),
    )


def forward_calls_causal_attention() -> Worked:
    """Each forward calls attention twice, always causal and without dropout."""

    def run(causal: Sequence[bool]) -> tuple[Trace, list[Event]]:
        trace = Trace().at(stage="training")
        events = []
        for step, is_causal in enumerate(causal):
            with trace.at(step=step).call("forward") as event:
                for size in (step + 1, step + 2):
                    query = Payload("torch.FloatTensor", {"shape": [size, 8], "ndim": 2})
                    fixed = {"is_causal": is_causal, "dropout": 0.0}
                    with trace.call("attn", args=[query], parameters=["q"], kwargs=fixed):
                        pass
            events.append(event)
        return trace, events

    good, _ = run([True, True, True])
    bad, calls = run([True, False, True])
    arguments = '{"dropout":{"float":0},"is_causal":{"bool":true}}'
    return Worked(
        {"good": good},
        (Expected("contain_call", ("forward", "attn", arguments), 3, 0, UNCONDITIONAL),),
        bad,
        frozenset({("checked", 1, bad.event_id(calls[1]))}),
    )


def dropout_rests_in_evaluation() -> Worked:
    """Each forward applies dropout, in training only; then evaluation as if it were training."""

    def run(*, rests: bool) -> tuple[Trace, list[Event]]:
        trace = Trace()
        events = []
        for step, stage in enumerate(["training", "training", "evaluation", "evaluation"]):
            arguments = {"p": 0.5, "training": stage == "training" or not rests}
            trace.at(step=step, stage=stage)
            with trace.call("forward") as event, trace.call("dropout", kwargs=arguments):
                events.append(event)
        return trace, events

    def rule(training: str, stage: str) -> Expected:
        arguments = f'{{"p":{{"float":0.5}},"training":{{"bool":{training}}}}}'
        limited = group([clause("constant", "meta_vars.stage", stage)])
        return Expected("contain_call", ("forward", "dropout", arguments), 2, 0, limited)

    good, _ = run(rests=True)
    bad, calls = run(rests=False)
    return Worked(
        {"good": good},
        (rule("false", "evaluation"), rule("true", "training")),
        bad,
        frozenset({("checked", 1, bad.event_id(call)) for call in calls[2:]}),
    )


REPLICA = [
    clause("unequal", "meta_vars.rank"),
    clause("unequal", "process_id"),
    clause("unequal", "thread_id"),
]
SAME_DATA = ((PARAMETER, "data"), (PARAMETER, "data"))


def replicas(sizes: dict[str, tuple[int, int]]) -> Trace:
    """Return a run of two ranks whose parameters change alike at steps 1, 2 and 3.

    `sizes` gives each parameter's nbytes and ndim. A value holds for about 100,000 ns; the two
    ranks and the parameters change within a few ns.
    """
    trace = Trace(tick=1)
    for rank in (0, 1):
        trace.process(rank + 1).at(stage="training", rank=rank)
    for step in range(4):
        for rank in (0, 1):
            trace.process(rank + 1).thread(10 * (rank + 1)).at(step=step)
            for number, (name, (nbytes, ndim)) in enumerate(sizes.items()):
                value = 1000 * (number + 1) + step
                trace.state(name, data=value, nbytes=nbytes, ndim=ndim, dtype="torch.float32")
        trace.wait(100_000)
    trace.leave(trace.enter("finish"))
    return trace


def replicas_by_size() -> Worked:
    """Replicas of w and of b agree; nbytes and ndim tell w and b apart."""
    same_size = [clause("consistent", f"attributes.{name}") for name in ("nbytes", "ndim")]
    return Worked(
        {"good": replicas({"w": (256, 2), "b": (64, 1)})},
        (Expected("consistency", SAME_DATA, 6, 12, group([*REPLICA, *same_size])),),
    )


def replicas_by_name() -> Worked:
    """W and b have the same size, so only the names tell them apart."""
    names = [[*REPLICA, clause("constant", "var_name", name)] for name in ("b", "w")]
    return Worked(
        {"good": replicas({"w": (64, 1), "b": (64, 1)})},
        (Expected("consistency", SAME_DATA, 6, 12, group(*names)),),
    )


def replicas_by_same_name() -> Worked:
    """Six parameters of one size, too many to name each."""
    return Worked(
        {"good": replicas({f"w{number}": (64, 1) for number in range(6)})},
        (
            Expected(
                "consistency",
                SAME_DATA,
                18,
                180,
                group([*REPLICA, clause("consistent", "var_name")]),
            ),
        ),
    )


def loop(*steps: str) -> tuple[Trace, list[Event]]:
    """Return a run, each step given by the initials of the functions it calls, and the calls."""
    names = {"Z": "zero_grad", "F": "forward", "S": "step"}
    trace = Trace().at(stage="training")
    events = []
    for step, initials in enumerate(steps):
        trace.at(step=step)
        for initial in initials:
            with trace.call(names[initial]) as event:
                events.append(event)
    return trace, events


def loop_covers() -> Worked:
    """Calls zero_grad, forward, step, three times; then a run without the first step."""
    good, _ = loop("ZFS", "ZFS", "ZFS")
    bad, calls = loop("ZF", "ZFS")
    return Worked(
        {"good": good},
        (
            Expected("cover", ("step", "zero_grad"), 2, 1, NOT_IN_FIRST_STEP),
            Expected("cover", ("forward", "step"), 3, 0, UNCONDITIONAL),
            Expected("cover", ("zero_grad", "forward"), 3, 0, UNCONDITIONAL),
            Expected("cover", ("zero_grad", "step"), 3, 0, UNCONDITIONAL),
            Expected("cover", ("forward", "zero_grad"), 2, 1, NOT_IN_FIRST_STEP),
            Expected("cover", ("step", "forward"), 2, 1, NOT_IN_FIRST_STEP),
        ),
        bad,
        frozenset({("checked", 1, bad.event_id(calls[2]))}),
    )


def loop_leads() -> Worked:
    """The same runs; the last call of each function is not judged."""
    good, _ = loop("ZFS", "ZFS", "ZFS")
    bad, calls = loop("ZF", "ZFS")
    pairs = [
        ("zero_grad", "step"),
        ("step", "zero_grad"),
        ("zero_grad", "forward"),
        ("forward", "zero_grad"),
        ("forward", "step"),
        ("step", "forward"),
    ]
    return Worked(
        {"good": good},
        tuple(Expected("lead", pair, 2, 0, UNCONDITIONAL) for pair in pairs),
        bad,
        frozenset({("checked", 1, bad.event_id(calls[0]))}),
    )


WORKED: dict[str, Callable[[], Worked]] = {
    make.__name__: make
    for make in (
        zero_grad_clears_gradients,
        forward_calls_causal_attention,
        replicas_by_size,
        replicas_by_name,
        replicas_by_same_name,
        loop_covers,
        loop_leads,
    )
}
