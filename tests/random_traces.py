"""Small random traces of training jobs, for comparing the engine with the oracles.

    @given(random_traces())
    def test_something(traces: dict[str, Trace]) -> None: ...

A job is a program: what happens before the loop, then one body per step, often the same. Each
action of a program is drawn on its own, so that a failing trace shrinks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from tests.builder import MISSING, PARAMETER, Event, Trace
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
FRESH = "fresh"
"""Stands for a value that is new at every observation of a variable in its process."""
SIGNED = "signed"
"""As FRESH, but now below, now above zero."""
TOGGLED = "toggled"
"""Stands for 1 and null in turn."""

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

Place = tuple[int, int]
"""A process and a thread."""


@dataclass(frozen=True)
class Open:
    """A call that has not ended, and what it will return."""

    event: Event
    result: object


@dataclass
class Job:
    """A program at work: the trace so far, and the open calls of each thread, outermost first."""

    trace: Trace
    parameters: dict[str, tuple[str, ...] | None]
    open_calls: dict[Place, list[Open]]
    observed: Counter[tuple[int, str]] = field(default_factory=Counter)

    def go_to(self, place: Place) -> list[Open]:
        """Continue in a thread; return its open calls."""
        self.trace.process(place[0]).thread(place[1])
        return self.open_calls[place]


Action = Callable[[Job], None]


@dataclass(frozen=True)
class Observe:
    """Record a variable on one thread, or at nearly the same time on a thread of each process."""

    places: tuple[Place, ...]
    variable: tuple[str, str]
    attributes: dict[str, Any]
    caused: bool

    def __call__(self, job: Job) -> None:
        name, type_name = self.variable
        for place in self.places:
            open_calls = job.go_to(place)
            job.observed[place[0], name] += 1
            number = job.observed[place[0], name]
            fresh = {
                FRESH: 1000 + number,
                SIGNED: number * (-1) ** number,
                TOGGLED: 1 if number % 2 else None,
            }
            values: dict[str, Any] = {
                attribute: fresh.get(value, value) if isinstance(value, str) else value
                for attribute, value in self.attributes.items()
            }
            cause = open_calls[-1].event if self.caused and open_calls else None
            job.trace.state(name, type=type_name, cause=cause, **values)


@dataclass(frozen=True)
class Blink:
    """Make an observation some times in a row."""

    observe: Observe
    times: int

    def __call__(self, job: Job) -> None:
        for _ in range(self.times):
            self.observe(job)


@dataclass(frozen=True)
class End:
    """End the innermost open call of a thread, if there is one."""

    place: Place
    raises: bool

    def __call__(self, job: Job) -> None:
        open_calls = job.go_to(self.place)
        if not open_calls:
            return
        call = open_calls.pop()
        if self.raises:
            job.trace.leave(call.event, exception="ValueError")
        else:
            job.trace.leave(call.event, result=call.result)


@dataclass(frozen=True)
class Begin:
    """Begin a call on a thread, which will return `result` if it does."""

    place: Place
    function: str
    args: tuple[object, ...] | None
    kwargs: dict[str, object] | None
    result: object

    def __call__(self, job: Job) -> None:
        parameters = job.parameters[self.function]
        open_calls = job.go_to(self.place)
        event = job.trace.enter(
            self.function, args=self.args, kwargs=self.kwargs, parameters=parameters
        )
        open_calls.append(Open(event, self.result))


@dataclass(frozen=True)
class Leaf:
    """Make a call with at most an observation inside, once or some times in a row."""

    begin: Begin
    inside: Observe | None
    raises: bool
    times: int

    def __call__(self, job: Job) -> None:
        for _ in range(self.times):
            self.begin(job)
            if self.inside:
                self.inside(job)
            End(self.begin.place, self.raises)(job)


@dataclass(frozen=True)
class Collective:
    """Make the same calls on one thread of each process, or other ones on the last."""

    places: tuple[Place, ...]
    leaf: Leaf
    last: Leaf

    def __call__(self, job: Job) -> None:
        for place in self.places:
            leaf = self.last if place == self.places[-1] else self.leaf
            replace(leaf, begin=replace(leaf.begin, place=place))(job)


@dataclass(frozen=True)
class Wait:
    """Let time pass."""

    ns: int

    def __call__(self, job: Job) -> None:
        job.trace.wait(self.ns)


@dataclass(frozen=True)
class Annotate:
    """Annotate one process."""

    process: int
    notes: dict[str, object]

    def __call__(self, job: Job) -> None:
        job.trace.process(self.process).at(**self.notes)


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
