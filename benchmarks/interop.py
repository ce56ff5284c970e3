"""Let TrainCheck 0.2.0 read and check our invariants, and write docs/interop.md.

    make interop TRACES=../shared/traces

sets TrainCheck up in .interop, runs `python -m benchmarks.interop ../shared/traces`, prints the
tables and puts them into the marked part of the page. Nothing of TrainCheck is imported: the two
programs meet in files. Ends with 1 where a difference has no explanation.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import interop_page as page
from benchmarks.compatibility.statements import is_about_module
from benchmarks.interop_page import NOT_TRIGGERED, PASSED, VIOLATED, Compared, Reading, Verdict
from benchmarks.traces import unpack
from tc_engine import invariants, relations
from tc_engine.dataset import open_dataset
from tc_engine.invariants import Invariant, from_json
from tc_engine.pipelines.infer import infer
from tests.worked_examples import WORKED
from tests.worked_examples_more import WORKED_MORE

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "interop.md"
OURS = (sys.executable, "-m", "tc_engine")
OUR_CHECK = (*OURS, "check", "--exit-zero")
THEIR_CHECK = (str(ROOT / ".interop" / "bin" / "traincheck-check"), "--no-html-report")

LOGS = {VIOLATED: "failed.log", PASSED: "passed.log", NOT_TRIGGERED: "not_triggered.log"}
COVER, LEAD = "FunctionCoverRelation", "FunctionLeadRelation"
DISTINCT = "DistinctArgumentRelation"
OF_MODULE = "theirs sees no call of a function that every Module has, as train and eval (Q32)"

COVER_PASSES = "theirs files a satisfied Cover invariant as not triggered (Q52)"
ADDRESSES = "the arguments of the two calls differ in the addresses of tensors only (Q55)"
ALL_AT_ONCE = "theirs asks the precondition of all calls at once (Q56)"

ALWAYS = {"distinct_arg": {"inverted": False, "preconditions": [{"clauses": "Unconditional"}]}}
Verdicts = dict[str, Verdict]


def run(command: Sequence[object], scratch: Path) -> str:
    """Run a program in a folder, where it may leave its log. Return why it failed, if it did."""
    words = [str(part) for part in command]
    done = subprocess.run(words, cwd=scratch, capture_output=True, check=False, text=True)
    if not done.returncode:
        return ""
    return done.stderr.strip().split("\n")[-1] or f"it ended with {done.returncode}"


def must_run(*command: object, scratch: Path) -> None:
    """Run a program that must not fail."""
    print("running", *command, file=sys.stderr)
    if reason := run(command, scratch):
        sys.exit(f"{command[0]} failed: {reason}")


def readable(trace: Path, scratch: Path) -> list[Reading]:
    """Give TrainCheck what the worked examples of the tests teach, a file for each relation."""
    by_relation: dict[str, list[Invariant]] = defaultdict(list)
    for name, make in {**WORKED, **WORKED_MORE}.items():
        runs = [
            open_dataset(one.write(scratch / "worked" / name / key))
            for key, one in make().traces.items()
        ]
        for one in infer(runs, relations=relations.discover()).invariants:
            by_relation[one.relation].append(one)
    found = []
    for relation, known in sorted(by_relation.items()):
        path = scratch / f"{relation}.json"
        invariants.write(path, known)
        refused = run([*THEIR_CHECK, "-f", trace, "-i", path, "-o", path.with_suffix("")], scratch)
        found.append(Reading(relation, len(known), refused))
    return found


def compare(learned: Path, dataset: Path, trace: Path, scratch: Path) -> list[Compared]:
    """Let both check the faulty run, as dataset and as trace, with one file of invariants."""
    theirs = checked(THEIR_CHECK, trace, learned, scratch)
    ours = checked(OUR_CHECK, dataset, learned, scratch)
    everywhere = learned.with_suffix(".unconditional")
    everywhere.write_text(unconditional(learned.read_text(encoding="utf-8")), encoding="utf-8")
    pairs = checked(OUR_CHECK, dataset, everywhere, scratch)
    missing = Verdict(page.MISSING, {})
    return [
        Compared(
            one.content["invariant"]["relation"],
            one.content["invariant"]["text_description"],
            other := theirs.get(rule, missing),
            one,
            "" if other.says == one.says else reason(other, one, pairs.get(rule, missing)),
        )
        for rule, one in sorted(ours.items())
    ]


def unconditional(lines: str) -> str:
    """Return the DistinctArgument invariants of a file without their preconditions."""
    known = [one for one in map(json.loads, lines.splitlines()) if one["relation"] == DISTINCT]
    return "".join(json.dumps(one | {"precondition": ALWAYS}) + "\n" for one in known)


def checked(command: Sequence[str], trace: Path, learned: Path, scratch: Path) -> Verdicts:
    """Check a run with either program and return the verdicts."""
    results = Path(tempfile.mkdtemp(dir=scratch)) / "results"
    must_run(*command, "-f", trace, "-i", learned, "-o", results, scratch=scratch)
    return read(results)


def reason(theirs: Verdict, ours: Verdict, all_pairs: Verdict) -> str:
    """Tell why two verdicts differ; `all_pairs` is ours if the precondition always held."""
    relation, says = ours.content["invariant"]["relation"], (theirs.says, ours.says)
    if relation == COVER and says == (NOT_TRIGGERED, PASSED):
        return COVER_PASSES
    if relation in (COVER, LEAD) and is_about_module(from_json(ours.content["invariant"])):
        return OF_MODULE
    if relation == DISTINCT and says == (PASSED, VIOLATED):
        first, second = (call["args"] for call in ours.content["trace"])
        if first != second and without_addresses(first) == without_addresses(second):
            return ADDRESSES
    if relation == DISTINCT and theirs.says == NOT_TRIGGERED:
        # If all calls met it together, then every pair of them would.
        judged, pairs = (one.content["num_triggered_examples"] for one in (ours, all_pairs))
        if judged < pairs:
            return ALL_AT_ONCE
    return page.UNEXPLAINED


def without_addresses(value: Any) -> Any:
    """Return a logged argument without the addresses that TrainCheck records."""
    if isinstance(value, dict):
        kept = {key: one for key, one in value.items() if not key.startswith("_TRAINCHECK_")}
        return {key: without_addresses(one) for key, one in kept.items()}
    return [without_addresses(one) for one in value] if isinstance(value, list) else value


def key(invariant: dict[str, Any]) -> str:
    """Return what tells an invariant from the others of its file."""
    return json.dumps([invariant["relation"], invariant["params"]], sort_keys=True)


def read(results: Path) -> Verdicts:
    """Read the verdicts from the result files of either program."""
    return {
        key(one["invariant"]): Verdict(says, one)
        for says, log in LOGS.items()
        for path in results.glob(f"*/{log}")
        for one in objects(path.read_text(encoding="utf-8"))
    }


def objects(text: str) -> Iterator[dict[str, Any]]:
    """Read JSON objects that follow each other."""
    while text := text.lstrip():
        content, end = json.JSONDecoder().raw_decode(text)
        yield content
        text = text[end:]


def main(traces: Path) -> None:
    """Compare the verdicts on the faulty run, and bring the page up to date."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        names = ("mmpretrain-702", "tutorial-mnist", "tutorial-84911")
        small, good_trace, faulty_trace = (unpack(traces, name, scratch) for name in names)
        reading = readable(small, scratch)
        good, faulty = scratch / "good", scratch / "faulty"
        for trace, dataset in ((good_trace, good), (faulty_trace, faulty)):
            must_run(*OURS, "ingest", trace, "-o", dataset, scratch=scratch)
        unknown = [one.relation for one in reading if one.refused]
        without = ["--disable-relation", *unknown] if unknown else []
        compared = {}
        for title, runs in (("the good run", (good,)), ("both runs", (good, faulty))):
            learned = scratch / f"{len(runs)}.json"
            must_run(*OURS, "infer", "-f", *runs, *without, "-o", learned, scratch=scratch)
            compared[f"Learned from {title}"] = compare(learned, faulty, faulty_trace, scratch)
    tables = page.tables(reading, compared)
    page.put(tables, PAGE)
    print(tables)
    if page.unexplained(reading, compared):
        sys.exit("Some differences have no explanation: see the page.")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
