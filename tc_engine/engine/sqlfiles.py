"""Find the SQL files: in the package, beside it in a checkout, or in a user's own folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tc_engine.errors import UsageError
from tc_engine.files import digest as digest_of_text

RELATIONS = "3_relations"
QUERIES = ("/candidates", "/hypotheses", "/examples")


@dataclass(frozen=True)
class SqlFile:
    """A file of SQL statements: its name (path without folder root and suffix), place and text."""

    name: str
    path: Path
    text: str

    @property
    def row(self) -> str:
        """The first comment line: what one row of the file's table is."""
        first = self.text.splitlines()[0] if self.text else ""
        return first.removeprefix("--").strip()


@cache
def sql_root() -> Path:
    """Return the folder that holds `settings.sql` and the stages."""
    package = Path(__file__).resolve().parent.parent
    for root in (package / "sql", package.parent / "sql"):
        if (root / "settings.sql").is_file():
            return root
    raise UsageError("the sql/ folder of tc_engine is missing", "Reinstall the package")


def find(name: str, extra: Sequence[Path] = ()) -> SqlFile:
    """Find a file by its name, such as `2_derive/calls` or, for a relation, `contain/examples`.

    A folder of `extra` wins over the package's own. Raises UsageError for an unknown name.
    """
    for root in (*extra, sql_root()):
        for path in (root / f"{name}.sql", root / RELATIONS / f"{name}.sql"):
            if path.is_file():
                found = path.relative_to(root).with_suffix("").as_posix()
                return SqlFile(found, path, path.read_text(encoding="utf-8"))
    if name.endswith(QUERIES):
        raise UsageError(
            f"there is no SQL file {RELATIONS}/{name}.sql",
            "If the relation is your own, name the folder that holds it with --sql-path",
        )
    known = ", ".join(file.name for file in files(extra))
    raise UsageError(f"there is no SQL file {name!r}", f"There are: {known}")


def files(extra: Sequence[Path] = ()) -> list[SqlFile]:
    """Return all files, in the order of the flow."""
    found: dict[str, SqlFile] = {}
    for root in (*extra, sql_root()):
        for path in sorted(root.rglob("*.sql")):
            name = path.relative_to(root).with_suffix("").as_posix()
            found.setdefault(name, SqlFile(name, path, path.read_text(encoding="utf-8")))
    return [found[name] for name in sorted(found)]


def digest(extra: Sequence[Path] = ()) -> str:
    """Return a digest of all files, which decide results as much as the version does."""
    return digest_of_text("\0".join(f"{file.name}\0{file.text}" for file in files(extra)))
