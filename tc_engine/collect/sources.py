"""Where the program's own code called a function: file and line of the nearest frame of it.

It is looked for between the call and the recorded call around it: what a library calls by itself
has no place of its own. The program's threads note code and instruction alone. To find the line is
a walk through all of a long script, so the writer does it, once for each place.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path
from types import CodeType, FrameType

import torch

import tc_engine
from tc_engine.collect.events import Call
from tc_engine.sourcefiles import content_of, digest_of

MOST_FRAMES = 128
MOST_KNOWN = 4096  # files, and pieces of code: programs can make them without end

# What a person types in has no file, but a name like one.
TYPED_IN = ("<stdin", "<python-input-", "<ipython-input-")
INSTALLED = frozenset({"site-packages", "dist-packages"})

_getframe = sys._getframe
_frames = range(MOST_FRAMES)


class Sources:
    """Tells the program's own code from all other, by its file.

    `start` is the working directory, as it is now.
    """

    def __init__(self) -> None:
        self.start = _working_directory()
        self._own: set[str] = set()
        self._other: set[str] = set()
        standard = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib")}
        packages = {str(Path(str(one.__file__)).parent) for one in (torch, tc_engine)}
        self._libraries = {_real(Path(folder)) for folder in {*filter(None, standard), *packages}}

    def find(self, call: Call) -> None:
        """Note the place of a call that is being opened, as the last of its thread."""
        try:
            frame = _getframe(4)  # beyond find, _open, begin and the wrapper
        except ValueError:  # another thread of torch called the wrapper
            call.caller = 0
            return
        call.caller = id(frame)
        code = frame.f_code
        if code.co_filename in self._own:
            call.code = code
            call.instruction = frame.f_lasti
            return
        calls = call.thread.calls
        if calls:
            around = calls[-1]
            if around.api.body is code and not around.silent:
                return  # the most frequent case: a library's function calls another
        self._search(call, frame)

    def _search(self, call: Call, frame: FrameType | None) -> None:
        """Look for the place among the frames from here to the call around."""
        caller, body = 0, None
        for around in reversed(call.thread.calls):
            if not around.silent:
                caller, body = around.caller, around.api.body
                break
        other = self._other
        for _ in _frames:
            # The caller of the call around is known by its frame, which is still there. Mostly its
            # function is met before that.
            if frame is None or id(frame) == caller:
                return
            code = frame.f_code
            if code.co_filename not in other and self._is_own(code.co_filename):
                call.code = code
                call.instruction = frame.f_lasti
                return
            if code is body:
                return
            frame = frame.f_back

    def _is_own(self, file: str) -> bool:
        is_own = file in self._own or self._looks_own(file)
        known = self._own if is_own else self._other
        if len(known) >= MOST_KNOWN:
            known.clear()
        known.add(file)
        return is_own

    def _looks_own(self, file: str) -> bool:
        if file.startswith("<"):
            return file.startswith(TYPED_IN)
        path = _real(self.start / file)
        return INSTALLED.isdisjoint(path.parts) and self._libraries.isdisjoint(path.parents)


class Places:
    """Makes texts of what was noted, such as `train.py:42`, in the writer.

    Files below `start` are named from there. `digests` tells the content of each file when the
    first call from there was written.
    """

    def __init__(self, start: Path) -> None:
        self.digests: dict[str, str] = {}
        self._start = start
        self._real_start = _real(start)
        self._names: dict[str, str] = {}
        self._texts: dict[int, tuple[CodeType, dict[int, str]]] = {}

    def text(self, call: Call) -> str | None:
        """Return the place of a call; None where it has none."""
        code = call.code
        if code is None:
            return None
        known = self._texts.get(id(code))
        if known is None:
            if len(self._texts) >= MOST_KNOWN:
                self._texts.clear()
            # Kept with the code, or its id may become another's.
            known = self._texts[id(code)] = (code, {})
        text = known[1].get(call.instruction)
        if text is None:
            line = _line(code, call.instruction)
            text = known[1][call.instruction] = f"{self._name(code.co_filename)}:{line}"
        return text

    def _name(self, file: str) -> str:
        name = self._names.get(file)
        if name is None:
            if len(self._names) >= MOST_KNOWN:
                self._names.clear()
            name = self._names[file] = _encodable(self._shortened(file))
            content = None if file.startswith("<") else content_of(self._start / file)
            if content is not None and len(self.digests) < MOST_KNOWN:
                self.digests[name] = digest_of(content)
        return name

    def _shortened(self, file: str) -> str:
        if file.startswith("<"):
            return file
        path = Path(os.path.normpath(self._start / file))
        for one, start in ((path, self._start), (_real(path), self._real_start)):
            if one.is_relative_to(start):
                return str(one.relative_to(start))
        return without_home(path)


def without_home(path: Path) -> str:
    """Write `~` for the home directory, which tells who somebody is."""
    try:
        home = Path.home()
    except RuntimeError:  # there is none
        return str(path)
    if home == home.parent or not path.is_relative_to(home):
        return str(path)
    return str(Path("~") / path.relative_to(home))


def _working_directory() -> Path:
    try:
        return Path.cwd()
    except OSError:  # it was removed
        return Path(os.sep)


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):  # links in a circle, or no name for a file
        return path


def _line(code: CodeType, instruction: int) -> int:
    """Return the line of an instruction."""
    for begin, end, line in code.co_lines():
        if begin <= instruction < end and line is not None:
            return line
    return code.co_firstlineno


def _encodable(text: str) -> str:
    """Replace what UTF-8 has no code for: a file's name may be any bytes."""
    return text.encode("utf-8", "replace").decode()
