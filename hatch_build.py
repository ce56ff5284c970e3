"""Compile the collector's fingerprints while the package is built, if there is a C compiler.

Without one the package is built all the same: torch computes the fingerprints then, more slowly.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = Path("tc_engine", "collect", "native.c")
LIBRARY = SOURCE.with_name("_native.so")
FLAGS = ("-O3", "-std=gnu11", "-fPIC", "-shared")


class NativeBuild(BuildHookInterface):
    """Put the compiled library into a wheel, or beside its source for an editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile; `build_data` is what hatchling takes into the wheel."""
        if self.target_name != "wheel":
            return
        library = Path(self.root, LIBRARY)
        if not compiled(Path(self.root, SOURCE), library):
            library.unlink(missing_ok=True)  # of an older source
            self.app.display_warning(f"{SOURCE} is not compiled: collection takes longer")
            return
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["artifacts"].append(LIBRARY.as_posix())
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform}"  # it knows nothing of Python


def compiled(source: Path, library: Path) -> bool:
    """Compile with $CC, or the machine's compiler; tell whether that did it."""
    compiler = shlex.split(os.environ.get("CC", "")) or [shutil.which("cc") or "gcc"]
    temporary = library.with_name(f".{library.name}.{os.getpid()}")
    command = [*compiler, *FLAGS, "-o", str(temporary), str(source)]
    try:
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - the person's own
        temporary.replace(library)
    except (OSError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"{shlex.join(command)}: {getattr(error, 'stderr', b'') or error}\n")
        temporary.unlink(missing_ok=True)
        return False
    return True
