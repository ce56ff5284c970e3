"""The folder that partitions share: what each found, there whole or not at all.

    WORK/<context>/partition=<key>/runs.json
                                  /candidates/<relation>/<table>.parquet
                                  /examples/<relation>/<piece>/<table>.parquet
                                  /verdicts/<table>.parquet

A context stands for all that decides what is found in a run: settings, queries, this version.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import tc_engine
from tc_engine.dataset import Dataset
from tc_engine.engine import sqlfiles
from tc_engine.engine.session import Session
from tc_engine.files import cannot_write, digest, write_whole
from tc_engine.partitions.groups import identity, split

RUNS = "runs.json"
PREFIX = "partition="


@dataclass(frozen=True)
class Partition:
    """Runs that one process looks at together (folders), and the folder of what it found."""

    runs: tuple[Path, ...]
    folder: Path


def context(work: Path, sql_path: Sequence[Path], *content: object) -> Path:
    """Return the folder of a context: `content` is what decides results beside code and queries."""
    decides = [tc_engine.__version__, sqlfiles.digest(sql_path), *content]
    return work / digest(json.dumps(decides, sort_keys=True))


def partitions(context: Path, runs: Sequence[Dataset], count: int) -> list[Partition]:
    """Divide runs into partitions: those known already as they are, the other runs into `count`."""
    asked = {identity(run): run for run in runs}
    chosen = []
    for folder, known in _known(context):
        if known <= asked.keys():
            chosen.append(_partition(folder, [asked.pop(one) for one in sorted(known)]))
    return chosen + _divide(context, asked, count)


def new_partitions(context: Path, runs: Sequence[Dataset], count: int) -> list[Partition]:
    """Divide runs into `count` partitions, or as many as there are runs."""
    return _divide(context, {identity(run): run for run in runs}, count)


def _divide(context: Path, runs: Mapping[str, Dataset], count: int) -> list[Partition]:
    """Divide runs, by their identity."""
    identities = {run.path: one for one, run in runs.items()}
    found = []
    for group in split(list(runs.values()), count):
        known = sorted(identities[run.path] for run in group)
        folder = context / f"{PREFIX}{digest(' '.join(known))}"
        if not (folder / RUNS).is_file():
            _make(folder)
            write_whole(folder / RUNS, json.dumps(known) + "\n")
        found.append(_partition(folder, group))
    return found


def _partition(folder: Path, runs: Iterable[Dataset]) -> Partition:
    return Partition(tuple(sorted(run.path for run in runs)), folder)


def _known(context: Path) -> list[tuple[Path, set[str]]]:
    """Return the partitions that are there, those of most runs first."""
    found = []
    for file in context.glob(f"{PREFIX}*/{RUNS}"):
        found.append((file.parent, set(json.loads(file.read_text(encoding="utf-8")))))
    return sorted(found, key=lambda one: (-len(one[1]), str(one[0])))


def write(session: Session, tables: Iterable[str], folder: Path) -> None:
    """Write tables of a session as Parquet files into a folder, which appears whole.

    Where it is there already, another process was first with the same.
    """
    _make(folder.parent)
    # Processes of several hosts may write here, so a process id tells too little.
    with TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as temporary:
        made = Path(temporary, "made")
        try:
            made.mkdir()
            for table in tables:
                session.set("exchanged", str(made / f"{table}.parquet"))
                session.execute(f"COPY \"{table}\" TO (getvariable('exchanged')) (FORMAT parquet)")
            made.rename(folder)
        except OSError as error:
            if not folder.exists():
                raise cannot_write(folder, error) from error


def read(session: Session, tables: Iterable[str], folders: Sequence[Path]) -> None:
    """Make tables of a session from those of the same name in folders, one after another."""
    for table in tables:
        _read(session, table, table, "* EXCLUDE (filename)", folders)


def read_pieces(session: Session, tables: Iterable[str], folders: Sequence[Path]) -> None:
    """Make tables as `read` does, called part_<name>, with the columns `piece` and `partition`."""
    columns = (
        "* EXCLUDE (filename), parse_dirpath(filename) AS piece, "
        f"regexp_extract(filename, '{PREFIX}[0-9a-f]+') AS partition"
    )
    for table in tables:
        _read(session, table, f"part_{table}", columns, folders)


def _read(session: Session, table: str, name: str, columns: str, folders: Sequence[Path]) -> None:
    session.set("exchanged", [str(folder / f"{table}.parquet") for folder in folders])
    session.execute(
        f'CREATE OR REPLACE TABLE "{name}" AS SELECT {columns} '  # noqa: S608
        "FROM read_parquet(getvariable('exchanged'), filename = true, hive_partitioning = false)"
    )


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
