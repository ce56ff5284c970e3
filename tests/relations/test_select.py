"""Relations are found by their folder, and chosen by either of their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from tc_engine import relations
from tc_engine.engine import sqlfiles
from tc_engine.errors import UsageError


def names(*args: list[str]) -> list[str]:
    return [relation.name for relation in relations.select(*args)]


BY_DEFAULT = [
    "consistency",
    "consistent_argument",
    "contain",
    "cover",
    "distinct_argument",
    "input_output",
    "lead",
    "output",
    "threshold",
]


def test_all_but_periodic_by_default() -> None:
    assert names() == BY_DEFAULT
    assert names(["VarPeriodicChangeRelation"]) == ["periodic"]


def test_enable_replaces_and_disable_removes() -> None:
    assert names(["APIContainRelation", "lead"]) == ["contain", "lead"]
    disabled = ["FunctionLeadRelation", "FunctionCoverRelation"]
    assert names([], disabled) == [name for name in BY_DEFAULT if name not in ("cover", "lead")]
    assert names(["lead"], ["lead"]) == []


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"no relation 'leed'.*lead \(FunctionLeadRelation\)"):
        relations.select(["leed"])


def test_every_relation_has_its_two_queries_and_every_folder_its_page() -> None:
    folders = {path.name for path in (sqlfiles.sql_root() / sqlfiles.RELATIONS).iterdir()}
    assert folders == {*names(), "periodic"}
    for name in folders:
        for query in ("hypotheses", "examples"):
            assert Path(sqlfiles.find(f"{name}/{query}").path).is_file()
