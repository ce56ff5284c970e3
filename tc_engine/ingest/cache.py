"""The dataset that a folder of TrainCheck traces was ingested into, kept beside it."""

from __future__ import annotations

import json
from pathlib import Path

from tc_engine.dataset import open_dataset
from tc_engine.engine import stages
from tc_engine.engine.session import Limits, Session
from tc_engine.errors import DataError
from tc_engine.files import write_whole
from tc_engine.ingest.convert import CREATED_BY, Progress, ingest
from tc_engine.ingest.sources import find_sources

SUFFIX = ".tc-engine"
_KEY = "ingested.json"
_ELSEWHERE = "Ingest it to a place of your own: tc-engine ingest FOLDER -o RUN"


def ingest_cached(folder: Path, *, limits: Limits, progress: Progress | None) -> Path:
    """Return the dataset of a TrainCheck folder, `FOLDER.tc-engine`; make it where it is outdated.

    It is kept while names, sizes and modification times of the trace files, and the version of
    tc_engine, stay the same. Raises what `ingest` raises.
    """
    folder = folder.resolve()
    run = folder.with_name(folder.name + SUFFIX)
    key = _key(folder)
    if not _is_current(run, key, limits):
        try:
            ingest([folder], run, limits=limits, progress=progress)
            write_whole(run / _KEY, key)
        except DataError as error:
            if isinstance(error.__cause__, OSError) and run.name in error.message:
                raise DataError(error.message, _ELSEWHERE) from error
            raise
    return run


def _key(folder: Path) -> str:
    stats = {
        source.name: source.path.stat() for source in find_sources([folder], trace_files=False)
    }
    files = {name: [stat.st_size, stat.st_mtime_ns] for name, stat in stats.items()}
    return json.dumps({"created_by": CREATED_BY, "files": files}, indent=2) + "\n"


def _is_current(run: Path, key: str, limits: Limits) -> bool:
    try:
        if (run / _KEY).read_text(encoding="utf-8") != key:
            return False
        with Session(limits) as session:
            stages.load(session, [open_dataset(run)])
    except (DataError, OSError, UnicodeDecodeError):
        return False
    return True
