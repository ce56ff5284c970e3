"""Compare tc_engine with TrainCheck 0.2.0 on its own traces, and write docs/compatibility.md.

    python benchmarks/compatibility.py ../shared/traces

prints the tables and puts them into the marked part of the page. The same traces give the same
bytes. Ends with 1 where a difference has no explanation.
"""

from __future__ import annotations

import gzip
import json
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from benchmarks import compatibility_page as page
from benchmarks import compatibility_rules as rules
from benchmarks import compatibility_verdicts as verdicts
from benchmarks.compatibility_trace import Trace
from tc_engine import invariants, relations
from tc_engine.check import Check, check
from tc_engine.dataset import open_dataset
from tc_engine.engine.session import Limits
from tc_engine.errors import TcEngineError, UsageError
from tc_engine.infer import infer
from tc_engine.ingest import ingest

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "compatibility.md"
STORED = "traincheck-0.2.0"
COMPARED = ("contain", "cover", "lead", "consistency")


@dataclass(frozen=True)
class Comparison:
    """All that the page tells.

    `learned` from the good run; the faulty run `judged` by their invariants, and by our `own`.
    """

    learned: rules.Rules
    judged: verdicts.Verdicts
    own: Check
    published: list[verdicts.Published]
    drift: verdicts.Drift


def compare(traces: Path, scratch: Path) -> Comparison:
    """Ingest the reference traces into an empty folder, infer, check and compare."""
    tutorial = ("tutorial-mnist", "tutorial-84911")
    tell("reading the good and the faulty run of the tutorial")
    good, faulty = (unpack(traces / name, scratch) for name in tutorial)
    known = relations.select(COMPARED)
    titles = {relation.title for relation in known}
    given = invariants.read([traces / "tutorial-mnist" / STORED / "invariants.json"])
    theirs = [one for one in given if one.relation in titles]
    tell("inferring from the good run")
    inference = infer([open_dataset(good)], relations=known)
    failures = read_failures(traces / "tutorial-mnist" / STORED / "failed-hypotheses.json.gz")
    learned = rules.compare(Trace(good), known, inference, theirs, failures)
    tell("checking the faulty run")
    stored = traces / "tutorial-84911" / STORED / "verdicts.jsonl"
    judged = verdicts.compare(faulty, theirs, stored)
    own = check([open_dataset(faulty)], inference.invariants)
    tell("checking the published cases")
    published = []
    for name in ("mmpretrain-702", "pytorch-104336"):
        run = unpack(traces / name, scratch)
        cases = invariants.read([traces / name / "invariants.json"])
        published += verdicts.published(traces / name, run, cases)
    drift = verdicts.drift(run, published[-1].result)
    return Comparison(learned, judged, own, published, drift)


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


def read_failures(path: Path) -> list[dict[str, object]]:
    """Read the hypotheses that TrainCheck gave up."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def tell(what: str) -> None:
    """Narrate on stderr."""
    print(what, file=sys.stderr)


def main(
    traces: Annotated[Path, typer.Argument(help="Folder of the reference traces.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Page to write into.")] = PAGE,
) -> None:
    """Compare tc_engine with TrainCheck and bring the page up to date."""
    try:
        with tempfile.TemporaryDirectory() as scratch:
            found = compare(traces, Path(scratch))
        tables = page.tables(found.learned, found.judged, found.own, found.published, found.drift)
        page.put(tables, output)
    except TcEngineError as error:
        tell(str(error))
        raise typer.Exit(error.exit_code) from error
    print(tables)
    if page.unexplained(found.learned, found.judged):
        tell("Some differences have no explanation: see the page.")
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
