"""A trace dataset on disk: `RUN/manifest.json` and `RUN/events/process=<id>/part-*.parquet`.

A part appears whole or not at all: it is written beside its place under a name that no reader looks
at, then renamed. A process writes only into its own folder, so processes need no lock. While a
program runs, the collector writes a small part every second and from time to time joins those to
a large one, whose name says which (`part-00004-00019`); these are then removed.
"""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tc_engine.errors import DataError
from tc_engine.files import cannot_write, write_whole
from tc_engine.remote import is_remote

SCHEMA_VERSION = 2
VERSION_KEY = "tc_engine.schema_version"  # in the metadata of each part
MANIFEST = "manifest.json"
EVENTS = "events"
PIDS = 2**22  # no process id is larger (Linux, 64 bit)
LAUNCHERS = ("torch.distributed", "accelerate", "deepspeed")  # the script comes after them
_NUMBERS = re.compile(r"part-(\d+)(?:-(\d+))?$")


@dataclass(frozen=True)
class Manifest:
    """What a run was: who wrote it, from what, and how much.

    `started_at` and `ended_at` are ISO 8601 in UTC; `ended_at` is None for a run that is still
    going or was killed. `counts` holds events, calls, states, variables, bytes and whatever else
    the writer counts (`dropped`, `bad_lines`).
    """

    schema_version: int = SCHEMA_VERSION
    created_by: str = ""
    command: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    host: str | None = None
    ranks: list[int] = field(default_factory=list)
    started_at: str | None = None
    ended_at: str | None = None
    counts: dict[str, int] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def program(self) -> str | None:
        """File name or module of the script that was run; None where the command names none."""
        for word, following in itertools.pairwise([*self.command, ""]):
            if word.endswith(".py"):
                return word.rsplit("/", 1)[-1]
            if word == "-m" and not following.startswith(LAUNCHERS):
                return following or None
        return None


@dataclass(frozen=True)
class Dataset:
    """A trace dataset that is there: its folder, its manifest, its parts in order."""

    path: Path
    manifest: Manifest
    parts: tuple[Path, ...]

    @property
    def address(self) -> str:
        """Where it is, from wherever one looks: a full path, or a store's address."""
        return str(self.path if is_remote(self.path) else self.path.resolve())

    @property
    def has_norms(self) -> bool:
        """Whether its tensors were recorded with their norms."""
        return bool(self.manifest.notes.get("norms"))

    @property
    def size(self) -> int:
        """Bytes of all parts. Raises DataError where one is gone."""
        return sum(state(part).st_size for part in self.parts)


def state(part: Path) -> os.stat_result:
    """Return the size and times of a part. Raises DataError where it is gone."""
    try:
        return part.stat()
    except OSError as error:
        raise DataError(
            f"cannot read {part}: {error.strerror}",
            "A run that is still being collected changes its parts: try again",
        ) from error


def write_manifest(run: Path, manifest: Manifest) -> None:
    """Write `manifest.json` in one piece."""
    write_whole(run / MANIFEST, json.dumps(asdict(manifest), indent=2, sort_keys=True) + "\n")


def claim_process(run: Path, pid: int) -> int:
    """Make a folder for a process and return its number, which no other process of the run has.

    It is the process id where that is free: another host may have one with the same, or this host
    a while ago. Raises DataError where the folder cannot be made.
    """
    for number in itertools.count(pid, PIDS):
        folder = process_folder(run, str(number))
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise cannot_write(folder, error) from error
        return number
    raise AssertionError("numbers never end")


def process_folder(run: Path, process: str) -> Path:
    """Return the folder of a process's parts."""
    return run / EVENTS / f"process={process}"


def part_path(run: Path, process: str, number: int, last: int | None = None) -> Path:
    """Return the path of a part; `last` is that of the last part that was joined to it."""
    joined = "" if last is None else f"-{last:05d}"
    return process_folder(run, process) / f"part-{number:05d}{joined}.parquet"


def is_dataset(path: Path) -> bool:
    """Tell whether a folder looks like a trace dataset of any version."""
    return (path / MANIFEST).is_file() or (path / EVENTS).is_dir()


def open_dataset(path: Path) -> Dataset:
    """Open a dataset; what its parts hold is looked at when they are first read.

    Raises DataError for a missing folder, no parts or another schema version.
    """
    if not path.exists():
        raise DataError(f"there is no trace at {path}", "Check the path given to -f")
    manifest = read_manifest(path)
    parts = tuple(_uncovered(path.glob(f"{EVENTS}/process=*/part-*.parquet")))
    if not parts:
        raise DataError(
            f"{path} holds no events",
            "Make one with `tc-engine collect` or `tc-engine ingest`",
        )
    return Dataset(path, manifest, parts)


def read_manifest(path: Path) -> Manifest:
    """Read the manifest of a run; raises DataError for one that is missing or cannot be read."""
    file = path / MANIFEST
    if not file.is_file():
        raise DataError(
            f"{path} is not a trace dataset: it has no {MANIFEST}",
            "A folder of TrainCheck traces needs `tc-engine ingest` first",
        )
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        version = content["schema_version"]
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise DataError(f"{file} cannot be read: {error}", "Collect or ingest again") from error
    check_version(version, file)
    known = Manifest.__dataclass_fields__
    return Manifest(**{key: value for key, value in content.items() if key in known})


def _uncovered(parts: Iterable[Path]) -> Iterator[Path]:
    """Yield the parts in order, but for those whose events are in a joined part too.

    Such are left where a process was killed between joining parts and removing them.
    """
    folder, covered = None, -1
    for parent, _, negative_last, part in sorted(map(_place, parts)):
        if parent != folder:
            folder, covered = parent, -1
        if -negative_last > covered:
            yield part
            covered = -negative_last


def _place(part: Path) -> tuple[str, int, int, Path]:
    """Return what parts are sorted by: one that others were joined to comes before these."""
    found = _NUMBERS.match(part.stem)
    first = int(found[1]) if found else 0
    last = int(found[2] or first) if found else 0
    return str(part.parent), first, -last, part


def check_version(version: object, where: Path) -> None:
    """Raise DataError for a schema version that this version of tc_engine does not read."""
    if version == SCHEMA_VERSION:
        return
    if isinstance(version, int) and version > SCHEMA_VERSION:
        hint = "It was written by a newer tc_engine: upgrade with `pip install -U tc-engine`"
    else:
        hint = "Collect or ingest it again with this version"
    raise DataError(
        f"{where} has schema version {version!r}, this tc_engine reads {SCHEMA_VERSION}", hint
    )
