"""What became of a trace that was ingested: counts, and the first problems."""

from __future__ import annotations

from dataclasses import asdict, dataclass

PROBLEM_KINDS = ("bad_json", "missing_keys", "unknown_types", "orphan_posts", "duplicate_calls")


@dataclass(frozen=True)
class Problem:
    """A line that could not be used, or only in part: file, line (from 1), and what is wrong."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


@dataclass(frozen=True)
class IngestReport:
    """What became of a trace.

    `rows` counts lines that are not blank. `incomplete` counts calls that never returned: that is
    how a run looks that was stopped, and no problem. Problems are lines that are not JSON
    (`bad_json`, damaged compression included), that lack what their type must have
    (`missing_keys`), of a type that is not TrainCheck's (`unknown_types`), that end a call nobody
    entered (`orphan_posts`) or use a call's id again (`duplicate_calls`). `problems` holds the
    first of them, in order of file and line.
    """

    files: int
    rows: int
    calls: int
    states: int
    incomplete: int
    variables: int
    bad_json: int
    missing_keys: int
    unknown_types: int
    orphan_posts: int
    duplicate_calls: int
    problems: tuple[Problem, ...]

    @property
    def counts(self) -> dict[str, int]:
        """All counts by name."""
        return {name: value for name, value in asdict(self).items() if isinstance(value, int)}

    @property
    def problem_count(self) -> int:
        """Count all problems, those not shown included."""
        return sum(self.counts[kind] for kind in PROBLEM_KINDS)
