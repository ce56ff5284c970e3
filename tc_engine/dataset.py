"""A trace dataset on disk: `RUN/manifest.json` and `RUN/events/process=<id>/part-*.parquet`.

A part appears whole or not at all: it is written beside its place under a name that no reader looks
at, then renamed. A process writes only into its own folder, so processes need no lock. While a
program runs, the collector writes a small part every second and from time to time joins those to
a large one, which takes the place of the first and says in its metadata up to which number it
covers the others; these are then removed.
"""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tc_engine.errors import DataError
from tc_engine.schema import COVERS_KEY, EVENT_SCHEMA, SCHEMA_VERSION, VERSION_KEY, part_metadata

MANIFEST = "manifest.json"
EVENTS = "events"
PIDS = 2**22  # no process id is larger (Linux, 64 bit)
ROW_GROUP_ROWS = 32 * 1024  # a reader's threads take a group each


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


@dataclass(frozen=True)
class Dataset:
    """A trace dataset that was found readable: its folder, its manifest, its parts in order."""

    path: Path
    manifest: Manifest
    parts: tuple[Path, ...]


def write_manifest(run: Path, manifest: Manifest) -> None:
    """Write `manifest.json` in one piece."""
    write_whole(run / MANIFEST, json.dumps(asdict(manifest), indent=2, sort_keys=True) + "\n")


def write_whole(path: Path, text: str) -> None:
    """Write a text file so that a reader sees all of it or nothing.

    Raises DataError where the folder cannot be written or the disk is full.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        _remove(temporary)
        raise cannot_write(path, error) from error


def _remove(temporary: Path) -> None:
    with suppress(OSError):  # the folder may be gone, or no folder any more
        temporary.unlink()


def cannot_write(path: Path, error: OSError) -> DataError:
    """Describe an output that could not be written, in the operating system's words."""
    return DataError(
        f"cannot write {path}: {error.strerror or error}",
        "Free some space or choose another place with -o",
    )


def write_part(
    run: Path,
    process: str,
    number: int,
    content: pa.Table | Iterable[pa.Table],
    created_by: str,
    *,
    covers: int | None = None,
    quick: bool = False,
) -> Path:
    """Write one part of the event table, given whole or table by table, and return its path.

    `process` names the folder (`process=<process>`); letters, digits, `-`, `_` and `.` only. With
    `covers`, the part holds what the parts up to that number held. `quick`: it will soon be joined
    with others, so compressing it well is not worth the time.
    """
    folder, path = process_folder(run, process), part_path(run, process, number)
    temporary = folder / f".part-{number:05d}.{os.getpid()}.tmp"
    metadata = {**(EVENT_SCHEMA.metadata or {}), **part_metadata(created_by)}
    if covers is not None:
        metadata[COVERS_KEY] = str(covers).encode()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        schema = EVENT_SCHEMA.with_metadata(metadata)
        with pq.ParquetWriter(temporary, schema, compression="lz4" if quick else "zstd") as writer:
            for table in [content] if isinstance(content, pa.Table) else content:
                whole = table.cast(EVENT_SCHEMA).replace_schema_metadata(metadata)
                writer.write_table(whole, row_group_size=ROW_GROUP_ROWS)
        temporary.replace(path)
    except OSError as error:
        _remove(temporary)
        raise cannot_write(path, error) from error
    except BaseException:
        _remove(temporary)
        raise
    return path


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


def part_path(run: Path, process: str, number: int) -> Path:
    """Return the path of a part."""
    return process_folder(run, process) / f"part-{number:05d}.parquet"


def is_dataset(path: Path) -> bool:
    """Tell whether a folder looks like a trace dataset of any version."""
    return (path / MANIFEST).is_file() or (path / EVENTS).is_dir()


def open_dataset(path: Path) -> Dataset:
    """Open a dataset and verify that every part can be read by this version.

    Raises DataError for a missing folder, no parts, a damaged part or another schema version.
    """
    if not path.exists():
        raise DataError(f"there is no trace at {path}", "Check the path given to -f")
    manifest = read_manifest(path)
    parts = tuple(sorted(path.glob(f"{EVENTS}/process=*/part-*.parquet")))
    if not parts:
        raise DataError(
            f"{path} holds no events",
            "Make one with `tc-engine collect` or `tc-engine ingest`",
        )
    return Dataset(path, manifest, tuple(_readable(parts)))


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
    _check_version(version, file)
    known = Manifest.__dataclass_fields__
    return Manifest(**{key: value for key, value in content.items() if key in known})


def _readable(parts: Iterable[Path]) -> Iterator[Path]:
    """Yield the parts in order, but for those that a part before them covers.

    Such a one is left where a process was killed between joining parts and removing them.
    """
    folder, covered = None, -1
    for part in parts:
        metadata = _metadata(part)
        if part.parent != folder:
            folder, covered = part.parent, -1
        number = int(re.sub(r"\D", "", part.stem) or -1)
        if number < 0 or number > covered:
            yield part
            covered = max(covered, int(metadata.get(COVERS_KEY, b"-1")))


def _metadata(part: Path) -> dict[bytes, bytes]:
    try:
        with part.open("rb") as file:
            metadata = pq.read_metadata(file).metadata or {}
    except (OSError, pa.ArrowException) as error:
        reason = re.sub(r"\s+", " ", str(error)).strip()
        raise DataError(
            f"{part} is damaged or not Parquet: {reason}",
            "Remove this part to go on without it, or make the trace again",
        ) from error
    version = metadata.get(VERSION_KEY, b"").decode()
    _check_version(int(version) if version.isdigit() else version, part)
    return metadata


def _check_version(version: object, where: Path) -> None:
    if version == SCHEMA_VERSION:
        return
    if isinstance(version, int) and version > SCHEMA_VERSION:
        hint = "It was written by a newer tc_engine: upgrade with `pip install -U tc-engine`"
    else:
        hint = "Collect or ingest it again with this version"
    raise DataError(
        f"{where} has schema version {version!r}, this tc_engine reads {SCHEMA_VERSION}", hint
    )
