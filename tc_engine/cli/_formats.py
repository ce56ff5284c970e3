"""Write rows: as a table for people, as CSV, JSON and JSON Lines for programs.

NULL is empty in CSV (an empty text is `""`) and `null` in JSON. Numbers are written exactly. JSON
has no NaN and no infinities: they are the strings "NaN", "Infinity" and "-Infinity".
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TextIO

from rich.cells import cell_len

from tc_engine.cli._console import printable
from tc_engine.cli._rows import Column, Kind, Row

Batches = Iterable[Sequence[Row]]
Cell = Callable[[object], str]

TABLE_CELL = 80  # widest cell of a table, in characters
_QUOTED = re.compile(r'[",\r\n]')
_NOT_A_NUMBER = re.compile(r"\b(?:NaN|Infinity)\b")


def write_csv(columns: Sequence[Column], batches: Batches, out: TextIO) -> None:
    """Write a header line and a line per row."""
    out.write(",".join(_csv_text(column.name) for column in columns) + "\n")
    for batch in batches:
        out.writelines(",".join(cells) + "\n" for cells in _cells(columns, batch, _CSV, ""))


def write_json(columns: Sequence[Column], batches: Batches, out: TextIO) -> None:
    """Write one array with an object per row."""
    before = "["
    for line in objects(columns, batches):
        out.write(f"{before}\n{line}")
        before = ","
    out.write("[]\n" if before == "[" else "\n]\n")


def write_jsonl(columns: Sequence[Column], batches: Batches, out: TextIO) -> None:
    """Write one object per row, each on a line."""
    out.writelines(f"{line}\n" for line in objects(columns, batches))


def write_table(columns: Sequence[Column], batches: Batches, out: TextIO) -> None:
    """Write aligned columns, numbers to the right; long cells are cut, with an ellipsis.

    The widths need all rows, so give it only as many as a person reads.
    """
    names = [_shown(column.name) for column in columns]
    lines = list(_cells(columns, chain.from_iterable(batches), _TABLE, "NULL"))
    widths = [max(map(cell_len, cells)) for cells in zip(names, *lines, strict=True)]
    for line in (names, ["-" * width for width in widths], *lines):
        padded = (
            " " * (width - cell_len(cell)) + cell
            if column.kind is Kind.NUMBER
            else cell + " " * (width - cell_len(cell))
            for cell, width, column in zip(line, widths, columns, strict=True)
        )
        out.write("  ".join(padded).rstrip() + "\n")


def objects(columns: Sequence[Column], batches: Batches) -> Iterator[str]:
    """Yield an object per row, as a line of JSON."""
    keys = [json.dumps(name, ensure_ascii=False) for name in _unique(columns)]
    for batch in batches:
        for cells in _cells(columns, batch, _JSON, "null"):
            pairs = (f"{key}: {cell}" for key, cell in zip(keys, cells, strict=True))
            yield "{" + ", ".join(pairs) + "}"


def _cells(
    columns: Sequence[Column], rows: Iterable[Row], form: Mapping[Kind, Cell], null: str
) -> Iterator[list[str]]:
    cells = [form[column.kind] for column in columns]
    for row in rows:
        yield [
            null if value is None else cell(value) for cell, value in zip(cells, row, strict=True)
        ]


def _unique(columns: Sequence[Column]) -> list[str]:
    """Return the names of the columns, repeated ones numbered: an object holds a key once."""
    names: list[str] = []
    for column in columns:
        name, number = column.name, 0
        while name in names:
            number += 1
            name = f"{column.name}_{number}"
        names.append(name)
    return names


def _csv_text(value: object) -> str:
    text = str(value)
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) or not text else text


def _lower(value: object) -> str:
    return str(value).lower()


def _json_text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _json_number(value: object) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return '"NaN"' if math.isnan(value) else '"Infinity"' if value > 0 else '"-Infinity"'
    return str(value)


def _json_value(value: object) -> str:
    """Return a JSON text as it stands, but on one line and in strict JSON."""
    text = str(value)
    if _NOT_A_NUMBER.search(text):
        strict = json.loads(text, parse_constant=str)
        text = json.dumps(strict, ensure_ascii=False, separators=(",", ":"))
    return text.replace("\n", " ").replace("\r", " ")


def _shown(value: object) -> str:
    text = " ".join(printable(str(value)).split("\n"))
    if len(text) > TABLE_CELL:
        text = text[: TABLE_CELL - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return text.replace("\t", " ")


_CSV: dict[Kind, Cell] = {
    Kind.TEXT: _csv_text,
    Kind.NUMBER: str,
    Kind.BOOLEAN: _lower,
    Kind.JSON: lambda value: _csv_text(_json_value(value)),
}
_JSON: dict[Kind, Cell] = {
    Kind.TEXT: _json_text,
    Kind.NUMBER: _json_number,
    Kind.BOOLEAN: _lower,
    Kind.JSON: _json_value,
}
_TABLE: dict[Kind, Cell] = {
    Kind.TEXT: _shown,
    Kind.NUMBER: str,
    Kind.BOOLEAN: _lower,
    Kind.JSON: _shown,
}
