"""Write docs/tables.md: every table of the first two stages, from its comments in DuckDB."""

from __future__ import annotations

from pathlib import Path

from tc_engine.dataset import open_dataset
from tc_engine.engine import stages
from tc_engine.engine.session import Session
from tc_engine.schema import COLUMNS

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "tables.md"
SAMPLE = ROOT / "data" / "samples" / "digits_run"
HEAD = """# Tables

What `tc-engine sql RUN...` can be asked. `tc-engine sql --list` prints the first lines.
This page is made by `make docs` from the comments in the SQL files.
"""


def page() -> str:
    """Return the text of the page."""
    meanings = {("events", column.name): column.meaning for column in COLUMNS}
    meanings["events", "trace"] = "name of the run's folder, made unique"
    lines = [HEAD]
    with Session() as session:
        stages.prepare(session, [open_dataset(SAMPLE)])
        tables = session.rows(
            "SELECT table_name, comment FROM duckdb_tables() WHERE comment IS NOT NULL UNION ALL "
            "SELECT view_name, comment FROM duckdb_views() WHERE comment IS NOT NULL "
            "ORDER BY table_name"
        )
        for table, comment in tables:
            lines += [f"## {table}\n", f"{comment}.\n", "| column | type | meaning |"]
            lines += ["| --- | --- | --- |"]
            columns = session.rows(
                "SELECT column_name, data_type, comment FROM duckdb_columns() "
                "WHERE table_name = ? ORDER BY column_index",
                [table],
            )
            for name, kind, meaning in columns:
                shown = meaning or meanings.get((table, name)) or meanings.get(("events", name), "")
                lines.append(f"| `{name}` | {kind} | {shown.replace('|', chr(92) + '|')} |")
            lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
