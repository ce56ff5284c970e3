from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import typer

import tc_engine
from tc_engine.cli import app
from tc_engine.errors import QueryError
from tests.cli.conftest import Cli

COMMANDS = [
    "collect",
    "ingest",
    "infer",
    "check",
    "merge",
    "invariants",
    "diff",
    "export",
    "sql",
    "batch",
]
FULL = Path("/dev/full")
HEAVY = ("duckdb", "polars", "pyarrow", "torch", "numpy")


def program(*argv: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tc_engine", *argv],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        **options,
    )


def test_version(cli: Cli) -> None:
    assert cli("--version").out == f"tc-engine {tc_engine.__version__}\n"


@pytest.mark.parametrize("argv", [[], ["-h"], ["--help"]])
def test_help_names_every_command(cli: Cli, argv: list[str]) -> None:
    outcome = cli(*argv)
    assert outcome.code == 0
    for command in COMMANDS:
        assert f"\n  {command}" in outcome.out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_has_an_example(cli: Cli, command: str) -> None:
    outcome = cli(command, "--help")
    assert outcome.code == 0
    assert f"Example:\n    tc-engine {command} " in outcome.out
    assert "\x1b" not in outcome.out
    assert outcome.err == ""


LIMITS = {"--memory-limit", "--temp-dir", "--threads"}
LEARNING = LIMITS | {
    *("--set", "--sql-path", "-v", "--verbose", "-d", "--debug", "-b", "--backend"),
    *("-f", "--trace-folders", "-t", "--traces"),
    *("--partitions", "--work", "--shard", "--ray"),
}
OPTIONS = {
    "collect": {
        *("-o", "--output-dir", "--overwrite", "-p", "--pyscript", "--models-to-track", "--norms"),
        *("--join", "-i", "--invariants", "--groups", "--include", "--exclude", "--inside"),
        *("--every", "--sampling-interval", "--window", "--warmup", "--warm-up-steps", "--max-gb"),
    },
    "ingest": LIMITS | {"-o", "--output-dir", "--strict", "-v", "--verbose"},
    "infer": LEARNING
    | {
        *("-o", "--output", "--enable-relation", "--disable-relation", "--min-support"),
        *("--all-hypotheses", "--tolerance", "--merge-sequences"),
        *("--disable-precond-sampling", "--precond-sampling-threshold"),
    },
    "check": LEARNING
    | {
        *("-i", "--invariants", "-o", "--output-dir", "--exit-zero", "--tolerance"),
        "--min-support",
        *("--check-relation-first", "--no-html-report", "--format", "--junit", "--suppressions"),
        *("--report-wandb", "--report-mlflow"),
    },
    "invariants": {
        *("--relation", "--api", "--text", "--min-support", "--subtract", "--drop-implied"),
        *("--merge-sequences", "--format", "-o", "--output"),
    },
    "merge": LIMITS
    | {
        *("-o", "--output", "--exit-zero", "-v", "--verbose"),
        *("--report-wandb", "--report-mlflow"),
    },
    "batch": LIMITS | {"-j", "--jobs", "--nice", "--dry-run", "--exit-zero", "-v", "--verbose"},
    "diff": LIMITS | {"--format", "--all", "--exit-zero", "-v", "--verbose"},
    "export": LIMITS | {"-o", "--output-dir", "--traincheck", "--no-contexts", "-v", "--verbose"},
    "sql": LIMITS
    | {
        *("-c", "--command", "--file", "--format", "-o", "--output", "--limit", "--list", "--show"),
        *("--set", "--sql-path", "-v", "--verbose"),
    },
}


@pytest.mark.parametrize("command", COMMANDS)
def test_people_s_scripts_rely_on_these_options(command: str) -> None:
    params = typer.main.get_command(app.app).commands[command].params
    options = {name for p in params if p.param_type_name == "option" for name in p.opts}
    assert options == OPTIONS[command]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["nope"], "No such command 'nope'. See `tc-engine --help`"),
        (["--nope"], "No such option: --nope. See `tc-engine --help`"),
        (["infer", "--nope"], "No such option: --nope. See `tc-engine infer --help`"),
        (["check"], "Missing option '-i' / '--invariants'. See `tc-engine check --help`"),
        (["ingest", "a"], "Missing option '-o' / '--output-dir'. See `tc-engine ingest --help`"),
        (["infer", "--threads", "0"], "Invalid value for '--threads' "),
        (["export", "a", "-o", "b"], "there is no format to write. Add --traincheck"),
        (["infer"], "there is no run to look at. Name one with -f RUN"),
        (["sql"], "there is no run to ask. Write tc-engine sql RUN -c 'FROM calls'"),
        (
            ["collect"],
            "there is no program to run. Write tc-engine collect -o RUN -- python train.py",
        ),
        (
            ["infer", "--set", "nope=1"],
            "there is no setting 'nope'. Did you mean",
        ),
        (["infer", "--set", "min_suport=1"], "'min_suport'. Did you mean min_support"),
        (
            ["infer", "--set", "min_support"],
            "--set min_support has no value. Write --set NAME=VALUE",
        ),
        (
            ["infer", "--enable-relation", "nope", "-f", "x"],
            "there is no relation 'nope'. There are:",
        ),
        (["infer", "-f", "x", "-o", "nope/x.json"], "there is no folder nope. Make it"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_2(cli: Cli, argv: list[str], message: str) -> None:
    outcome = cli(*argv)
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.startswith("tc-engine: error: ")
    assert message in outcome.err
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize("command", ["infer", "check", "diff", "sql"])
def test_a_missing_run_is_one_line_and_3(cli: Cli, command: str, tmp_path: Path) -> None:
    (tmp_path / "invariants.json").touch()
    argv = {
        "infer": ["infer", "-f", tmp_path / "no"],
        "check": ["check", "-f", tmp_path / "no", "-i", tmp_path / "invariants.json"],
        "diff": ["diff", tmp_path / "no", tmp_path / "no"],
        "sql": ["sql", tmp_path / "no", "-c", "SELECT 1"],
    }[command]
    outcome = cli(*argv)
    assert outcome.code == 3
    assert outcome.err == (
        f"tc-engine: error: there is no trace at {tmp_path / 'no'}. Check the path\n"
    )


def test_a_folder_that_is_no_trace(cli: Cli, tmp_path: Path) -> None:
    outcome = cli("sql", tmp_path, "-c", "SELECT 1")
    assert outcome.code == 3
    assert "is neither a trace dataset nor a folder of TrainCheck traces" in outcome.err


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail(argv: list[str]) -> int:
        raise error

    monkeypatch.setattr(app, "_invoke", fail)


def test_a_bug_is_one_line_and_101(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, KeyError("x"))
    monkeypatch.delenv("TC_ENGINE_DEBUG", raising=False)
    outcome = cli("sql")
    assert outcome.code == 101
    assert outcome.err.startswith("tc-engine: error: this is a bug of tc-engine: KeyError: 'x' (")
    assert outcome.err.endswith("with the traceback that -v or TC_ENGINE_DEBUG=1 shows\n")
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize("argv", [["sql", "-v"], ["infer", "-d"]])
def test_a_bug_with_v_shows_the_traceback(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, argv: list[str]
) -> None:
    failing(monkeypatch, KeyError("x"))
    assert "Traceback (most recent call last)" in cli(*argv).err


def test_the_program_s_own_v_is_not_ours(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, KeyError("x"))
    assert "Traceback" not in cli("collect", "--", "prog", "-v").err


def test_debug_in_the_environment(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, KeyError("x"))
    monkeypatch.setenv("TC_ENGINE_DEBUG", "1")
    assert "Traceback (most recent call last)" in cli("sql").err


def test_a_sql_file_that_fails_keeps_its_lines(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, QueryError("a.sql:3: Binder Error\n\nSELECT\n    x\n", "Run it by hand"))
    outcome = cli("infer")
    assert outcome.code == 101
    assert outcome.err == (
        "tc-engine: error: a.sql:3: Binder Error\n\nSELECT\n    x\nRun it by hand\n"
    )


def test_ctrl_c_is_one_line_and_130(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, KeyboardInterrupt())
    outcome = cli("infer")
    assert (outcome.code, outcome.err) == (130, "tc-engine: interrupted\n")


def test_ctrl_c_in_a_query_is_the_same(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    for error in (duckdb.InterruptException("x"), RuntimeError("Query interrupted")):
        failing(monkeypatch, error)
        assert cli("infer").code == 130


def test_a_file_that_cannot_be_opened_is_3(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, PermissionError(13, "Permission denied", "x/y"))
    outcome = cli("infer")
    assert outcome.code == 3
    assert outcome.err == (
        "tc-engine: error: x/y: Permission denied. Check the path and its permissions\n"
    )


def test_text_of_strangers_cannot_steer_the_terminal(cli: Cli, tmp_path: Path) -> None:
    outcome = cli("sql", tmp_path / "\x1b[2J", "-c", "SELECT 1")
    assert outcome.code == 3
    assert "\x1b" not in outcome.err


@pytest.mark.parametrize("argv", [["--help"], ["--version"], *([c, "--help"] for c in COMMANDS)])
def test_help_does_not_wait_for_the_engine(argv: list[str]) -> None:
    code = (
        "import sys; from tc_engine.cli.app import run; run(sys.argv[1:]); "
        f"print(sorted(set(sys.modules) & set({HEAVY!r})), file=sys.stderr)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, *argv], capture_output=True, text=True, check=True
    )
    assert result.stderr == "[]\n"


def test_python_m() -> None:
    assert program("--version").stdout == f"tc-engine {tc_engine.__version__}\n"


def test_a_reader_that_goes_away_is_quiet(good: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tc_engine", "sql", good, "-c", "SELECT * FROM range(1000000)"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.readline() == b"range\n"
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 141


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_a_full_disk_behind_stdout_is_3(good: Path) -> None:
    with FULL.open("w") as full:
        result = subprocess.run(
            [sys.executable, "-m", "tc_engine", "sql", good, "-c", "SELECT 1"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert result.returncode == 3
    assert result.stderr.startswith("tc-engine: error: cannot write standard output: ")
