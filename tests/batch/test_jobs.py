"""What a file of jobs says, and how it is told what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tc_engine.batch.jobs import Job, read
from tc_engine.batch.run import Budget
from tc_engine.engine.resources import parse_size
from tc_engine.errors import DataError, UsageError

FLOW = """
[[check]]
name = "nightly"
runs = ["store/tuesday"]
invariants = ["store/rules.json"]
output = "store/nightly"

[[infer]]
name = "rules"
runs = ["store/good-*", "old/good"]
output = "store/rules.json"
options = ["--min-support", "3"]
memory = "2GB"
threads = 2
work = "store/known"

[[ingest]]
name = "monday"
traces = ["raw/monday"]
output = "store/good-monday"

[[ingest]]
name = "tuesday"
traces = ["raw/tuesday"]
output = "store/tuesday"
after = ["monday"]
"""


def jobs(folder: Path, text: str) -> list[Job]:
    file = folder / "jobs.toml"
    file.write_text(text, encoding="utf-8")
    return read(file)


def test_jobs_come_after_those_whose_output_they_read(tmp_path: Path) -> None:
    (tmp_path / "store/good-sunday").mkdir(parents=True)
    (tmp_path / "store/.good-lock").touch()
    found = {job.name: job for job in jobs(tmp_path, FLOW)}
    assert {name: sorted(job.needs) for name, job in found.items()} == {
        "monday": [],
        "tuesday": ["monday"],
        "rules": ["monday"],
        "nightly": ["rules", "tuesday"],
    }
    order = list(found)
    assert all(order.index(n) < order.index(job.name) for job in found.values() for n in job.needs)
    store = tmp_path / "store"
    assert found["rules"].arguments(Path("out")) == [
        *("infer", "-f", f"{store}/good-monday", f"{store}/good-sunday", f"{tmp_path}/old/good"),
        *("--min-support", "3", "--work", f"{store}/known", "-o", "out"),
    ]
    assert found["monday"].arguments(Path("out")) == [
        "ingest",
        f"{tmp_path}/raw/monday",
        "-o",
        "out",
    ]
    assert (found["rules"].memory, found["rules"].threads) == (2 * 10**9, 2)


INFER = '[[infer]]\nname = "a"\nruns = ["r"]\noutput = "o"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "states no job"),
        ("[[infer]\n", "line 1"),
        ("[[infre]]\n", "the file has the key 'infre'"),
        ("infer = 3\n", "infer is no list of tables"),
        ('[[infer]]\nruns = ["r"]\noutput = "o"\n', "infer 1 needs name"),
        ('[[infer]]\nname = "a"\noutput = "o"\n', "a needs a list runs"),
        ('[[infer]]\nname = "a"\nruns = ["r"]\n', "a needs output"),
        (INFER + 'run = "x"\n', "a has the key 'run'. Did you mean runs"),
        (INFER + "options = [1]\n", "a needs a list options"),
        (INFER + 'options = ["--output=x"]\n', "--output=x is not for options"),
        (INFER + 'threads = "two"\n', "threads is no number"),
        (INFER + 'memory = "lots"\n', "'lots' is no size"),
        (INFER + 'after = ["b"]\n', "a comes after b, which is no job"),
        (INFER + INFER, "two jobs are called a"),
        (INFER + INFER.replace('"a"', '"b"'), "a have the same output"),
        (INFER.replace('"r"', '"o"'), "jobs wait for each other"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        jobs(tmp_path, text)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot read"):
        read(tmp_path / "none.toml")


def test_a_budget_is_for_all_jobs_together() -> None:
    def job(threads: int | None = None, memory: int | None = None) -> Job:
        return Job("infer", "a", {}, Path("o"), threads=threads, memory=memory)

    budget = Budget(jobs=3, threads=4, memory=900)
    assert (budget.threads_of(job()), budget.memory_of(job())) == (1, 300)
    assert budget.fits([job(), job(), job()])
    assert not budget.fits([job()] * 4)
    assert budget.fits([job(3, 600), job()])
    assert not budget.fits([job(3, 601), job()])
    assert not budget.fits([job(4), job()])
    assert Budget(jobs=4, threads=2, memory=900).fits([job()] * 4), "fewer threads than jobs"


@pytest.mark.parametrize(
    ("text", "size"),
    [("4GB", 4 * 10**9), ("512MiB", 2**29), ("1.5 kB", 1500), ("7", 7), ("2T", 2 * 10**12)],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size
