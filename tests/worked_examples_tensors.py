"""Small traces for the relations on tensors that calls are given and return, known by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tests.builder import Event, Payload, Trace
from tests.worked_examples import (
    NOT_IN_FIRST_STEP,
    UNCONDITIONAL,
    Expected,
    Worked,
    clause,
    group,
)

AUTOCAST = "torch.amp.autocast"
HALF = {"enabled": True, "dtype": "torch.float16", "device_type": "cuda"}


def in_stage(name: str) -> list[dict[str, Any]]:
    """Return the one clause that tells a stage."""
    return [clause("constant", "meta_vars.stage", name)]


def tensor(*shape: int, type: str = "torch.FloatTensor", **properties: object) -> Payload:
    """Return a float32 tensor of a shape."""
    fixed = {"dtype": "torch.float32", "shape": list(shape), "ndim": len(shape)}
    return Payload(type, fixed | properties)


def records(trace: Trace, *found: Sequence[Event]) -> frozenset[Any]:
    """Return the keys of events of the checked trace or, where two are given together, of pairs."""
    keys = [
        sorted(("checked", event.row["process_id"], trace.event_id(event)) for event in one)
        for one in found
    ]
    return frozenset(tuple(one) if len(one) > 1 else one[0] for one in keys)


# Output


def relu_is_half_under_autocast() -> Worked:
    """Relu gives float16 three times in training under autocast, float32 three times in testing."""

    def run(training: Sequence[str]) -> tuple[Trace, list[Event]]:
        trace = Trace()
        events = []
        for step, dtype in enumerate([*training, *["torch.float32"] * 3]):
            if step < len(training):
                trace.at(step=step, stage="training", context_managers={AUTOCAST: HALF})
            else:
                trace.at(step=step, stage="testing", context_managers={})
            with trace.call("relu", result=tensor(64, 10, dtype=dtype)) as event:
                events.append(event)
        return trace, events

    good, _ = run(["torch.float16"] * 3)
    bad, calls = run(["torch.float16", "torch.float32", "torch.float16"])
    name = f"meta_vars.context_managers.{AUTOCAST}"
    arguments = [
        clause("constant", name, value) | {"additional_path": [key]} for key, value in HALF.items()
    ]
    half = group([*in_stage("training"), clause("exist", name), *arguments])
    single = group(in_stage("testing"))
    return Worked(
        {"good": good},
        (
            Expected("output", ("relu", "dtype", '"torch.float16"'), 3, 3, half),
            Expected("output", ("relu", "dtype", '"torch.float32"'), 3, 3, single),
        ),
        bad,
        records(bad, [calls[1]]),
    )


def loss_requires_grad_in_training() -> Worked:
    """The loss requires a gradient in training, not in evaluation; somebody left no_grad on."""

    def run(training: Sequence[bool]) -> tuple[Trace, list[Event]]:
        trace = Trace()
        events = []
        for step, requires_grad in enumerate([*training, False, False]):
            trace.at(step=step, stage="training" if step < len(training) else "evaluation")
            with trace.call("loss", result=tensor(requires_grad=requires_grad)) as event:
                events.append(event)
        return trace, events

    good, _ = run([True, True, True])
    bad, calls = run([True, True, False])
    training = group(in_stage("training"))
    return Worked(
        {"good": good},
        (Expected("output", ("loss", "requires_grad", "true"), 3, 2, training),),
        bad,
        records(bad, [calls[2]]),
    )


def lstm_stays_on_the_device() -> Worked:
    """An LSTM returns two tensors, both on the GPU; in the other run, one is elsewhere."""

    def run(*devices: str) -> tuple[Trace, list[Event]]:
        trace = Trace().at(stage="training")
        events = []
        for step, device in enumerate(devices):
            both = (tensor(8, 16, device="cuda:0"), tensor(1, 16, device=device))
            with trace.at(step=step).call("lstm", result=both) as event:
                events.append(event)
        return trace, events

    good, _ = run("cuda:0", "cuda:0", "cuda:0")
    bad, calls = run("cuda:0", "cpu", "cuda:0")
    return Worked(
        {"good": good},
        (Expected("output", ("lstm", "device", '"cuda:0"'), 3, 0, UNCONDITIONAL),),
        bad,
        records(bad, [calls[1]]),
    )


# Input and output


def linear(*batches: tuple[int, int]) -> tuple[Trace, list[Event]]:
    """Return a run of a linear layer, each batch given by its size before and after."""
    trace = Trace().at(stage="training")
    layer = Payload("Linear", {"in_features": 128, "_TRAINCHECK_weight_ID": 1000})
    events = []
    for step, (before, after) in enumerate(batches):
        trace.at(step=step)
        args = [layer, tensor(before, 128)]
        with trace.call("linear", args=args, result=tensor(after, 10)) as event:
            events.append(event)
    return trace, events


def linear_params(*path: str | int) -> tuple[Any, ...]:
    """Return the params of what the input and the output of the layer share."""
    return ("linear", 0, path, 0, path)


def linear_keeps_the_batch() -> Worked:
    """A linear layer gets 64 x 128 and returns 64 x 10, twice."""
    good, _ = linear((64, 64), (64, 64))
    bad, calls = linear((64, 64), (64, 32))
    return Worked(
        {"good": good},
        tuple(
            Expected("input_output", linear_params(*path), 2, 0, UNCONDITIONAL)
            for path in (("shape", 0), ("dtype",), ("ndim",))
        ),
        bad,
        records(bad, [calls[1]]),
    )


def linear_loses_part_of_a_batch() -> Worked:
    """A third call returns 32 x 10: only its step tells it apart."""
    good, _ = linear((64, 64), (64, 64), (64, 32))
    in_others = group([clause("constant", "meta_vars.step", 2)], inverted=True)
    return Worked(
        {"good": good}, (Expected("input_output", linear_params("shape", 0), 2, 1, in_others),)
    )


def reduction_keeps_the_type() -> Worked:
    """A reduction is given its tensors by name, in any order; the first by name sets the dtype."""

    def run(*dtypes: str) -> tuple[Trace, list[Event]]:
        trace = Trace().at(stage="training")
        events = []
        for step, dtype in enumerate(dtypes):
            given = {"weights": tensor(4, dtype="torch.int64"), "bucket": tensor(2, 8)}
            result = tensor(8, dtype=dtype)
            with trace.at(step=step).call("reduce", kwargs=given, result=result) as event:
                events.append(event)
        return trace, events

    good, _ = run("torch.float32", "torch.float32")
    bad, calls = run("torch.float32", "torch.float64")
    return Worked(
        {"good": good},
        tuple(
            Expected("input_output", ("reduce", 0, given, 0, returned), 2, 0, UNCONDITIONAL)
            for given, returned in ((("dtype",), ("dtype",)), (("shape", 1), ("shape", 0)))
        ),
        bad,
        records(bad, [calls[1]]),
    )


def transpose_swaps_the_axes() -> Worked:
    """Transpose swaps two axes in training; in evaluation it is given them swapped."""

    def run(swaps: Sequence[bool]) -> tuple[Trace, list[Event]]:
        trace = Trace()
        events = []
        for step, swap in enumerate(swaps):
            trace.at(step=step, stage="evaluation" if step > 2 else "training")
            size = 10 + step
            result = tensor(size, 3) if swap else tensor(3, size)
            with trace.call("transpose", args=[tensor(3, size)], result=result) as event:
                events.append(event)
        return trace, events

    good, _ = run([True, True, True, False, False])
    bad, calls = run([True, False, True, False, False])
    params = ("transpose", 0, ("shape", 1), 0, ("shape", 0))
    return Worked(
        {"good": good},
        (Expected("input_output", params, 3, 2, group(in_stage("training"))),),
        bad,
        records(bad, [calls[1]]),
    )


# Threshold

LENGTH_LIMIT = ("max", "generate", "max_new_tokens", 0, ("lengths", 0))


def generation(*lengths: int) -> tuple[Trace, list[Event]]:
    """Return a run that generates at most 10 tokens, given what it returns."""
    trace = Trace().at(stage="testing")
    events = []
    for step, length in enumerate(lengths):
        tokens = tensor(1, type="torch.LongTensor", lengths=[length])
        limit = {"max_new_tokens": 10}
        with trace.at(step=step).call("generate", kwargs=limit, result=tokens) as event:
            events.append(event)
    return trace, events


def generation_stays_below_its_maximum() -> Worked:
    """Generate returns 9, then 10 of at most 10 tokens; then a run that returns 12."""
    good, _ = generation(9, 10)
    bad, calls = generation(9, 12)
    return Worked(
        {"good": good},
        (Expected("threshold", LENGTH_LIMIT, 2, 0, UNCONDITIONAL),),
        bad,
        records(bad, [calls[1]]),
    )


def generation_warms_up() -> Worked:
    """The first call returns 12 of at most 10 tokens, the others keep to it."""
    good, _ = generation(12, 10, 8)
    bad, calls = generation(12, 10, 11)
    return Worked(
        {"good": good},
        (Expected("threshold", LENGTH_LIMIT, 2, 1, NOT_IN_FIRST_STEP),),
        bad,
        records(bad, [calls[2]]),
    )


def batches_are_filled() -> Worked:
    """Packing, told a least size by position, fills batches to at least that."""

    def run(*sizes: int) -> tuple[Trace, list[Event]]:
        trace = Trace().at(stage="training")
        events = []
        for step, size in enumerate(sizes):
            args, result = [tensor(512), 32], tensor(size, 512)
            names = ["items", "min_size"]
            trace.at(step=step)
            with trace.call("pack", args=args, parameters=names, result=result) as event:
                events.append(event)
        return trace, events

    good, _ = run(32, 36, 50)
    bad, calls = run(32, 31, 50)
    params = ("min", "pack", "min_size", 0, ("shape", 0))
    return Worked(
        {"good": good},
        (Expected("threshold", params, 3, 0, UNCONDITIONAL),),
        bad,
        records(bad, [calls[1]]),
    )


WORKED_TENSORS: dict[str, Callable[[], Worked]] = {
    make.__name__: make
    for make in (
        relu_is_half_under_autocast,
        loss_requires_grad_in_training,
        lstm_stays_on_the_device,
        linear_keeps_the_batch,
        linear_loses_part_of_a_batch,
        reduction_keeps_the_type,
        transpose_swaps_the_axes,
        generation_stays_below_its_maximum,
        generation_warms_up,
        batches_are_filled,
    )
}
