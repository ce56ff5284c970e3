"""Jobs in random traces: programs of actions, run against a trace under construction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.builder import Event, Trace

FRESH = "fresh"
"""Stands for a value that is new at every observation of a variable in its process."""
SIGNED = "signed"
"""As FRESH, but now below, now above zero."""
TOGGLED = "toggled"
"""Stands for 1 and null in turn."""

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
