"""How often correct programs are accused that no rule was made with; write results/holdout.md.

    python -m benchmarks.quality.holdout --runs .quality-runs --work .bug-runs

What is left out of inference was chosen while looking at the programs of examples/. Here these
teach, all together, and the right versions of the programs of tests/bugs are checked by what they
say. Traces are kept in the two folders, as `false_alarms` and `bugs` do.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import fmean

from benchmarks.compatibility.markdown import table
from benchmarks.quality.programs import traced
from benchmarks.quality.verdicts import Verdict, verdicts
from tc_engine import relations
from tc_engine.pipelines.check import check
from tc_engine.pipelines.infer import infer
from tests.bugs.catalogue import BUGS
from tests.bugs.runs import Runs

PAGE = Path(__file__).resolve().parents[1] / "results" / "holdout.md"
INTRODUCTION = """\
# Correct programs that no rule was made with

Written by `python -m benchmarks.quality.holdout --runs .quality-runs --work .bug-runs`. The
{references} programs of `examples/` teach, all together. Checked are the right versions of the
{programs} programs of `tests/bugs`, which share no code with them. What `infer` leaves out was
chosen with the former in view alone; the weights of findings also with the bugs of the latter.

Of {rules} rules {rate:.2%} are violated in a run, and {findings:.2f} findings are shown, in the
mean.
"""


def main() -> None:
    """Learn from all examples, judge the right programs of the bugs, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, required=True, help="traces of examples/")
    parser.add_argument("--work", type=Path, required=True, help="traces of tests/bugs")
    given = parser.parse_args()
    references = traced(given.runs)
    learned = infer(list(references.values()), relations=relations.select()).invariants
    runs = Runs(given.work)
    found: list[Verdict] = []
    for bug in BUGS:
        found += verdicts(check([runs.right_run(bug)], learned), tuple(references))
    rows = [
        (bug.name, one.total.triggered, one.total.violated, one.findings)
        for bug, one in zip(BUGS, found, strict=True)
    ]
    text = INTRODUCTION.format(
        references=len(references),
        programs=len(found),
        rules=len(learned),
        rate=fmean(one.rate for one in found),
        findings=fmean(one.findings for one in found),
    )
    header = ("program", "rules judged", "violated", "findings")
    PAGE.write_text(f"{text}\n{table(header, rows)}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
