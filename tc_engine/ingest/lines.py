"""The lines of trace files, plain or compressed, as a stream of Arrow batches.

A batch has about CHUNK bytes, so memory does not grow with the files. A row is one line: the number
of its file, its number in the file (from 1), its text with its newline, and what is wrong with it
where it cannot be given as text. A compressed file that ends early or is damaged gives the lines
that could be read and one more row that says so.
"""

from __future__ import annotations

import io
from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path

import pyarrow as pa

from tc_engine.errors import DataError

CHUNK = 4 << 20
CODECS = {".gz": "gzip", ".zst": "zstd"}
# A decoder that meets damage loses what it had decoded in that call: little at a time, little lost.
_DECODED = 16 << 10

LINE_SCHEMA = pa.schema(
    [
        pa.field("file_no", pa.int64()),
        pa.field("line_no", pa.int64()),
        pa.field("line", pa.large_string()),
        pa.field("problem", pa.string()),
    ]
)


class _DamageError(Exception):
    """A compressed file cannot be decoded any further."""


class LineReader:
    """The lines of some files, to be read once, from the first file to the last.

    `error` is what ended the reading early, if anything did: whoever pulls the batches may wrap or
    lose an exception on its way.
    """

    def __init__(self, files: Sequence[Path], progress: Callable[[str], None]) -> None:
        self.error: BaseException | None = None
        self._files = files
        self._progress = progress

    def reader(self) -> pa.RecordBatchReader:
        """Return the batches, with the columns of LINE_SCHEMA."""
        return pa.RecordBatchReader.from_batches(LINE_SCHEMA, self._batches())

    def _batches(self) -> Iterator[pa.RecordBatch]:
        try:
            for number, file in enumerate(self._files):
                self._progress(f"reading {file.name} ({number + 1} of {len(self._files)})")
                yield from _file_batches(number, file)
        except (Exception, KeyboardInterrupt) as error:
            self.error = error
            raise


def _file_batches(file_no: int, file: Path) -> Iterator[pa.RecordBatch]:
    line_no = 1
    try:
        with file.open("rb") as raw:
            for text in _whole_lines(_chunks(raw, CODECS.get(file.suffix))):
                batch = _batch(file_no, line_no, text)
                yield batch
                line_no += len(batch)
    except _DamageError as damage:
        row = {"file_no": file_no, "line_no": line_no, "problem": f"damaged file: {damage}"}
        yield pa.RecordBatch.from_pylist([row], LINE_SCHEMA)
    except OSError as error:
        raise DataError(
            f"cannot read {file}: {error.strerror or error}", "Check the file and its permissions"
        ) from error


def _chunks(raw: io.BufferedReader, codec: str | None) -> Iterator[bytes]:
    """Yield the content in pieces; raise _DamageError after all that could be decoded."""
    if codec is None:
        while chunk := raw.read(CHUNK):
            yield chunk
        return
    stream = pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), codec)
    pieces: list[bytes] = []
    try:
        while piece := stream.read(_DECODED):
            pieces.append(piece)
            if len(pieces) * _DECODED >= CHUNK:
                yield b"".join(pieces)
                pieces = []
    except (OSError, pa.ArrowException) as error:
        yield b"".join(pieces)
        raise _DamageError(str(error)) from error
    yield b"".join(pieces)


def _whole_lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield texts of whole lines. The last one needs no newline; one cut off by damage is lost."""
    pieces: list[bytes] = []
    for chunk in chunks:
        end = chunk.rfind(b"\n") + 1
        if end == 0:
            pieces.append(chunk)
        else:
            yield b"".join([*pieces, memoryview(chunk)[:end]])
            pieces = [chunk[end:]]
    if rest := b"".join(pieces):
        yield rest


def _batch(file_no: int, first: int, text: bytes) -> pa.RecordBatch:
    """Make rows of the lines of a text, which is not copied."""
    ends = array("q", accumulate(map(len, io.BytesIO(text)), initial=0))
    count = len(ends) - 1
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(text)]
    lines = pa.Array.from_buffers(pa.large_string(), count, buffers)
    problems = pa.nulls(count, pa.string())
    try:
        lines.validate(full=True)
    except pa.ArrowInvalid:
        found = pa.Array.from_buffers(pa.large_binary(), count, buffers).to_pylist()
        decoded = [_text(line) for line in found]
        lines = pa.array(decoded, pa.large_string())
        problems = pa.array(
            [None if text is not None else "not UTF-8" for text in decoded], pa.string()
        )
    numbers = pa.array(range(first, first + count), pa.int64())
    return pa.RecordBatch.from_arrays(
        [pa.repeat(pa.scalar(file_no, pa.int64()), count), numbers, lines, problems],
        schema=LINE_SCHEMA,
    )


def _text(line: bytes) -> str | None:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return None
