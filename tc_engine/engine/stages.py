"""Run the first two stages: from Parquet parts to the tables that relations and people ask.

A table is made when something first reads it. What a SQL file reads and writes is taken from its
text, so nothing has to be kept in step by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tc_engine.dataset import MANIFEST, VERSION_KEY, Dataset, check_version, state
from tc_engine.engine import sqlfiles
from tc_engine.engine.session import Session
from tc_engine.errors import DataError, QueryError, UsageError
from tc_engine.files import digest
from tc_engine.remote import fetch, is_remote

Progress = Callable[[str], None]

TRACES, EVENTS = "1_load/traces", "1_load/events"
DERIVED = "2_derive/"
GATHERED = "1_load/gathered_events"

# Parts that are many and small are copied into one file before they are read again and again.
MANY_PARTS = 64
SMALL_PART = 1 << 20  # bytes, on average
SMALL_RUNS = 8 << 20  # bytes, together

_COMMENT = re.compile(r"--[^\n]*|\bCOMMENT\s+ON\b[^;]*;", re.IGNORECASE)
_WORD = re.compile(r"[a-z_][a-z0-9_]*", re.IGNORECASE)
_WRITTEN = re.compile(r"\bCREATE\s+OR\s+REPLACE\s+(?:TABLE|VIEW|TYPE|MACRO)\s+(\w+)", re.IGNORECASE)
# A query that asks which tables there are is about all of them.
_CATALOG = re.compile(r"\b(show|pragma\w*|duckdb_\w+|information_schema|sqlite_\w+|pg_\w+)\b", re.I)


@dataclass(frozen=True)
class _Step:
    """A file of `2_derive`: what it makes (tables, views, ...), and every word of it.

    `needs` are the names of the files before it that make what it reads.
    """

    name: str
    makes: frozenset[str]
    words: frozenset[str]
    needs: frozenset[str]


def prepare(
    session: Session,
    runs: Sequence[Dataset],
    settings: Mapping[str, object] | None = None,
    progress: Progress = lambda _: None,
) -> None:
    """Load the runs and derive every table."""
    load(session, runs, settings)
    derive(session, None, progress)


def load(
    session: Session,
    runs: Sequence[Dataset],
    settings: Mapping[str, object] | None = None,
    among: Sequence[Dataset] = (),
) -> None:
    """Name the runs to the session: the view `events`, which all other tables are derived from.

    `settings` override the defaults of `sql/settings.sql`; UsageError if a value does not fit.
    Traces have the names that they have `among` all runs, where the session looks at some only.
    Raises DataError for a part that is damaged or of another schema version.
    """
    for run in runs:
        if is_remote(run.path):
            fetch(run.path, (run.path / MANIFEST, *run.parts), folder_of(session, run))
    parts = part_files(session, runs)
    _verify(session, parts)
    session.set("part_files", parts)
    configure(session, settings)
    name_traces(session, among or runs)
    session.run(EVENTS)


def _verify(session: Session, parts: Sequence[str]) -> None:
    """Raise DataError unless every part can be read by this version."""
    versions = _versions(session, parts)
    for part in parts:
        version = versions.get(part, "")
        check_version(int(version) if version.isdigit() else version, Path(part))


def _versions(session: Session, parts: Sequence[str]) -> dict[str, str]:
    """Return the schema versions of parts; raise DataError for one that is gone or damaged."""
    query = "SELECT file_name, decode(value) FROM parquet_kv_metadata(?) WHERE key = encode(?)"
    try:
        return dict(session.rows(query, [parts, VERSION_KEY]))
    except DataError:
        for part in parts:
            state(Path(part))
        raise
    except QueryError as error:
        for part in parts if len(parts) > 1 else ():
            _versions(session, [part])
        raise DataError(
            f"{parts[0]} is damaged or not Parquet: {error.message.splitlines()[0]}",
            "Remove this part to go on without it, or make the trace again",
        ) from error


def name_traces(session: Session, runs: Sequence[Dataset]) -> None:
    """Make the table `traces`: the names of runs."""
    session.set("dataset", [str(folder_of(session, run)) for run in runs])
    session.set("programs", [run.manifest.program for run in runs])
    session.run(TRACES)


def configure(session: Session, settings: Mapping[str, object] | None = None) -> None:
    """Give settings their values, and make what all SQL files share.

    Raises UsageError if a value does not fit.
    """
    for name, value in (settings or {}).items():
        session.set(name, value)
    try:
        session.run("settings")
    except QueryError as error:
        reason = error.message.splitlines()[0]
        raise UsageError(f"a setting has a value that does not fit: {reason}") from error
    session.run("macros")


def made_by(session: Session, name: str) -> list[str]:
    """Return the tables that a SQL file makes, temporary ones aside."""
    return _WRITTEN.findall(_code(sqlfiles.find(name, session.sql_path).text))


def gather(session: Session, runs: Sequence[Dataset], progress: Progress = lambda _: None) -> None:
    """Copy the events into one file of the session's scratch folder where the parts are small.

    Raises DataError where a part is gone.
    """
    parts = sum(len(run.parts) for run in runs)
    if parts >= MANY_PARTS and sum(run.size for run in runs) < SMALL_PART * parts:
        progress(f"gathering {parts:,} parts")
        session.set("gathered", str(session.scratch / "events.parquet"))
        session.run(GATHERED)


def lanes(session: Session, runs: Sequence[Dataset]) -> int:
    """Return how many queries to run at once: of small runs one keeps no more than a core busy.

    Raises DataError where a part is gone.
    """
    small = sum(run.size for run in runs) < SMALL_RUNS
    return int(session.value("SELECT current_setting('threads')")) if small else 1


def run(session: Session, name: str, progress: Progress = lambda _: None) -> None:
    """Run a file after those that make the tables it reads."""
    derive(session, [_code(sqlfiles.find(name, session.sql_path).text)], progress)
    session.run(name)


def derive(
    session: Session, texts: Iterable[str] | None, progress: Progress = lambda _: None
) -> None:
    """Make the tables that SQL texts name, where they are not there yet; None for all tables.

    Sessions side by side make them together: each what no other one makes at the moment.
    """
    needed = _needed(session, texts)
    while name := session.made.next(needed):
        progress(name)
        try:
            session.run_for_all(name)
        finally:
            session.made.left(name)


def derive_asked(session: Session, text: str, progress: Progress = lambda _: None) -> None:
    """Make the tables that a person's query reads; all of them where it asks what there is."""
    derive(session, None if _CATALOG.search(text) else [text], progress)


def part_files(session: Session, runs: Sequence[Dataset]) -> list[str]:
    """Return the Parquet files of runs by full path, as the view `events` wants them."""
    return [
        str(folder_of(session, run) / str(part.relative_to(run.path)))
        for run in runs
        for part in run.parts
    ]


def folder_of(session: Session, run: Dataset) -> Path:
    """Return the folder that a session reads a run from: of one on a store, its copy."""
    if not is_remote(run.path):
        return run.path.resolve()
    return session.scratch / "fetched" / digest(str(run.path)) / run.path.name


def flow() -> list[str]:
    """Return the names of the SQL files up to the derived tables: what `sql/shell.sql` reads."""
    text = sqlfiles.find("shell").text
    return re.findall(r"^\.read sql/(\S+)\.sql$", text, flags=re.MULTILINE)


def _needed(session: Session, texts: Iterable[str] | None) -> dict[str, frozenset[str]]:
    """Return the files of `2_derive` whose tables the texts name, in the order of the flow.

    Each comes with the files that must run before it.
    """
    steps = _steps(session.sql_path)
    if texts is None:
        return {step.name: step.needs for step in steps}
    words = frozenset().union(*map(_words, texts))
    needed = []
    for step in reversed(steps):
        if step.makes & words:
            needed.append(step)
            words |= step.words
    return {step.name: step.needs for step in reversed(needed)}


@cache
def _steps(sql_path: tuple[Path, ...]) -> tuple[_Step, ...]:
    steps: list[_Step] = []
    for name in flow():
        if name.startswith(DERIVED):
            text = _code(sqlfiles.find(name, sql_path).text)
            words = _words(text)
            needs = frozenset(step.name for step in steps if step.makes & words)
            steps.append(_Step(name, frozenset(_WRITTEN.findall(text)), words, needs))
    return tuple(steps)


def _words(text: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(text))


def _code(text: str) -> str:
    """Leave out the comments of our files; in a person's query `--` may be a part of a text."""
    return _COMMENT.sub("", text)
