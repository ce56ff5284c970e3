"""Names for models and tensors: what the program calls them.

Only the variables of the running frames are looked at, never an attribute through `getattr`, so
nothing of the program runs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from inspect import CO_OPTIMIZED
from pathlib import Path
from types import FrameType
from typing import Any

_OWN_REFERENCES = 3  # of a snapshot: the frame, our variable, the argument of getrefcount
_OWN_PACKAGES = (
    str(Path(__file__).resolve().parent) + "/",
    str(Path(sys.modules["torch"].__file__ or "").parent) + "/",
)


def name_of(value: Any) -> str | None:
    """Return the name of a local, a global or an attribute of `self` that holds the very object.

    The nearest frame outside of torch that has one wins.
    """
    found = find(lambda candidate: candidate is value)
    return found[0] if found is not None else None


def find(wanted: Callable[[Any], bool]) -> tuple[str, Any] | None:
    """Return the name and the object of the first variable for which `wanted` is true.

    An object that is known only as `self` is called by its class.
    """
    for name, candidate in _candidates():
        if wanted(candidate):
            return type(candidate).__name__ if name == "self" else name, candidate
    return None


def _candidates() -> Iterator[tuple[str, Any]]:
    for frame in _user_frames():
        names = _locals_of(frame)
        yield from _plain(names)
        owner = names.get("self")
        if owner is not None:
            yield from _attributes(owner)
            yield "self", owner
        yield from _plain(frame.f_globals)


def _locals_of(frame: FrameType) -> dict[str, Any]:
    """Copy the local variables of a frame.

    Before Python 3.13 looking at them leaves a snapshot in the frame, which would keep alive what
    the function deletes later. It is emptied, unless the program holds it too, as `locals()`.
    """
    names = frame.f_locals
    copied = dict(names)
    is_snapshot = frame.f_code.co_flags & CO_OPTIMIZED and isinstance(names, dict)
    if is_snapshot and sys.getrefcount(names) <= _OWN_REFERENCES:
        names.clear()
    return copied


def _plain(names: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in list(names.items()):
        if name != "self" and not name.startswith("_"):
            yield name, value


def _attributes(owner: Any) -> Iterator[tuple[str, Any]]:
    try:
        attributes = object.__getattribute__(owner, "__dict__")
    except AttributeError:
        return
    # A module keeps the modules inside of it in a dictionary of its own.
    for group in (attributes, attributes.get("_modules")):
        if type(group) is dict:
            yield from list(group.items())


def _user_frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if not frame.f_code.co_filename.startswith((*_OWN_PACKAGES, "<frozen")):
            yield frame
        frame = frame.f_back
