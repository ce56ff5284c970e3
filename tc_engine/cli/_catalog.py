"""What there is to ask and to read: the SQL files, their tables, and how to run one by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tc_engine.cli._rows import Column, Kind, Row
from tc_engine.engine import sqlfiles, stages

_VARIABLE = re.compile(r"getvariable\('(\w+)'\)")
_SETTING = re.compile(r"^SET VARIABLE (\w+) = .*?;$", re.MULTILINE | re.DOTALL)
_TABLE = re.compile(r"^CREATE OR REPLACE (?:TABLE|VIEW) (\w+)", re.MULTILINE)

TABLES = """
    SELECT table_name AS "table", comment AS "what one row is" FROM duckdb_tables()
    WHERE NOT starts_with(table_name, '_')
    UNION ALL
    SELECT view_name, comment FROM duckdb_views() WHERE NOT internal
    ORDER BY ALL
"""


def listing(sql_path: Sequence[Path]) -> tuple[list[Column], Iterator[list[Row]]]:
    """Return the tables that a query can ask, then all SQL files, with what one row is."""
    columns = [Column(name, Kind.TEXT) for name in ("table", "file", "what one row is")]
    files = sqlfiles.files(sql_path)
    asked = stages.flow()
    rows: list[Row] = [
        (file.name.rpartition("/")[2] if file.name in asked else None, file.name, file.row)
        for file in sorted(files, key=lambda file: (file.name not in asked, file.name))
        if _TABLE.search(file.text)
    ]
    return columns, iter([rows])


def pasteable(
    name: str, runs: Sequence[Path], settings: Mapping[str, object], sql_path: Sequence[Path]
) -> str:
    """Return the text of a SQL file below the settings that it reads."""
    file = sqlfiles.find(name, sql_path)
    defaults = {
        match[1]: match[0] for match in _SETTING.finditer(sqlfiles.find("settings", sql_path).text)
    }
    lines = [f"-- {file.path}"]
    if runs:
        folders = ", ".join(_literal(str(run.resolve())) for run in runs)
        lines.append(f"SET VARIABLE dataset = [{folders}];")
    for variable in dict.fromkeys(_VARIABLE.findall(file.text)):
        if variable in settings:
            lines.append(f"SET VARIABLE {variable} = {_literal(settings[variable])};")
        elif variable in defaults and not (runs and variable == "dataset"):
            lines.append(defaults[variable])
    return "\n".join(lines) + "\n" + file.text


def _literal(value: object) -> str:
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)
