"""How often correct programs are accused; write benchmarks/results/quality.md and .json.

    make quality

runs `python -m benchmarks.quality.false_alarms --runs .quality-runs`, a quarter of an hour. Each
correct program of examples/ is traced once, into that folder; one whose trace is there already is
not run again, so remove the folder when programs or collector change. Then every program in turn is
checked by what is learned from others, drawn with a fixed seed. --set and --relations try another
inference; with any option but --runs the page is printed, and nothing is written.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from math import comb
from pathlib import Path

from benchmarks.machine import machine
from benchmarks.quality.page import as_json, page
from benchmarks.quality.programs import traced
from benchmarks.quality.verdicts import Verdict, verdicts
from tc_engine import relations
from tc_engine.cli._options import settings
from tc_engine.dataset import Dataset
from tc_engine.errors import TcEngineError
from tc_engine.pipelines.check import Check, check
from tc_engine.pipelines.infer import infer
from tc_engine.relations import Relation

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"
SIZES = (1, 4, 6)
DRAWS = 2
SEED = 0

References = tuple[str, ...]


def drawn(programs: Sequence[str], size: int, draws: int, seed: int) -> dict[References, list[str]]:
    """Draw references for each program among the others: which programs each draw is for.

    Nothing but the names, the size and the seed decides. No program gets the same references twice.
    """
    found: dict[References, list[str]] = defaultdict(list)
    for program in programs:
        others = [one for one in programs if one != program]
        chance = random.Random(f"{seed} {size} {program}")
        own: set[References] = set()
        while len(own) < min(draws, comb(len(others), size)):
            own.add(tuple(sorted(chance.sample(others, size))))
        for references in sorted(own):
            found[references].append(program)
    return dict(found)


def judged(
    runs: Mapping[str, Dataset],
    draws: Mapping[References, Sequence[str]],
    chosen: Sequence[Relation],
    values: Mapping[str, object],
) -> Iterator[tuple[References, Check]]:
    """Infer from the references of each draw, and check the programs that it is for."""
    for number, (references, programs) in enumerate(draws.items(), start=1):
        print(
            f"{number} of {len(draws)}: {', '.join(programs)} by {', '.join(references)}",
            file=sys.stderr,
        )
        learned = infer(
            [runs[name] for name in references], relations=chosen, settings=values
        ).invariants
        yield references, check([runs[name] for name in programs], learned, settings=values)


def measured(
    runs: Mapping[str, Dataset],
    sizes: Sequence[int],
    draws: int,
    chosen: Sequence[Relation],
    values: Mapping[str, object],
) -> list[Verdict]:
    """Return the verdicts on every program, by references of each of the sizes."""
    return [
        verdict
        for size in sizes
        for references, found in judged(
            runs, drawn(sorted(runs), size, draws, SEED), chosen, values
        )
        for verdict in verdicts(found, references)
    ]


def main() -> None:
    """Read the command line, judge every program and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, required=True, help="the folder that keeps the traces")
    parser.add_argument(
        "--references", type=int, nargs="+", default=SIZES, help="how many programs to learn from"
    )
    parser.add_argument("--draws", type=int, default=DRAWS, help="draws for each program and size")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the engine"
    )
    parser.add_argument("--relations", default="", help="only these, with commas between them")
    given = parser.parse_args()
    try:
        values = settings(given.set, ())
        chosen = relations.select([name for name in given.relations.split(",") if name])
        facts = machine("torch", "duckdb")
        runs = traced(given.runs)
        found = measured(runs, given.references, given.draws, chosen, values)
    except TcEngineError as error:
        sys.exit(f"error: {error}")
    text = page(found, facts, _variant(given.set, given.relations))
    sys.stdout.write(text)
    usual = (given.references, given.draws) == (SIZES, DRAWS)
    if usual and not given.set and not given.relations:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "quality.md").write_text(text, encoding="utf-8")
        (RESULTS / "quality.json").write_text(as_json(found, facts), encoding="utf-8")


def _variant(assignments: Sequence[str], named: str) -> str:
    only = f"only {named}" if named else "every relation that is on by default"
    return f"Inference: {', '.join([only, *assignments])}."


if __name__ == "__main__":
    main()
