"""What the recorder handles: the functions it knows, the program's threads, and the rows.

Rows hold text and numbers only, never an object of the program. What the program's threads hand
over are calls and looks; a look becomes rows in the writer, which compares it with the last one,
and of a call the writer finds the line from which it came.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import CodeType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from tc_engine.collect.pending import Pending
    from tc_engine.collect.variables import Variable

OK, EXCEPTION, INCOMPLETE = "ok", "exception", "incomplete"

ROW_BYTES = 600  # about what an event takes in memory beside its texts

Label = tuple[int, str, str]  # step, stage, meta as JSON
Before = Callable[["Call", tuple[Any, ...], dict[str, Any]], None]
After = Callable[["Call", int, BaseException | None], None]


@dataclass(slots=True, eq=False)
class Api:
    """A function that is recorded.

    `bound`: a method, its first argument is the receiver. `leaf`: nothing is recorded inside of it.
    `minor`: its rows are the first to be dropped when the queue is full. `rare`: it is recorded
    between the windows of a sampled run too. `identifies`: tensors among its arguments are told
    apart. `described`: arguments and results are recorded.
    `recorded` is False for a function that is watched for the sake of its role alone. `before` and
    `after` run inside the collector around each call; `after` gets the time at which the call came
    back. `body` is the code of the original, None where it is written in C.
    """

    name: str
    original: Callable[..., Any]
    bound: bool = False
    leaf: bool = False
    minor: bool = False
    rare: bool = False
    identifies: bool = False
    described: bool = True
    recorded: bool = True
    calls: int = 0
    before: Before | None = None
    after: After | None = None
    enabled: bool = True
    body: CodeType | None = field(init=False)

    def __post_init__(self) -> None:
        self.body = getattr(self.original, "__code__", None)


class Thread:
    """What the recorder knows about one thread of the program.

    `muted`: nothing is recorded. `calls` are open, outermost first. `depth` counts the modules
    being called, `inside` the open calls that may change variables, `managers` the active context
    managers. `spent` is the collector's time in ns, `queued` the size of the events it has handed
    over, in bytes.
    """

    __slots__ = (
        "calls",
        "depth",
        "events",
        "inside",
        "label",
        "managers",
        "muted",
        "number",
        "queued",
        "spent",
        "version",
    )

    def __init__(self, number: int) -> None:
        self.number = number
        self.muted = False
        self.calls: list[Call] = []
        self.depth = 0
        self.inside = 0
        self.managers: list[tuple[str, str]] = []
        self.label: Label = (0, "", "{}")
        self.version = -1
        self.spent = 0
        self.events = 0
        self.queued = 0


class Call:
    """A call: open while the program is inside, a row of the event table afterwards.

    `observes` tells that variables were compared at its entry, so that a change seen at its exit is
    its own; `note` is for its `before` and `after` alone. A `silent` call becomes no row.

    `code` and `instruction` are where the program's own code called it; no code where it did not.
    `caller` is the id of the frame that called it. A silent call has neither.
    """

    __slots__ = (
        "api",
        "args",
        "caller",
        "code",
        "end",
        "event_id",
        "exception",
        "instruction",
        "kwargs",
        "label",
        "message",
        "note",
        "observes",
        "outcome",
        "parent",
        "receiver",
        "result",
        "silent",
        "start",
        "thread",
    )

    caller: int
    instruction: int

    def __init__(self, api: Api, thread: Thread) -> None:
        self.api = api
        self.thread = thread
        self.event_id = -1
        self.start = 0
        self.end: int | None = None
        self.outcome = INCOMPLETE
        self.parent: int | None = None
        self.receiver: int | None = None
        self.args: str | None = None
        self.kwargs: str | None = None
        self.result: str | None = None
        self.exception: str | None = None
        self.message: str | None = None
        self.label: Label = (0, "", "{}")
        self.note: Any = None
        self.observes = False
        self.silent = False
        self.code: CodeType | None = None

    @property
    def visible_id(self) -> int | None:
        """The event id of the call, or of the innermost one around it that becomes a row."""
        return self.parent if self.silent else self.event_id

    @property
    def size(self) -> int:
        """About how many bytes of memory the call takes."""
        return ROW_BYTES + len(self.args or "") + len(self.kwargs or "") + len(self.result or "")


class Look(NamedTuple):
    """What a comparison of variables saw of those that may have changed, on its way to be rows.

    `entries` are variables with the event id of their row and their attributes as JSON text, but
    for `data` and `grad`. Those were computed for `slots`, pairs of a variable and whether it is
    its data; `values` and `norms` (empty if not wanted) are complete after `pending.wait()`.
    `shown` tells whether `data` and `grad` are wanted at all.
    """

    thread: Thread
    start: int
    cause: int | None
    label: Label
    entries: list[tuple[int, Variable, str]]
    slots: list[tuple[Variable, bool]]
    values: list[int | None]
    norms: list[float | None]
    pending: Pending
    shown: tuple[bool, bool]

    @property
    def size(self) -> int:
        """About how many bytes of memory the look takes."""
        return ROW_BYTES * (1 + len(self.entries))


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

    @property
    def size(self) -> int:
        """About how many bytes of memory the state takes."""
        return ROW_BYTES + len(self.attributes)


Event = Call | Look
Row = Call | State
