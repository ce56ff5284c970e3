"""The settings that there are: those of `sql/settings.sql`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from tc_engine.engine import sqlfiles
from tc_engine.errors import UsageError

_SETTING = re.compile(r"^\s*SET\s+VARIABLE\s+(\w+)", re.IGNORECASE | re.MULTILINE)
_RUNS = "dataset"  # runs are named otherwise


def check_names(names: Iterable[str], sql_path: Sequence[Path]) -> None:
    """Raise UsageError for a name that `sql/settings.sql` does not have."""
    known = sorted(set(_SETTING.findall(sqlfiles.find("settings", sql_path).text)) - {_RUNS})
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, 1) or known
            raise UsageError(f"there is no setting {name!r}", f"Did you mean {', '.join(close)}")
