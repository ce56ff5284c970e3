"""Rules that are known to be broken, and may be until a day: JSON Lines, one rule a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from tc_engine.errors import DataError
from tc_engine.files import filled_lines, write_whole


@dataclass(frozen=True)
class Suppression:
    """A rule by its id, what it says, why it may be broken, and the last day (ISO 8601) of that."""

    id: str
    rule: str
    reason: str
    until: str

    def is_active(self, today: date) -> bool:
        """Tell whether the rule may still be broken."""
        return date.fromisoformat(self.until) >= today


def read(files: Iterable[Path]) -> list[Suppression]:
    """Read suppressions. Raises DataError that names file and line of what is not right."""
    return [one for file in files for one in _read(file)]


def active(files: Iterable[Path], note: Callable[[str], None]) -> set[str]:
    """Return the ids of rules that may be broken today; note which no longer may."""
    known = read(files)
    today = date.today()
    for one in known:
        if not one.is_active(today):
            note(f"{one.id} may be broken no more since {one.until}: {one.rule}")
    return {one.id for one in known if one.is_active(today)}


def add(file: Path, one: Suppression) -> None:
    """Add a suppression to a file, in place of an earlier one of the same rule."""
    known = [other for other in read([file]) if other.id != one.id] if file.exists() else []
    write_whole(file, "".join(json.dumps(asdict(each)) + "\n" for each in [*known, one]))


def _read(file: Path) -> Iterator[Suppression]:
    for number, line in filled_lines(file, "Check the path"):
        try:
            one = Suppression(**json.loads(line))
            date.fromisoformat(one.until)
        except (ValueError, TypeError) as error:
            raise DataError(
                f"{file}:{number}: not a suppression: {error}",
                "`tc-engine suppress` writes them",
            ) from error
        yield one
