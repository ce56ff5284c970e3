"""Tell by content whether a job's work is done: what it read, and what it made of it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import tc_engine
from tc_engine.batch.jobs import Job
from tc_engine.engine import sqlfiles
from tc_engine.files import digest as digest_of_text
from tc_engine.files import write_whole

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Done:
    """What a finished job left beside its output.

    `key` stands for all that decided the output, `output` for its content.
    """

    key: str
    output: str

    @classmethod
    def read(cls, job: Job) -> Done | None:
        """Return what is known of a job's output; None where nothing is."""
        try:
            content = json.loads(_record(job).read_text(encoding="utf-8"))
            return cls(content["key"], content["output"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, job: Job) -> None:
        """Leave it beside the output."""
        content = {"job": job.name, "key": self.key, "output": self.output}
        write_whole(_record(job), json.dumps(content) + "\n")


def is_done(job: Job, key: str) -> bool:
    """Tell whether a job's output is there, made of the same input and as it was made."""
    done = Done.read(job)
    return bool(
        done and done.key == key and job.output.exists() and done.output == digest_of_output(job)
    )


def key_of(job: Job) -> str:
    """Return what decides the output of a job: input, options, and this version of tc_engine."""
    inputs = [[str(path), digest(path)] for path in job.inputs]
    content = [tc_engine.__version__, sqlfiles.digest(), job.kind, list(job.options), inputs]
    return digest_of_text(json.dumps(content))


def digest_of_output(job: Job) -> str:
    """Return a digest of what a job made: also of the failed hypotheses beside the invariants."""
    beside = job.output.with_name(f"{job.output.name}.failed")
    made = [job.output, beside] if job.kind == "infer" else [job.output]
    return digest_of_text(" ".join(digest(path) for path in made if path.exists()))


def digest(path: Path) -> str:
    """Return a digest of a file, or of all files below a folder with their names."""
    if path.is_file():
        return _file_digest(path)
    lines = [f"{_file_digest(file)} {file.relative_to(path)}" for file in _files(path)]
    return digest_of_text("\n".join(lines))


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            yield Path(place, name)


def _file_digest(path: Path) -> str:
    state = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            state.update(chunk)
    return state.hexdigest()


def _record(job: Job) -> Path:
    return job.output.with_name(f".{job.output.name}.done.json")
