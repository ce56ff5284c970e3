"""Lines of the program's code, where its files are there as they were when the run was made.

A manifest may come from a stranger: a file is shown only if it has the digest that the manifest
tells, so that none can be shown that the stranger does not have.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tc_engine.dataset import Manifest
from tc_engine.sourcefiles import content_of, digest_of, split_place

MOST_LETTERS = 120


@dataclass(frozen=True)
class Source:
    """A place in the program, such as `train.py:42`, and what stands there, where known."""

    place: str
    line: str | None

    def __str__(self) -> str:
        return self.place + (f": {self.line}" if self.line else "")


class SourceFiles:
    """The files of the program of a run."""

    def __init__(self, manifest: Manifest) -> None:
        digests, directory = manifest.notes.get("files"), manifest.notes.get("directory")
        self._digests = digests if isinstance(digests, dict) else {}
        self._directory = directory if isinstance(directory, str) else "."
        self._lines: dict[str, list[bytes]] = {}

    def source(self, place: str | None) -> Source | None:
        """Return a place with its line; None for none."""
        if place is None:
            return None
        file, number = split_place(place)
        if file not in self._lines:
            self._lines[file] = self._read(file)
        lines = self._lines[file]
        if number is None or not 0 < number <= len(lines):
            return Source(place, None)
        text = lines[number - 1].decode("utf-8", "replace").strip()
        return Source(
            place, text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 3]}..."
        )

    def _read(self, file: str) -> list[bytes]:
        """Return the lines of a file that is as it was, else none."""
        digest = self._digests.get(file)
        for candidate in self._candidates(file) if digest else ():
            content = content_of(candidate)
            if content is not None and digest_of(content) == digest:
                return content.splitlines()
        return []

    def _candidates(self, file: str) -> Iterator[Path]:
        """Yield where a file may be: as the run names it, and below the folder we are in."""
        for path in (Path(self._directory, file), Path(file)):
            try:
                yield path.expanduser()
            except RuntimeError:  # there is no home directory
                yield path
