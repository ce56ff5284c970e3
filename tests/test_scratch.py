"""Scratch folders go away, also those of a process that was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tc_engine.engine.session import Limits, Session
from tc_engine.errors import UsageError
from tc_engine.scratch import remove_abandoned, scratch_folder

HOLD = """
import sys, time
from pathlib import Path
from tc_engine.scratch import scratch_folder
with scratch_folder(Path(sys.argv[1])) as folder:
    (folder / "spilled").write_text("x")
    print(folder, flush=True)
    time.sleep(600)
"""
LONG_AGO = (1.0, 1.0)


def test_a_folder_is_gone_at_the_end_whatever_ends_it(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), scratch_folder(tmp_path / "new") as folder:
        (folder / "file").touch()
        raise KeyboardInterrupt
    assert list((tmp_path / "new").iterdir()) == []


def test_what_a_killed_process_left_is_removed_and_no_more(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        left = Path(process.stdout.readline().strip())
        other = tmp_path / "tc-engine-notes"
        other.write_text("not a folder")
        for path in (left, other):
            os.utime(path, LONG_AGO)
        remove_abandoned(tmp_path, "tc-engine-*")
        assert (left / "spilled").exists(), "its process lives"
        process.send_signal(signal.SIGKILL)
    with scratch_folder(tmp_path):
        assert not left.exists()
    assert other.exists()


def test_a_folder_that_was_just_made_is_left_alone(tmp_path: Path) -> None:
    young = tmp_path / "tc-engine-young"
    young.mkdir()
    remove_abandoned(tmp_path, "tc-engine-*")
    assert young.exists()
    os.utime(young, LONG_AGO)
    remove_abandoned(tmp_path, "tc-engine-*")
    assert not young.exists()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    os.utime(precious, LONG_AGO)
    (tmp_path / "tc-engine-link").symlink_to(precious)
    remove_abandoned(tmp_path, "tc-engine-*")
    assert (precious / "file").exists()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(UsageError, match="no folder can be made in"), scratch_folder(file):
        pass


def test_a_session_spills_into_its_own_folder_and_removes_it(tmp_path: Path) -> None:
    limits = Limits(threads=1, memory_limit="50MB", temp_dir=tmp_path)
    with Session(limits) as session:
        session.connection.execute(
            "CREATE TABLE t AS SELECT hash(range) AS a, range::VARCHAR || 'xxxxxxxxxxxxxxxx' AS b "
            "FROM range(2000000)"
        )
        assert session.value("SELECT count(*) FROM (SELECT * FROM t ORDER BY a LIMIT 10)") == 10
        [own] = tmp_path.iterdir()
        assert any(own.iterdir()), "it spilled"
    assert list(tmp_path.iterdir()) == []
