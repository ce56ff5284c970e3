"""What holds of every SQL file: it says what a row is, and uses declared settings only."""

from __future__ import annotations

import re

import pytest

from tc_engine.engine import sqlfiles, stages
from tc_engine.engine.sqlfiles import SqlFile

FILES = sqlfiles.files()
DECLARED = set(re.findall(r"^SET VARIABLE (\w+)", sqlfiles.find("settings").text, re.MULTILINE))
MOST_LINES = 190


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_file(file: SqlFile) -> None:
    assert file.text.startswith("-- "), "the first line says what one row is"
    assert len(file.text.splitlines()) <= MOST_LINES
    used = set(re.findall(r"getvariable\('(\w+)'\)", _code(file)))
    own = set(re.findall(r"^SET VARIABLE (\w+)", file.text, re.MULTILINE))
    ingest = file.name.startswith("0_ingest")
    loaded = {"parts", "gathered"}  # set while events are loaded
    assert ingest or used <= DECLARED | own | loaded


def test_the_flow_runs_every_file_of_the_first_stages() -> None:
    flow = stages.flow()
    assert len(flow) == len(set(flow))
    derived = {f.name for f in FILES if f.name.startswith(("1_load/", "2_derive/"))}
    assert {*flow, stages.GATHERED} == derived | {"settings", "macros"}


def _code(file: SqlFile) -> str:
    return re.sub(r"^--.*$", "", file.text, flags=re.MULTILINE)
