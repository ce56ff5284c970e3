"""The reference traces, unpacked for a benchmark."""

from __future__ import annotations

import tarfile
from pathlib import Path


def unpack(traces: Path, name: str, scratch: Path) -> Path:
    """Unpack a reference trace and return its folder."""
    with tarfile.open(traces / name / "trace.tar.gz") as archive:
        archive.extractall(scratch / name, filter="data")
    return next((scratch / name).iterdir())
