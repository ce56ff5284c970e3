"""What the collector says of itself and of when; imports nothing that takes its time."""

from __future__ import annotations

from datetime import UTC, datetime

from tc_engine import __version__

CREATED_BY = f"tc_engine {__version__} collect"


def now() -> str:
    """Return the time of the clock in UTC, to the millisecond, as ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
