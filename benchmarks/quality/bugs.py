"""Tell how well the causes of silent bugs are found, and write benchmarks/results/bugs.md.

    python -m benchmarks.quality.bugs [--work FOLDER] [NAME ...]

collects the programs of tests/bugs (some minutes), learns from the right runs and checks the wrong
ones. With `--work` traces are kept, and made again only for programs that have changed. With names
only these bugs are looked at, and the table is printed alone.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bugs.catalogue import BUGS, Bug
from tests.bugs.runs import Runs, Verdict

PAGE = Path(__file__).resolve().parents[1] / "results" / "bugs.md"
HEADER = (
    "bug",
    "what it is",
    "from",
    "cause found at",
    "findings",
    "violated",
    "rules",
    "false alarms",
    "first finding",
)
INTRODUCTION = """\
# Silent bugs: is the cause found?

Written by `python -m benchmarks.quality.bugs`. Each row is a small training program with a bug
(`tests/bugs/programs/`) that raises no error. Rules are learned from right runs of the same program
with other seeds and sizes, and from other programs (`tests/bugs/catalogue.py`); then the wrong run
is checked.

- *cause found at*: place of the first finding that names the cause, "in N" where another rule
  of that finding gives it its title; "no" where no violated rule names it, with what is lacking.
- *violated*: broken rules, of so many *rules* that were learned.
- *false alarms*: broken rules in the right version with the options of the wrong one, which was not
  learned from.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="bugs to look at; all without")
    parser.add_argument("--work", type=Path, help="folder that keeps the traces")
    options = parser.parse_args()
    if unknown := set(options.names) - {bug.name for bug in BUGS}:
        parser.error(f"there is no bug {', '.join(sorted(unknown))}")
    chosen = [bug for bug in BUGS if not options.names or bug.name in options.names]
    with tempfile.TemporaryDirectory() as scratch:
        runs = Runs(options.work or Path(scratch))
        judged = [_judge(runs, bug) for bug in chosen]
    text = "\n".join([INTRODUCTION, _summary(judged), "", _table(judged), ""])
    print(text)
    if not options.names:
        PAGE.write_text(text, encoding="utf-8")


def _judge(runs: Runs, bug: Bug) -> tuple[Verdict, Verdict]:
    print(f"{bug.name} ...", file=sys.stderr)
    return runs.wrong(bug), runs.right(bug)


def _summary(judged: Sequence[tuple[Verdict, Verdict]]) -> str:
    ranks = [wrong.rank for wrong, _ in judged]
    found = [rank for rank in ranks if rank is not None]
    first = sum(rank == 1 for rank in found)
    third = sum(rank <= 3 for rank in found)
    return (
        f"Of {len(ranks)} bugs the cause of {len(found)} is found: {first} times by the first "
        f"finding, {third} times by the first three."
    )


def _table(judged: Sequence[tuple[Verdict, Verdict]]) -> str:
    rows = [_row(wrong, right) for wrong, right in judged]
    lines = [HEADER, ["---"] * len(HEADER), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _row(wrong: Verdict, right: Verdict) -> tuple[object, ...]:
    bug, found = wrong.bug, wrong.findings
    return (
        bug.name,
        bug.sentence,
        bug.source,
        _place(wrong),
        len(found),
        len(wrong.violated),
        len(wrong.check.invariants),
        len(right.violated),
        found[0].title if found else "",
    )


def _place(verdict: Verdict) -> str:
    if verdict.rank is None:
        return f"no: {verdict.bug.lacks}" if verdict.bug.lacks else "no"
    return str(verdict.rank) if verdict.leads else f"in {verdict.rank}"


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    main()
