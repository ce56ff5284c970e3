"""What the recorder handles: the functions it knows, the program's threads, and the rows.

Rows hold text and numbers only, never an object of the program.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

OK, EXCEPTION, INCOMPLETE = "ok", "exception", "incomplete"

Label = tuple[int, str, str]  # step, stage, meta as JSON
Before = Callable[["Call", tuple[Any, ...], dict[str, Any]], None]
After = Callable[["Call", int, BaseException | None], None]


@dataclass(slots=True, eq=False)
class Api:
    """A function that is recorded.

    `bound`: a method, its first argument is the receiver. `leaf`: nothing is recorded inside of it.
    `minor`: its rows are the first to be dropped when the queue is full. `before` and `after` run
    inside the collector around each call; `after` gets the time at which the call came back.
    """

    name: str
    original: Callable[..., Any]
    bound: bool = False
    leaf: bool = False
    minor: bool = False
    before: Before | None = None
    after: After | None = None
    enabled: bool = True


class Thread:
    """What the recorder knows about one thread of the program.

    `muted`: nothing is recorded. `calls` are open, outermost first. `depth` counts the modules
    being called, `managers` the active context managers. `spent` is the collector's time in ns.
    """

    __slots__ = ("calls", "depth", "label", "managers", "muted", "number", "spent", "version")

    def __init__(self, number: int) -> None:
        self.number = number
        self.muted = False
        self.calls: list[Call] = []
        self.depth = 0
        self.managers: list[tuple[str, str]] = []
        self.label: Label = (0, "", "{}")
        self.version = -1
        self.spent = 0


class Call:
    """A call: open while the program is inside, a row of the event table afterwards.

    `observes` tells that variables were compared at its entry, so that a change seen at its exit is
    its own; `note` is for its `before` and `after` alone.
    """

    __slots__ = (
        "api",
        "args",
        "end",
        "event_id",
        "exception",
        "kwargs",
        "label",
        "message",
        "note",
        "observes",
        "outcome",
        "parent",
        "receiver",
        "result",
        "start",
        "thread",
    )

    def __init__(self, api: Api, thread: Thread) -> None:
        self.api = api
        self.thread = thread
        self.event_id = -1
        self.start = 0
        self.end: int | None = None
        self.outcome = INCOMPLETE
        self.parent: int | None = None
        self.receiver: int | None = None
        self.args = self.kwargs = "{}"
        self.result: str | None = None
        self.exception: str | None = None
        self.message: str | None = None
        self.label: Label = (0, "", "{}")
        self.note: Any = None
        self.observes = False


class State(NamedTuple):
    """All attributes of a variable at one moment; `extra` as in the event table."""

    event_id: int
    thread: Thread
    start: int
    variable: str
    variable_type: str
    attributes: str
    cause: int | None
    label: Label
    extra: str | None


Row = Call | State
