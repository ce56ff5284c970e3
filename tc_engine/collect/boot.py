"""Start the collector inside a Python process: wait for torch, do nothing before.

Every Python process of a traced command passes here, also helpers that never train; so this module
is quick to import, creates no dataset and stays silent.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from tc_engine.collect import shim
from tc_engine.collect.importhook import ImportHook

RUN_VARIABLE = "TC_ENGINE_RUN"
HANDSHAKE = ".handshake"
HELPERS = ("torch._inductor.compile_worker", "multiprocessing.resource_tracker", "pip", "ninja")


def activate(run: Path) -> None:
    """Make this process write its events into `run` once it imports torch."""
    if _is_helper(sys.orig_argv):
        return
    say(run, "python")
    hook = ImportHook(fallbacks=shim.MODULES)

    def start() -> None:
        from tc_engine.collect.session import Session

        say(run, "torch")
        Session.start(run, hook)

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
