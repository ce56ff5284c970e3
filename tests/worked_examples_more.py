"""Small traces for the relations on arguments and on repetition, known by hand; and all newer ones.

The params of `Expected` are those of `tests.reference.relations.MORE_RELATIONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.builder import PARAMETER, Event, Trace
from tests.worked_examples import (
    UNCONDITIONAL,
    Expected,
    Worked,
    clause,
    group,
)
from tests.worked_examples_tensors import WORKED_TENSORS, in_stage, records, tensor

# Distinct argument


def initialisation(*shapes: Sequence[int]) -> tuple[Trace, list[Event]]:
    """Return a run that initialises tensors of these shapes, all at one address, in step 0."""
    trace = Trace().at(step=0)
    events = []
    for shape in shapes:
        weight = tensor(*shape, type=PARAMETER, _TRAINCHECK_data_ID=1000)
        with trace.call("normal_", args=[weight, 0.0, 0.02]) as event:
            events.append(event)
    return trace, events


def each_tensor_is_initialised_once() -> Worked:
    """Three tensors of shapes that share no number; then a run with the second one twice."""
    good, _ = initialisation([10, 3], [50, 7], [90])
    bad, calls = initialisation([10, 3], [50, 7], [50, 7])
    return Worked(
        {"good": good},
        (Expected("distinct_argument", ("normal_",), 3, 0, UNCONDITIONAL),),
        bad,
        records(bad, [calls[1], calls[2]]),
    )


def workers_have_their_own_seeds() -> Worked:
    """Two workers set different seeds in training and one in evaluation; then one in training."""

    def run(*seeds: tuple[int, int]) -> tuple[Trace, list[list[Event]]]:
        trace = Trace()
        events: list[list[Event]] = []
        for step, pair in enumerate([*seeds, (9, 9), (9, 9)]):
            events.append([])
            for worker, seed in enumerate(pair):
                trace.process(worker + 1).thread(worker + 1)
                trace.at(step=step, stage="training" if step < len(seeds) else "evaluation")
                with trace.call("seed", kwargs={"seed": seed, "strict": True}) as event:
                    events[-1].append(event)
                with trace.call("read"):
                    pass
        return trace, events

    good, _ = run((1, 2), (2, 1), (3, 4))
    bad, calls = run((1, 2), (5, 5), (3, 4))
    return Worked(
        {"good": good},
        (Expected("distinct_argument", ("seed",), 3, 2, group(in_stage("training"))),),
        bad,
        records(bad, calls[1]),
    )


def shards_hardly_overlap() -> Worked:
    """Two threads load index lists that share one of 20, then one list and half of it."""

    def run(*starts: int) -> tuple[Trace, list[list[Event]]]:
        trace = Trace().at(stage="training")
        events: list[list[Event]] = []
        for step, start in enumerate(starts):
            events.append([])
            for thread, first in enumerate((0, start)):
                trace.thread(thread + 1).at(step=step)
                indices = [*range(first, first + 10)]
                with trace.call("load", args=[[indices]]) as event:
                    events[-1].append(event)
        return trace, events

    good, _ = run(10, 9, 12)
    bad, calls = run(10, 5, 12)
    return Worked(
        {"good": good},
        (Expected("distinct_argument", ("load",), 3, 0, UNCONDITIONAL),),
        bad,
        records(bad, calls[1]),
    )


# Periodic


def gradients(cleared: int, **requires_grad: bool) -> tuple[Trace, dict[str, Event]]:
    """Return a run in which the gradients of some parameters are cleared at the start of each step.

    Those of `v` are cleared in the first steps only, as many as told. With it: the last
    observations.
    """
    trace = Trace().at(stage="training")
    last = {}
    for step in range(8):
        trace.at(step=step)
        for name, required in requires_grad.items():
            if name != "v" or step < cleared:
                trace.state(name, grad=None, requires_grad=required)
        for name, required in requires_grad.items():
            gradient = 100 + step if required else None
            last[name] = trace.state(name, grad=gradient, requires_grad=required)
    return trace, last


def gradients_are_cleared() -> Worked:
    """The gradients of two parameters are null in 8 runs; then those of one in only 5."""
    good, _ = gradients(8, w=True, v=True)
    bad, last = gradients(5, w=True, v=True)
    return Worked(
        {"good": good},
        (Expected("periodic", (PARAMETER, "grad", "null"), 2, 0, UNCONDITIONAL),),
        bad,
        records(bad, [last["v"]]),
    )


def gradients_of_trained_parameters_are_cleared() -> Worked:
    """A parameter without a gradient has it null in a single run."""
    good, _ = gradients(8, w=True, v=True, frozen=False)
    bad, last = gradients(1, w=True, v=True, frozen=False)
    trained = group([clause("constant", "attributes.requires_grad", True)])
    return Worked(
        {"good": good},
        (Expected("periodic", (PARAMETER, "grad", "null"), 2, 1, trained),),
        bad,
        records(bad, [last["v"]]),
    )


def learning_rate_cycles() -> Worked:
    """On both ranks, the rate is low in 6 runs; then it stays low on one, so that it is one run."""

    def run(*last_high: int) -> tuple[Trace, list[Event]]:
        trace = Trace().at(stage="training")
        events = []
        for rank, high in enumerate(last_high):
            trace.process(rank + 1).thread(rank + 1).at(rank=rank, stage="training")
            for step in range(12):
                rate = 0.1 if step % 2 and step <= high else 0.01
                event = trace.at(step=step).state("sgd.lr", type="Scheduler", lr=rate)
            events.append(event)
        return trace, events

    good, _ = run(11, 11)
    bad, calls = run(11, 0)
    return Worked(
        {"good": good},
        (
            Expected("periodic", ("Scheduler", "lr", "0.01"), 2, 0, UNCONDITIONAL),
            Expected("periodic", ("Scheduler", "lr", "0.1"), 2, 0, UNCONDITIONAL),
        ),
        bad,
        records(bad, [calls[1]]),
    )


# Consistent argument


ALL_TO_ALL = "torch.distributed.all_to_all_single"


def exchange(*splits: tuple[list[int], list[int]]) -> tuple[Trace, list[Event]]:
    """Return a run of two ranks that exchange tokens in each step; the last exchange never ends."""
    trace = Trace()
    events = []
    for step, sizes in enumerate(splits):
        outcome = "incomplete" if step == len(splits) - 1 else "ok"
        for rank, split in enumerate(sizes):
            trace.process(rank + 1).thread(10 * rank + 1).at(step=step, stage="training", rank=rank)
            args = [tensor(8 + rank, 16), tensor(8, 16)]
            given = {"input_split_sizes": split, "async_op": False}
            with trace.call(ALL_TO_ALL, args=args, kwargs=given, outcome=outcome) as event:
                events.append(event)
    return trace, events


def ranks_split_alike() -> Worked:
    """Ranks exchange tokens in equal shares; then the shares differ, and all wait for ever."""
    even, uneven = [4, 4], [3, 5]
    good, _ = exchange((even, even), (uneven, uneven), (even, even))
    bad, calls = exchange((even, even), (even, uneven))
    return Worked(
        {"good": good},
        (
            Expected("consistent_argument", (ALL_TO_ALL, "input_split_sizes"), 3, 0, UNCONDITIONAL),
            Expected("consistent_argument", (ALL_TO_ALL, "async_op"), 3, 0, UNCONDITIONAL),
        ),
        bad,
        records(bad, calls[2:]),
    )


def ranks_learn_at_one_rate() -> Worked:
    """Three ranks set the same two rates in training, and their own in the evaluation after it."""

    def run(odd: float) -> tuple[Trace, dict[tuple[int, int, int], Event]]:
        trace = Trace()
        events = {}
        for step in range(3):
            for rank in range(3):
                stage = "training" if step < 2 else "evaluation"
                trace.process(rank + 1).thread(rank + 1).at(step=step, stage=stage, rank=rank)
                for number in range(2):
                    rate = 0.1 / (step + number + 1) if step < 2 else float(rank)
                    rate = odd if (step, rank, number) == (1, 2, 1) and odd else rate
                    with trace.call("set_rate", args=[rate]) as event:
                        events[step, rank, number] = event
        return trace, events

    good, _ = run(0.0)
    bad, calls = run(0.5)
    wrong = calls[1, 2, 1]
    return Worked(
        {"good": good},
        (Expected("consistent_argument", ("set_rate", "0"), 12, 6, group(in_stage("training"))),),
        bad,
        records(bad, *([calls[1, rank, 1], wrong] for rank in (0, 1))),
    )


WORKED_MORE: dict[str, Callable[[], Worked]] = WORKED_TENSORS | {
    make.__name__: make
    for make in (
        each_tensor_is_initialised_once,
        workers_have_their_own_seeds,
        shards_hardly_overlap,
        gradients_are_cleared,
        gradients_of_trained_parameters_are_cleared,
        learning_rate_cycles,
        ranks_split_alike,
        ranks_learn_at_one_rate,
    )
}
