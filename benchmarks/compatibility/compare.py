"""Ingest the reference traces, infer, check, compare. Read from top to bottom: it is the flow."""

from __future__ import annotations

import gzip
import json
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.compatibility import hypotheses, rules, verdicts
from benchmarks.compatibility import published as publications
from benchmarks.compatibility.trace import Trace
from tc_engine import invariants, relations
from tc_engine.dataset import open_dataset
from tc_engine.engine.session import Limits
from tc_engine.errors import UsageError
from tc_engine.ingest import ingest
from tc_engine.pipelines.check import Check, check
from tc_engine.pipelines.infer import infer

STORED = "traincheck-0.2.0"
GOOD, FAULTY = "tutorial-mnist", "tutorial-84911"
SILENT, DRIFTING, REPEATING = "mmpretrain-702", "pytorch-104336", "transformers-17877"


@dataclass(frozen=True)
class Comparison:
    """All that the page tells.

    `learned` and the `fates` of all hypotheses from the good run; the faulty run `judged` by their
    invariants, and by our `own`; the `published` cases, and whether they are what they seem.
    `titles` are the relations, as files spell them.
    """

    titles: tuple[str, ...]
    learned: rules.Rules
    fates: list[hypotheses.Fate]
    judged: verdicts.Verdicts
    own: Check
    published: list[publications.Published]
    drift: publications.Drift
    repeated: list[publications.Repeated]


def compare(
    traces: Path, scratch: Path, progress: Callable[[str], None] = lambda _: None
) -> Comparison:
    """Compare on all reference traces; `scratch` is an empty folder."""
    progress("reading the traces")
    names = (GOOD, FAULTY, SILENT, DRIFTING, REPEATING)
    runs = {name: unpack(traces / name, scratch) for name in names}
    known = relations.discover()
    theirs = invariants.read([traces / GOOD / STORED / "invariants.json"])
    with gzip.open(traces / GOOD / STORED / "failed-hypotheses.json.gz", "rt") as lines:
        given_up = hypotheses.read_given_up(map(json.loads, lines))
    progress("inferring from the good run")
    good = [open_dataset(runs[GOOD])]
    ours = infer(good, relations=known)
    everything = infer(good, relations=known, settings={"all_hypotheses": True})
    progress("comparing what was inferred")
    fates = hypotheses.compare(everything, theirs, given_up)
    learned = rules.compare(Trace(runs[GOOD]), known, ours, everything.invariants, theirs, given_up)
    progress("checking the faulty run")
    judged = verdicts.compare(runs[FAULTY], theirs, traces / FAULTY / STORED / "verdicts.jsonl")
    own = check([open_dataset(runs[FAULTY])], ours.invariants)
    progress("checking the published cases")
    cases = {
        name: publications.compare(traces / name, runs[name])
        for name in (SILENT, DRIFTING, REPEATING)
    }
    (drifting,) = cases[DRIFTING]
    return Comparison(
        titles=tuple(relation.title for relation in known),
        learned=learned,
        fates=fates,
        judged=judged,
        own=own,
        published=[case for found in cases.values() for case in found],
        drift=publications.drift(runs[DRIFTING], drifting.result),
        repeated=publications.repeated(runs[REPEATING]),
    )


def unpack(folder: Path, scratch: Path) -> Path:
    """Turn the trace of a folder into a dataset and return its path."""
    if not (folder / "trace.tar.gz").is_file():
        raise UsageError(f"{folder} has no trace.tar.gz", "Name the folder of the reference traces")
    with tarfile.open(folder / "trace.tar.gz") as archive:
        archive.extractall(scratch / folder.name, filter="data")
    (trace,) = (scratch / folder.name).iterdir()
    run = scratch / f"{folder.name}.tc"
    ingest([trace], run, limits=Limits())
    return run
