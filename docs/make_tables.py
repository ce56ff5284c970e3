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
    events = {column.name: column.meaning for column in COLUMNS}
    lines = [HEAD]
    with Session() as session:
        stages.prepare(session, [open_dataset(SAMPLE)])
        # A column that has its name from another table is explained once.
        shared = dict(
            session.rows(
                "SELECT column_name, arg_min(comment, table_name) FROM duckdb_columns() "
                "WHERE comment IS NOT NULL GROUP BY column_name"
            )
        )
        tables = session.rows(
            "SELECT table_name, comment FROM duckdb_tables() WHERE comment IS NOT NULL UNION ALL "
            "SELECT view_name, comment FROM duckdb_views() WHERE comment IS NOT NULL "
            "ORDER BY table_name"
        )
        for table, comment in tables:
            lines += [f"## {table}\n", f"{comment}.\n", "| column | type | meaning |"]
            lines += ["| --- | --- | --- |"]
            columns = session.rows(
                "SELECT column_name, regexp_replace(data_type, '^ENUM.*', 'ENUM', 's'), comment "
                "FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index",
                [table],
            )
            for name, kind, meaning in columns:
                own = events.get(name) if table == "events" else None
                shown = meaning or own or shared.get(name) or events.get(name, "")
                lines.append(f"| `{name}` | {kind} | {shown.replace('|', chr(92) + '|')} |")
            lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
