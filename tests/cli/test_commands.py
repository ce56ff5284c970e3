from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from tc_engine import relations
from tc_engine.collect import launch
from tc_engine.collect.launch import CollectOptions
from tc_engine.collect.plan import Plan
from tc_engine.dataset import open_dataset
from tests.cli.conftest import Cli, training

Launched = list[tuple[list[str], Path, CollectOptions]]


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> Launched:
    """Record what would be launched; the program ends with 7."""
    calls: Launched = []

    def stand_in(command: list[str], run: Path, options: CollectOptions) -> int:
        calls.append((command, run, options))
        return 7

    monkeypatch.setattr(launch, "launch", stand_in)
    return calls


PLAIN = CollectOptions()


@pytest.mark.parametrize(
    ("argv", "command", "options"),
    [
        ("-o run -- python x.py -o y", ["python", "x.py", "-o", "y"], PLAIN),
        ("-o run python x.py --help", ["python", "x.py", "--help"], PLAIN),
        ("--output-dir run --overwrite -- x", ["x"], CollectOptions(overwrite=True)),
        ("-o run --norms -- x", ["x"], CollectOptions(plan=Plan(norms=True))),
        ("-o run --join -- x", ["x"], CollectOptions(join=True)),
        (
            "-o run --every 50 --window 4 --warmup 0 --max-gb 2 -- x",
            ["x"],
            CollectOptions(plan=Plan(window=4, every=50, warmup=0, max_bytes=2 * 10**9)),
        ),
        (
            "-o run --groups amp --include a.* --include b.c --exclude d.* --inside data -- x",
            ["x"],
            CollectOptions(
                plan=Plan(
                    groups=("amp",), include=("a.*", "b.c"), exclude=("d.*",), inside=("data",)
                )
            ),
        ),
        ("-o run -p x.py", [sys.executable, "x.py"], PLAIN),
        ("-o run -p x.py -- --epochs 2", [sys.executable, "x.py", "--epochs", "2"], PLAIN),
        (
            "--pyscript x.py --models-to-track net head --output-dir run",
            [sys.executable, "x.py"],
            PLAIN,
        ),
    ],
)
def test_collect_runs_the_program_as_it_is(
    cli: Cli, launched: Launched, argv: str, command: list[str], options: CollectOptions
) -> None:
    outcome = cli("collect", *argv.split())
    assert outcome.code == 7
    assert launched == [(command, Path("run"), options)]


@pytest.mark.parametrize(
    ("argv", "stem"),
    [
        ("-p a/x.py", "x"),
        ("-- torchrun --nproc 2 x.py y.txt", "x"),
        ("-- /bin/train --fast", "train"),
    ],
)
def test_collect_names_the_run_after_the_script(
    cli: Cli, launched: Launched, argv: str, stem: str
) -> None:
    cli("collect", *argv.split())
    assert re.fullmatch(rf"tc_engine_run_{stem}_\d{{8}}_\d{{6}}", str(launched[0][1]))


CALL = '"process_id": 1, "thread_id": 1, "func_call_id": "a", "function": "f"'
TRACE = f"""\
{{"type": "function_call (pre)", "time": 1, {CALL}, "args": {{}}, "kwargs": {{}}}}
{{"type": "function_call (post)", "time": 2, {CALL}, "return_values": null}}
"""


@pytest.fixture
def traincheck(tmp_path: Path) -> Path:
    """A folder of TrainCheck traces: one call."""
    folder = tmp_path / "traincheck_run"
    folder.mkdir()
    (folder / "trace_API_1_1.log").write_text(TRACE)
    return folder


def test_ingest(cli: Cli, traincheck: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    outcome = cli("ingest", traincheck, "-o", run)
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == f"tc-engine: {run}: 1 file, 2 rows, 1 call\n"
    assert open_dataset(run).parts


def test_ingest_tells_what_was_wrong(cli: Cli, traincheck: Path, tmp_path: Path) -> None:
    with (traincheck / "trace_API_1_1.log").open("a") as file:
        file.write("{broken\n")
    outcome = cli("ingest", traincheck, "-o", tmp_path / "run")
    assert outcome.code == 0
    assert "warning: trace_API_1_1.log:3: " in outcome.err
    assert "1 bad json" in outcome.err
    strict = cli("ingest", traincheck, "-o", tmp_path / "strict", "--strict")
    assert strict.code == 3
    assert "trace_API_1_1.log:3" in strict.err
    assert not (tmp_path / "strict").exists()


def test_a_folder_of_traincheck_is_a_run(cli: Cli, traincheck: Path) -> None:
    outcome = cli("sql", traincheck, "-c", "SELECT trace, function FROM calls")
    assert outcome.out == "trace,function\ntraincheck_run,f\n"


def test_infer(cli: Cli, good: Path, tmp_path: Path) -> None:
    file = tmp_path / "invariants.json"
    outcome = cli("infer", "-f", good, "-o", file)
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert re.fullmatch(r"relation +hypotheses +invariants +failed +over budget", lines[0])
    listed = [line.split()[0] for line in lines[2:-1]]
    assert listed == [relation.title for relation in relations.select()]
    written = len(file.read_text().splitlines())
    failed = len(Path(f"{file}.failed").read_text().splitlines())
    assert lines[-1] == (
        f"{written} invariants written to {file}, {failed} failed hypotheses in {file}.failed"
    )
    assert written > 0
    for line in lines[2:-1]:
        hypotheses, invariants, given_up, over = map(int, line.split()[1:])
        assert hypotheses == invariants + given_up + over


def test_infer_takes_only_the_relations_asked_for(cli: Cli, good: Path, tmp_path: Path) -> None:
    file = tmp_path / "invariants.json"
    enable = ["--enable-relation", "APIContainRelation", "lead"]
    assert cli("infer", "-f", good, "-o", file, *enable, "--disable-relation", "lead").code == 0
    relations = {json.loads(line)["relation"] for line in file.read_text().splitlines()}
    assert relations == {"APIContainRelation"}


def test_infer_with_a_higher_support(cli: Cli, good: Path, tmp_path: Path) -> None:
    for option in (["--min-support", 1000], ["--set", "min_support=1000"]):
        file = tmp_path / "invariants.json"
        assert cli("infer", "-f", good, "-o", file, *option).code == 0
        assert file.read_text() == ""


def test_check_with_a_higher_support(cli: Cli, good: Path, bad: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules.json"
    cli("infer", "-f", good, "-o", rules)
    counts = [json.loads(line)["num_positive_examples"] for line in rules.read_text().splitlines()]
    least = max(counts)
    few = sum(count < least for count in counts)
    assert 0 < few < len(counts)
    for option in (["--min-support", least], ["--set", f"min_support={least}"]):
        outcome = cli("check", "-f", bad, "-i", rules, "-o", tmp_path / "results", *option)
        assert (
            f"Not checked: fewer than {least} positive examples (min_support) ({few})"
            in outcome.out
        )
        content = json.loads((tmp_path / "results" / "results.json").read_text())
        assert content["traces"][0]["not_supported"] == few


def test_infer_over_several_runs(cli: Cli, good: Path, bad: Path, tmp_path: Path) -> None:
    one, both = tmp_path / "one.json", tmp_path / "both.json"
    cli("infer", "-f", good, "-o", one)
    cli("infer", "-f", good, bad, "-o", both)
    assert len(both.read_text().splitlines()) < len(one.read_text().splitlines())


def test_infer_of_trace_files(cli: Cli, traincheck: Path, tmp_path: Path) -> None:
    file = tmp_path / "invariants.json"
    outcome = cli("infer", "-t", traincheck / "trace_API_1_1.log", "-o", file)
    assert outcome.code == 0
    assert file.read_text() == ""


def test_what_has_no_effect_is_told_once(cli: Cli, good: Path, tmp_path: Path) -> None:
    flags = ["-b", "polars", "--disable-precond-sampling", "--precond-sampling-threshold", "1"]
    outcome = cli("infer", "-f", good, "-o", tmp_path / "i.json", *flags)
    assert outcome.code == 0
    assert outcome.err == (
        "tc-engine: note: -b, --disable-precond-sampling, --precond-sampling-threshold "
        "have no effect here\n"
    )


def test_check_of_a_good_run_is_0(cli: Cli, invariants: Path, tmp_path: Path) -> None:
    run = training().write(tmp_path / "again")
    outcome = cli("check", "-f", run, "-i", invariants, "-o", tmp_path / "results")
    assert (outcome.code, outcome.err) == (0, "")
    assert "Total failed invariants: 0/" in outcome.out


def test_check_of_a_bad_run_is_1(cli: Cli, bad: Path, invariants: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    outcome = cli("check", "-f", bad, "-i", invariants, "-o", results)
    assert (outcome.code, outcome.err) == (1, "")
    assert "Checking finished." in outcome.out
    assert (results / "bad" / "failed.log").stat().st_size > 0
    relaxed = cli("check", "-f", bad, "-i", invariants, "-o", results, "--exit-zero")
    assert (relaxed.code, relaxed.out) == (0, outcome.out)


def test_check_names_its_results_after_the_time(
    cli: Cli, bad: Path, invariants: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli("check", "--trace-folders", bad, "--invariants", invariants).code == 1
    (folder,) = tmp_path.iterdir()
    assert re.fullmatch(r"tc_engine_results_\d{8}_\d{6}", folder.name)


def test_check_tells_what_has_no_effect(
    cli: Cli, bad: Path, invariants: Path, tmp_path: Path
) -> None:
    flags = ["--check-relation-first", "-b", "dict"]
    outcome = cli("check", "-f", bad, "-i", invariants, "-o", tmp_path / "results", *flags)
    assert outcome.err == ("tc-engine: note: -b, --check-relation-first have no effect here\n")


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot be read: No such file or directory"), ("{}\n", ":1: not an invariant: ")],
)
def test_check_of_no_invariants_is_3(
    cli: Cli, bad: Path, tmp_path: Path, content: str | None, message: str
) -> None:
    file = tmp_path / "invariants.json"
    if content is not None:
        file.write_text(content)
    outcome = cli("check", "-f", bad, "-i", file)
    assert outcome.code == 3
    assert message in outcome.err
    assert outcome.err.count("\n") == 1


def test_limits_from_the_environment(
    cli: Cli, good: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TC_ENGINE_THREADS", "1")
    monkeypatch.setenv("TC_ENGINE_MEMORY_LIMIT", "200MiB")
    monkeypatch.setenv("TC_ENGINE_TEMP_DIR", str(tmp_path))
    query = (
        "SELECT current_setting('threads') AS t, current_setting('memory_limit') AS m, "
        "current_setting('temp_directory') AS d"
    )
    lines = cli("sql", good, "-c", query).out.splitlines()
    assert lines[1].startswith(f"1,200.0 MiB,{tmp_path}/")
    assert list(tmp_path.iterdir()) == []
    assert cli("sql", good, "--threads", 2, "-c", query).out.splitlines()[1].startswith("2,")


def test_a_memory_limit_that_is_none(cli: Cli, good: Path) -> None:
    outcome = cli("sql", good, "--memory-limit", "lots", "-c", "SELECT 1")
    assert outcome.code == 2
    assert "DuckDB does not accept these limits" in outcome.err


@pytest.mark.parametrize("command", ["infer", "check"])
def test_a_memory_limit_that_is_too_small(
    cli: Cli, good: Path, tmp_path: Path, command: str
) -> None:
    invariants = tmp_path / "invariants.json"
    assert cli("infer", "-f", good, "-o", invariants).code == 0
    given = ["-i", invariants] if command == "check" else []
    output = tmp_path / "output"
    outcome = cli(command, "-f", good, *given, "-o", output, "--memory-limit", "1MB")
    assert outcome.code == 3
    assert "out of memory" in outcome.err
    assert "Give it more with --memory-limit" in outcome.err
    assert outcome.err.count("\n") == 1
    assert not output.exists()


def test_export(cli: Cli, good: Path, tmp_path: Path) -> None:
    folder = tmp_path / "traincheck"
    outcome = cli("export", "--traincheck", good, "-o", folder)
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == f"tc-engine: {folder}: 2 files, 21 rows\n"
    again = cli("export", "--traincheck", good, "-o", folder)
    assert again.code == 2
    assert again.err == (
        f"tc-engine: error: {folder} exists and is not empty. Choose another place with -o\n"
    )
