"""What the figures of a benchmark depend on."""

from __future__ import annotations

import os
import platform
import re
from datetime import date
from importlib.metadata import version
from pathlib import Path


def machine(*packages: str) -> dict[str, str | int | float]:
    """Return the date, the machine, and the versions of Python, tc_engine and some packages."""
    models = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    return {
        "date": date.today().isoformat(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": models[0] if models else platform.machine(),
        "cores": os.cpu_count() or 0,
        "load before": round(os.getloadavg()[0], 2),
        "Python": platform.python_version(),
        **{package: version(package) for package in packages},
        "tc_engine": version("tc-engine"),
    }
