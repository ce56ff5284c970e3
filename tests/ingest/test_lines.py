from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pytest

from tc_engine.errors import DataError
from tc_engine.ingest import lines
from tc_engine.ingest.lines import LineReader


def read(*files: Path) -> list[tuple[int, int, str | None, str | None]]:
    table = LineReader(files, lambda _: None).reader().read_all()
    return [tuple(row.values()) for row in table.to_pylist()]


def test_lines_are_numbered_as_in_the_file(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_bytes(b"one\n\n  \r\ntwo\n")
    second.write_bytes("drei ä\nno newline".encode())
    assert read(first, second) == [
        (0, 1, "one\n", None),
        (0, 2, "\n", None),
        (0, 3, "  \r\n", None),
        (0, 4, "two\n", None),
        (1, 1, "drei ä\n", None),
        (1, 2, "no newline", None),
    ]


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    empty = tmp_path / "a"
    empty.touch()
    assert read(empty) == []


def test_a_line_that_is_not_utf8_is_given_as_a_problem(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"one\n\xff\xfe\nthree\n")
    assert read(file) == [
        (0, 1, "one\n", None),
        (0, 2, None, "not UTF-8"),
        (0, 3, "three\n", None),
    ]


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 1000])
def test_the_size_of_the_chunks_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(lines, "CHUNK", chunk)
    monkeypatch.setattr(lines, "_DECODED", chunk)
    content = "a\n\nlong line ä\n\n\nend".encode()
    plain, packed = tmp_path / "a", tmp_path / "b.gz"
    plain.write_bytes(content)
    packed.write_bytes(gzip.compress(content))
    expected = list(enumerate(["a\n", "\n", "long line ä\n", "\n", "\n", "end"], start=1))
    assert read(plain, packed) == [
        (file, number, text, None) for file in (0, 1) for number, text in expected
    ]


def compressed(content: bytes, suffix: str) -> bytes:
    if suffix == ".gz":
        return gzip.compress(content)
    packed: bytes = pa.compress(content, codec="zstd", asbytes=True)
    return packed


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_compressed_files_are_read(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"a{suffix}"
    file.write_bytes(compressed(b"one\ntwo\n", suffix) + compressed(b"three\n", suffix))
    assert [row[2] for row in read(file)] == ["one\n", "two\n", "three\n"]


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_what_can_be_read_of_a_truncated_file_is_kept(tmp_path: Path, suffix: str) -> None:
    # Numbers that compress badly enough to fill several blocks of both formats.
    content = b"".join(b"%d\n" % (number**5 % 1_000_003) for number in range(200_000))
    packed = compressed(content, suffix)
    file = tmp_path / f"a{suffix}"
    file.write_bytes(packed[: len(packed) // 2])
    *kept, last = read(file)
    assert len(kept) > 20_000
    text = b"".join(row[2].encode() for row in kept if row[2])
    assert text == content[: len(text)]
    assert last[1:3] == (len(kept) + 1, None)
    assert str(last[3]).startswith("damaged file: ")


def test_a_file_that_only_claims_to_be_compressed_is_a_problem(tmp_path: Path) -> None:
    file = tmp_path / "a.gz"
    file.write_bytes(b'{"type": "plain"}\n')
    [(_, line, text, problem)] = read(file)
    assert (line, text) == (1, None)
    assert str(problem).startswith("damaged file: ")


def test_a_file_that_is_gone_is_an_error_that_names_it(tmp_path: Path) -> None:
    reader = LineReader([tmp_path / "gone"], lambda _: None)
    with pytest.raises(Exception, match="gone"):
        reader.reader().read_all()
    assert isinstance(reader.error, DataError)
    assert "gone" in reader.error.message
