"""Start the collector inside a Python process: wait for torch, do nothing before.

Every Python process of a traced command passes here, also helpers that never train; so this module
is quick to import, creates no dataset and stays silent.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from tc_engine.collect import shim
from tc_engine.collect.importhook import ImportHook

RUN_VARIABLE = "TC_ENGINE_RUN"
INCLUDE_VARIABLE = "TC_ENGINE_INCLUDE"  # what the patterns of plan.include begin with
HANDSHAKE = ".handshake"
HELPERS = ("torch._inductor.compile_worker", "multiprocessing.resource_tracker", "pip", "ninja")


def activate(run: Path) -> None:
    """Make this process write its events into `run` once it imports torch."""
    if _is_helper(sys.orig_argv):
        return
    say(run, "python")
    beginnings = os.environ.get(INCLUDE_VARIABLE, "").split()
    hook = ImportHook(shim.MODULES, beginnings)

    def start() -> None:
        say(run, "torch")
        if find_spec("pyarrow") is None:
            say(run, "failed: this Python has no pyarrow: pip install tc-engine there")
            return
        try:
            from tc_engine.collect.session import Session  # noqa: PLC0415 - needs torch

            Session.start(run, hook)
        except Exception as error:
            # The program must not notice; the launcher tells the person.
            say(run, f"failed: {type(error).__name__}: {error}".replace("\n", " "))

    hook.after("torch", start)
    hook.install()


def say(run: Path, word: str) -> None:
    """Tell the launcher how far this process came; appending a line needs no lock."""
    with suppress(OSError), (run / HANDSHAKE).open("ab", buffering=0) as file:
        file.write(f"{word} {os.getpid()}\n".encode())


def _is_helper(arguments: list[str]) -> bool:
    text = arguments[1:4]
    return any(
        argument == helper or f"from {helper} import" in argument
        for argument in text
        for helper in HELPERS
    )
