"""The documents say what is so."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
import typer

from tc_engine import relations
from tc_engine.cli.app import app
from tc_engine.dataset import open_dataset
from tc_engine.diagnosis import diagnose
from tc_engine.pipelines.check import check
from tc_engine.pipelines.infer import infer
from tc_engine.report import summary

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("data/**/*.md")])


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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
        assert target.startswith("http") or (page.parent / target).exists(), target


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
