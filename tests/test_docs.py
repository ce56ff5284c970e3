"""The documents say what is so."""

from __future__ import annotations

import json
import re
import runpy
from collections import Counter
from pathlib import Path

import pytest
import typer

from tc_engine import relations
from tc_engine.batch.board import State
from tc_engine.cli.app import app
from tc_engine.dataset import open_dataset
from tc_engine.diagnosis import diagnose, evidence
from tc_engine.invariants import KINDS, OVER_BUDGET
from tc_engine.learn.hypotheses import FEW_POSITIVES, NO_PRECONDITION
from tc_engine.pipelines.check import OUTCOMES, check
from tc_engine.pipelines.diff import SECTIONS
from tc_engine.pipelines.infer import infer
from tc_engine.report import document, results, summary
from tc_engine.schema import COLUMNS

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("", "docs/", "data/**/", "examples/**/", "benchmarks/**/")
PAGES = sorted(page for folder in FOLDERS for page in ROOT.glob(f"{folder}*.md"))


def test_the_tables_page_is_the_one_that_make_docs_writes() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "make_tables.py"))
    assert (ROOT / "docs" / "tables.md").read_text(encoding="utf-8") == made["page"]()


@pytest.mark.parametrize("environment", [{}, {"COLUMNS": "40", "TC_ENGINE_THREADS": "3"}])
def test_the_commands_page_is_the_one_that_make_docs_writes(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    made = runpy.run_path(str(ROOT / "docs" / "make_commands.py"))
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == made["page"]()


def test_the_commands_page_has_every_option() -> None:
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    for name, command in typer.main.get_command(app).commands.items():
        for option in (one for param in command.params for one in param.opts):
            assert not option.startswith("-") or option in sections[name], (name, option)


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    found: Counter[str] = Counter()
    for heading in re.findall(r"^#+ (.+)$", text, re.M):
        shown = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading.replace("`", "")).strip().lower()
        found[re.sub(r"[^\w\- ]", "", shown).replace(" ", "-")] += 1
    return {f"{one}-{n}" if n else one for one, count in found.items() for n in range(count)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if target.startswith("http"):
            continue
        file, _, anchor = target.partition("#")
        there = page.parent / file if file else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


def test_anchors_are_those_of_github(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A `b_c`, d's\n## [Two](x.md) words\n## Two words\n```\n# no\n```\n")
    assert anchors(page) == {"a-b_c-ds", "two-words", "two-words-1"}


def test_every_page_is_found_from_the_readme() -> None:
    found, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        found.add(page)
        for target in re.findall(r"\]\(([^)#\s]+\.md)", page.read_text(encoding="utf-8")):
            there = (page.parent / target).resolve()
            if not target.startswith("http") and there not in found:
                waiting.append(there)
    assert {page for page in PAGES if page.parent == ROOT / "docs"} <= found


OUTCOMES_OF_CALLS = re.findall(
    r"'(\w+)'", next(one.meaning for one in COLUMNS if one.name == "outcome")
)
NAMES = [
    *OUTCOMES,
    *State,
    *OUTCOMES_OF_CALLS,
    *KINDS,
    *(section.name for section in SECTIONS),
    *(name for one in relations.discover() for name in (one.name, one.title)),
    *(FEW_POSITIVES, NO_PRECONDITION, OVER_BUDGET.strip(": ")),
]


@pytest.mark.parametrize("name", NAMES)
def test_the_glossary_tells_every_name_that_results_have(name: str) -> None:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    assert f"`{name}`" in text or f"\n### {name}\n" in text, name


def keys(value: object) -> set[str]:
    """The keys of an object and of those in it, but not those of records and settings."""
    if isinstance(value, list):
        return set().union(*map(keys, value))
    if not isinstance(value, dict):
        return set()
    inner = (one for key, one in value.items() if key not in {"first_violation", "settings"})
    return set(value).union(*map(keys, inner))


def test_the_keys_of_result_files_are_told(tmp_path: Path) -> None:
    samples = ROOT / "data" / "samples"
    good, bad = (open_dataset(samples / name) for name in ("digits_run", "forum_84911_run"))
    verdicts = check([bad], infer([good], relations=relations.select(["contain"])).invariants)
    results.write(verdicts, tmp_path / "results", "", {})
    summary_file = tmp_path / "results" / "forum_84911_run" / results.SUMMARY
    found = keys(document.to_document(verdicts, diagnose(verdicts), {}))
    found |= set().union(*(results.to_object(one) for one in verdicts.results))
    found |= keys(json.loads(summary_file.read_text(encoding="utf-8")))
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert found > {"is_telling", "num_violations", "display_name"}
    assert not {key for key in found if f"`{key}`" not in text}


def test_the_weights_of_findings_are_those_of_the_code() -> None:
    text = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
    claims, marks = (
        re.findall(r"^\| (.+?) \| (.+?) \|$", table, re.M)[2:]
        for table in re.findall(r"^\| (?:what the rule|evidence).*?(?=\n\n)", text, re.M | re.S)
    )
    told = [(re.sub(r" \(.*\)$", "", claim), int(points)) for claim, points in claims]
    assert sorted(told) == sorted((one.value, n) for one, n in evidence.CLAIMS.items())
    assert [points for _, points in told] == sorted((n for _, n in told), reverse=True)
    assert [re.findall(r"-?\d+", " ".join(mark)) for mark in marks] == [
        [str(evidence.ALWAYS_BROKEN)],
        [str(evidence.SUPPORT), str(evidence.MOST_SUPPORT)],
        [str(evidence.CORROBORATED), str(evidence.MOST_CORROBORATED)],
        [str(evidence.AGREEING), str(evidence.OTHER_PROGRAM)],
        [str(evidence.AT_A_STEP)],
        [str(evidence.HELPER)],
    ]
    assert f"**Below {evidence.TELLING} points**" in text
    assert set(re.findall(r"(\d+) points", text)) == {str(evidence.TELLING)}
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    assert f"A finding of {evidence.TELLING} points or more" in glossary


def test_the_samples_show_what_the_readme_says(tmp_path: Path) -> None:
    samples = ROOT / "data" / "samples"
    good, bad = (open_dataset(samples / name) for name in ("digits_run", "forum_84911_run"))
    verdicts = check([bad], infer([good], relations=relations.select()).invariants)
    lines = summary.render(verdicts, diagnose(verdicts), tmp_path).splitlines()
    first = lines[lines.index("Findings, the most telling first:") + 1]
    assert first.strip() == "1. Adadelta.step() changes no Parameter.data (non-zero -> non-zero)"
    assert first in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_column_has_a_meaning() -> None:
    assert "|  |" not in (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
