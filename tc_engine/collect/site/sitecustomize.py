"""Get tc_engine into each Python process of a collection, then make way for the real sitecustomize.

`tc-engine collect` puts this folder first on PYTHONPATH. Compared with a `.pth` file, which only a
real installation can place, this works for an installed and for an editable tc_engine alike, under
any launcher that passes its environment on, and it leaves nothing behind in the environment's
site-packages. It cannot work under `python -S`, `-I` or `-E`; the launcher says so.
"""

import contextlib
import os
import sys
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path


def _start() -> None:
    here = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if not entry or Path(entry).resolve() != here]
    run = os.environ.get("TC_ENGINE_RUN")
    if not run:
        return
    try:
        boot = import_module("tc_engine.collect.boot")
    except ImportError:
        # This interpreter has no tc_engine. Its source lies three folders up: use it from there, at
        # the end of the path, where it can shadow nothing.
        sys.path.append(str(here.parents[2]))
        boot = import_module("tc_engine.collect.boot")
    boot.activate(Path(run))


def _chain() -> None:
    """Run the sitecustomize that this one hides, or look as if there were none."""
    del sys.modules["sitecustomize"]
    spec = PathFinder.find_spec("sitecustomize", sys.path)
    if spec is None or spec.loader is None:
        raise ImportError("no sitecustomize", name="sitecustomize")  # what Python expects then
    module = module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


with contextlib.suppress(Exception):  # whatever fails, the program starts
    _start()
_chain()
