"""Read a file of jobs and put them in order.

    [[ingest]]
    name = "monday"
    traces = ["raw/monday"]
    output = "store/monday"

    [[infer]]
    name = "rules"
    runs = ["store/monday", "store/good-*"]
    output = "store/rules.json"
    options = ["--min-support", "3"]

    [[check]]
    name = "nightly"
    runs = ["store/tuesday"]
    invariants = ["store/rules.json"]
    output = "store/nightly"

Paths are relative to the folder of the file. A job comes after those whose output it reads, and
after those that it names with `after`. `threads` and `memory` say what a job needs; `work` is where
infer and check keep what they found in runs.
"""

from __future__ import annotations

import difflib
import fnmatch
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from tc_engine.engine.resources import parse_size
from tc_engine.errors import DataError, UsageError

# What each kind of job reads, in the words of the file and as the command takes it.
READS: Mapping[str, Mapping[str, str]] = {
    "ingest": {"traces": ""},
    "infer": {"runs": "-f"},
    "check": {"runs": "-f", "invariants": "-i"},
}
_COMMON = frozenset({"name", "output", "options", "after", "threads", "memory"})
_MORE = {"ingest": (), "infer": ("work",), "check": ("work",)}
_OURS = ("-o", "--output", "--output-dir", "-f", "-i", "--threads", "--memory-limit", "--temp-dir")


@dataclass(frozen=True)
class Job:
    """A job: what it reads (paths by the key of the file), and where its output goes.

    `needs` are the names of the jobs that come before it; `memory` is in bytes.
    """

    kind: str
    name: str
    reads: Mapping[str, tuple[Path, ...]]
    output: Path
    options: tuple[str, ...] = ()
    needs: frozenset[str] = frozenset()
    threads: int | None = None
    memory: int | None = None

    @property
    def inputs(self) -> list[Path]:
        """Every path that it reads."""
        return [path for paths in self.reads.values() for path in paths]

    def arguments(self, output: Path) -> list[str]:
        """Return the arguments of `tc-engine` that do the job, with another output."""
        given = [self.kind]
        for key, option in READS[self.kind].items():
            given += [option] if option else []
            given += map(str, self.reads[key])
        return [*given, *self.options, "-o", str(output)]


def read(file: Path) -> list[Job]:
    """Return the jobs of a file, each after those that it needs.

    Raises DataError for a file that cannot be read, UsageError for jobs that make no sense.
    """
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read {file}: {error}", "Check the path") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file}: {error}", "Jobs are written in TOML") from error
    _known(file, "the file", content, READS)
    stated = [
        _job(file, kind, f"{kind} {number}", one)
        for kind in READS
        for number, one in enumerate(_tables(file, kind, content.get(kind, [])), start=1)
    ]
    if not stated:
        raise UsageError(f"{file} states no job", "Add a [[ingest]], [[infer]] or [[check]]")
    return _ordered(file, _connected(file, stated))


def _tables(file: Path, kind: str, found: object) -> list[dict[str, Any]]:
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise UsageError(f"{file}: {kind} is no list of tables", f"Write [[{kind}]]")
    return found


def _job(file: Path, kind: str, where: str, given: dict[str, Any]) -> Job:
    where = given["name"] if isinstance(given.get("name"), str) else where
    _known(file, where, given, [*READS[kind], *_COMMON, *_MORE[kind]])
    folder = file.resolve().parent
    options = _texts(file, where, given, "options")
    if ours := [option for option in options if option.partition("=")[0] in _OURS]:
        raise UsageError(f"{file}: {where}: {ours[0]} is not for options", "The batch gives it")
    return Job(
        kind,
        _text(file, where, given, "name"),
        {
            key: tuple(folder / text for text in _texts(file, where, given, key, least=1))
            for key in READS[kind]
        },
        folder / _text(file, where, given, "output"),
        (*options, *_work(file, where, given)),
        frozenset(_texts(file, where, given, "after")),
        _count(file, where, given, "threads"),
        parse_size(given["memory"]) if "memory" in given else None,
    )


def _work(file: Path, where: str, given: dict[str, Any]) -> list[str]:
    if "work" not in given:
        return []
    return ["--work", str(file.resolve().parent / _text(file, where, given, "work"))]


def _known(file: Path, where: str, given: Mapping[str, Any], known: Sequence[str] | Any) -> None:
    for key in given:
        if key not in known:
            close = difflib.get_close_matches(key, list(known), 1) or sorted(known)
            raise UsageError(
                f"{file}: {where} has the key {key!r}", f"Did you mean {', '.join(close)}"
            )


def _text(file: Path, where: str, given: Mapping[str, Any], key: str) -> str:
    value = given.get(key)
    if not isinstance(value, str) or not value:
        raise UsageError(f"{file}: {where} needs {key}", f'Write {key} = "..."')
    return value


def _texts(
    file: Path, where: str, given: Mapping[str, Any], key: str, least: int = 0
) -> tuple[str, ...]:
    value = given.get(key, [])
    if (
        not isinstance(value, list)
        or not all(isinstance(one, str) for one in value)
        or len(value) < least
    ):
        raise UsageError(f"{file}: {where} needs a list {key}", f'Write {key} = ["...", "..."]')
    return tuple(value)


def _count(file: Path, where: str, given: Mapping[str, Any], key: str) -> int | None:
    value = given.get(key)
    if value is not None and (not isinstance(value, int) or value < 1):
        raise UsageError(f"{file}: {where}: {key} is no number", f"Write {key} = 2")
    return value


def _connected(file: Path, stated: Sequence[Job]) -> list[Job]:
    """Find what every job reads, and which jobs make it."""
    makers: dict[Path, Job] = {}
    for job in stated:
        if job.name in {other.name for other in makers.values()}:
            raise UsageError(f"{file}: two jobs are called {job.name}", "Give each its own name")
        if other := makers.get(job.output):
            raise UsageError(
                f"{file}: {job.name} and {other.name} have the same output {job.output}",
                "Give each its own",
            )
        makers[job.output] = job
    names = {job.name for job in stated}
    connected = []
    for job in stated:
        if unknown := sorted(job.needs - names):
            raise UsageError(f"{file}: {job.name} comes after {unknown[0]}, which is no job")
        reads = {
            key: tuple(path for one in paths for path in _expanded(one, makers))
            for key, paths in job.reads.items()
        }
        made = {makers[path].name for paths in reads.values() for path in paths if path in makers}
        connected.append(replace(job, reads=reads, needs=job.needs | made))
    return connected


def _expanded(path: Path, makers: Mapping[Path, Job]) -> list[Path]:
    """Return the paths of a pattern: those that are there and those that a job will make."""
    if not any(mark in path.name for mark in "*?["):
        return [path]
    there = [found for found in path.parent.glob(path.name) if not found.name.startswith(".")]
    to_be = [one for one in makers if fnmatch.fnmatch(str(one), str(path))]
    return sorted({*there, *to_be})


def _ordered(file: Path, jobs: Sequence[Job]) -> list[Job]:
    by_name = {job.name: job for job in jobs}
    try:
        names = TopologicalSorter({job.name: sorted(job.needs) for job in jobs}).static_order()
        return [by_name[name] for name in names]
    except CycleError as error:
        circle = " after ".join(error.args[1])
        raise UsageError(f"{file}: jobs wait for each other: {circle}") from error
