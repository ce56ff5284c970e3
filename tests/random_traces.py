"""Small random traces of training jobs, for comparing the engine with the oracles.

    @given(random_traces())
    def test_something(traces: dict[str, Trace]) -> None: ...

A job is a program: what happens before the loop, then one body per step, often the same. Each
action of a program is drawn on its own, so that a failing trace shrinks.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from tests.builder import MISSING, PARAMETER, Trace
from tests.random_jobs import (
    FRESH,
    SIGNED,
    TOGGLED,
    Action,
    Annotate,
    Begin,
    Blink,
    Collective,
    End,
    Job,
    Leaf,
    Observe,
    Place,
    Wait,
)
from tests.random_values import ARGUMENTS, LIMITED, LIMITS, LISTS, OBJECTS, TENSORS

FUNCTIONS = (
    "train",
    "model.forward",
    "opt.zero_grad",
    "opt.step",
    "loss.backward",
    "torch.nn.functional.relu",
    "pkg._private",
)
TENSOR_FUNCTIONS = FUNCTIONS[:4]
VARIABLES = (("w", PARAMETER), ("b", PARAMETER), ("lr", "float"), ("epoch", "float"))
VALUES: tuple[object, ...] = (
    None, None, 0, 1, 1.0, -1, 2.5, True, False, "", "1", [], [1, 2], 2**53, 2**53 + 1,
)  # fmt: skip
COMMON = (
    {"data": FRESH},
    {"data": SIGNED},
    {"grad": FRESH},
    {"grad": None},
    {"data": 1, "grad": None},
)
CONTEXT = {"torch.amp.autocast": {"enabled": True, "dtype": None}}


def _begin(place: st.SearchStrategy[Place], function: str) -> st.SearchStrategy[Begin]:
    """Return a strategy for the beginning of a call; some functions always return tensors."""
    tensor = st.sampled_from(TENSORS)
    argument = st.sampled_from(ARGUMENTS) | st.sampled_from((*LISTS, *OBJECTS)) | tensor
    keywords = st.dictionaries(st.sampled_from(("x", "mode")), argument, max_size=2)
    limits = st.dictionaries(st.sampled_from(LIMITED), st.sampled_from(LIMITS), min_size=1)
    args = st.lists(argument, max_size=2) | st.lists(st.sampled_from(LIMITS), max_size=2)
    returned = tensor | st.tuples(tensor) | st.tuples(tensor, tensor)
    anything = st.just(MISSING) | argument | st.lists(argument, max_size=2).map(tuple)
    return st.builds(
        Begin,
        place=place,
        function=st.just(function),
        args=st.none() | args.map(tuple),
        kwargs=st.none() | keywords | limits,
        result=returned if function in TENSOR_FUNCTIONS else returned | anything,
    )


def actions(
    places: tuple[Place, ...], functions: tuple[str, ...], causes: bool, repeats: bool
) -> st.SearchStrategy[Action]:
    """Return a strategy for one action of a program."""
    place = st.sampled_from(places)
    raises = st.sampled_from((False, False, False, True))
    begin = st.sampled_from(functions).flatmap(lambda function: _begin(place, function))
    attribute = st.sampled_from(("data", "grad", "is_leaf", "_ML_DAIKON_grad_ID"))
    value = st.just(FRESH) | st.sampled_from(VALUES)
    everywhere = tuple({process: (process, thread) for process, thread in places}.values())
    observe = st.builds(
        Observe,
        places=st.just(everywhere) | place.map(lambda one: (one,)),
        variable=st.sampled_from(VARIABLES),
        attributes=st.sampled_from(COMMON) | st.dictionaries(attribute, value, max_size=3),
        caused=st.booleans() if causes else st.just(False),
    )
    toggled = observe.map(lambda one: replace(one, attributes={"grad": TOGGLED}))
    blink = st.builds(Blink, observe=toggled, times=st.sampled_from((1, 4, 6)))
    times = st.sampled_from((1, 2, 5)) if repeats else st.just(1)
    leaf = st.builds(Leaf, begin=begin, inside=st.none() | observe, raises=raises, times=times)
    end = st.builds(End, place=place, raises=raises)
    wait = st.builds(Wait, ns=st.sampled_from((1, 100, 5000)))
    collective = leaf.flatmap(
        lambda one: st.builds(
            Collective,
            places=st.just(everywhere),
            leaf=st.just(one),
            last=st.just(one)
            | _begin(place, one.begin.function).map(lambda b: replace(one, begin=b)),
        )
    )
    return st.one_of(leaf, leaf, collective, observe, blink, begin, end, wait)


@st.composite
def random_trace(draw: st.DrawFn, functions: tuple[str, ...] = FUNCTIONS) -> Trace:
    """Return a strategy for one job of 1-3 processes of 1-2 threads and 0-3 steps."""
    places = tuple(
        (process, 10 * process + thread)
        for process in range(1, 1 + draw(st.sampled_from((1, 1, 2, 3))))
        for thread in range(draw(st.sampled_from((1, 1, 2))))
    )
    names = st.sampled_from((None, ("x",), ("x", "mode"), LIMITED))
    job = Job(
        Trace(tick=draw(st.sampled_from((1, 10)))),
        {function: draw(names) for function in functions},
        {place: [] for place in places},
    )
    # Without any event there would be nothing to write.
    Observe(places[:1], ("job", "marker"), {}, caused=False)(job)
    action = actions(places, functions, causes=draw(st.booleans()), repeats=draw(st.booleans()))
    program = st.lists(action, min_size=1, max_size=8)
    body = draw(st.lists(action, min_size=3, max_size=12))
    staged = draw(st.booleans())
    tidy = draw(st.booleans())
    _run(job, _rank_notes(draw, places) + draw(program), tidy=False)
    for step in range(draw(st.sampled_from((0, 1, 2, 3, 3)))):
        stage = draw(st.sampled_from(("training", "evaluation"))) if staged else MISSING
        _run(job, [Annotate(one, {"step": step, "stage": stage}) for one, _ in places], tidy=False)
        _run(job, draw(st.just(body) | st.just(body) | program), tidy=tidy)
    killed = {place[0]: draw(st.booleans()) for place in places}
    for place, open_calls in job.open_calls.items():
        while open_calls and not killed[place[0]]:
            End(place, raises=False)(job)
    return job.trace


@st.composite
def random_traces(draw: st.DrawFn, most: int = 2) -> dict[str, Trace]:
    """Return a strategy for 1 to `most` traces by name, which call the same 2-5 functions."""
    chosen = st.lists(st.sampled_from(FUNCTIONS), min_size=2, max_size=5, unique=True)
    functions = tuple(draw(chosen))
    count = draw(st.integers(1, most))
    return {f"run_{number}": draw(random_trace(functions)) for number in range(count)}


def _rank_notes(draw: st.DrawFn, places: tuple[Place, ...]) -> list[Action]:
    """Return annotations of some processes: a rank, a step that is null, a context manager."""
    notes: list[Action] = []
    for process in sorted({process for process, _ in places}):
        rank = draw(st.sampled_from((process - 1, None, MISSING)))
        step = draw(st.sampled_from((None, "warm-up", MISSING)))
        managers = draw(st.sampled_from((CONTEXT, MISSING)))
        chosen = {"rank": rank, "step": step, "context_managers": managers}
        notes.append(Annotate(process, chosen))
    return notes


def _run(job: Job, program: list[Action], *, tidy: bool) -> None:
    """Run a program; a tidy one ends every call that it began."""
    for action in program:
        action(job)
    for place, open_calls in job.open_calls.items():
        while tidy and open_calls:
            End(place, raises=False)(job)
