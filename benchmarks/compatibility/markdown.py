"""Tables and names in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lay out a table; numbers go to the right."""
    lines = [[_cell(cell) for cell in row] for row in rows]
    aligned = ["---:" if _is_number(column) else "---" for column in zip(*lines, strict=True)]
    return "\n".join(
        "| " + " | ".join(line) + " |"
        for line in (header, aligned or ["---"] * len(header), *lines)
    )


def short(relation: str) -> str:
    """Shorten a relation's name in files to the one that readers know."""
    return relation.removesuffix("Relation").removeprefix("API").removeprefix("Function")


def _cell(value: object) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return str(value).replace("|", "\\|")


def _is_number(column: Iterable[str]) -> bool:
    return all(cell.replace(",", "").isdigit() for cell in column)
