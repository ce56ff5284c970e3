"""Trackers, the real packages without a network: what is told is read back from their own files."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tc_engine.cli import app
from tc_engine.report.trackers.content import to_content
from tests.builder import Trace

# A name as a stranger might choose it, for whoever shows it as HTML.
EVIL = "opt.<img src=x onerror=alert(1)>"

SUMMARY = {"telling_findings": 1, "minor_findings": 0, "suppressed": 0, "first_step": 0}


def training(*, learns: bool) -> Trace:
    trace = Trace().process(1).thread(1).at(step=0, stage="training")
    trace.state("w", data=1)
    for step in range(4):
        trace.at(step=step)
        with trace.call(f"{EVIL}.step") as call:
            if learns:
                trace.state("w", data=step + 2, cause=call)
    return trace


@dataclass(frozen=True)
class Runs:
    """A run to learn from, one to check, and what was learned."""

    good: Path
    bad: Path
    rules: Path


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folder = tmp_path_factory.mktemp("runs")
    good = training(learns=True).write(folder / "good")
    bad = training(learns=False).write(folder / "bad")
    assert app.run(["infer", "-f", str(good), "-o", str(folder / "rules.json")]) == 0
    return Runs(good, bad, folder / "rules.json")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the trackers to this folder, and off the network."""
    monkeypatch.chdir(tmp_path)
    for name in ("WANDB_API_KEY", "WANDB_PROJECT", "WANDB_ENTITY", "WANDB_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    given = {
        "HOME": "home",
        "NETRC": "home/netrc",
        "WANDB_MODE": "offline",
        "WANDB_DIR": "w",
        "WANDB_DATA_DIR": "w/data",
        "WANDB_CACHE_DIR": "w/cache",
        "WANDB_CONFIG_DIR": "w/config",
        "WANDB_ERROR_REPORTING": "false",
        "MLFLOW_TRACKING_URI": f"file:{tmp_path}/mlflow",
        "MLFLOW_ALLOW_FILE_STORE": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    for name, value in given.items():
        inside = name in {"HOME", "NETRC"} or value.startswith("w")
        monkeypatch.setenv(name, str(tmp_path / value) if inside else value)
    (tmp_path / "w").mkdir()
    return tmp_path


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture
def check(runs: Runs, place: Path, capfd: pytest.CaptureFixture[str]) -> Any:
    """Check the bad run into the folder `results`; return how it ended and what it wrote."""

    def run(*options: str) -> Outcome:
        files = ["-f", str(runs.bad), "-i", str(runs.rules), "-o", "results"]
        code = app.run(["check", *files, *options])
        return Outcome(int(code), *capfd.readouterr())

    return run


def records(folder: Path) -> Iterator[Any]:
    """Read the records of an offline run of W&B: a log of LevelDB's form after seven bytes."""
    from wandb.proto import wandb_internal_pb2  # noqa: PLC0415 - large, for the tests that need it

    (file,) = folder.glob("run-*.wandb")
    content, position, whole = file.read_bytes(), 7, b""
    while position + 7 <= len(content):
        if (left := 32768 - position % 32768) < 7:
            position += left
            continue
        _, size, kind = struct.unpack_from("<IHB", content, position)
        whole += content[position + 7 : position + 7 + size]
        position += 7 + size
        if kind in (1, 4):  # the whole of a record, or its last part
            record = wandb_internal_pb2.Record()
            record.ParseFromString(whole)
            whole = b""
            yield getattr(record, record.WhichOneof("record_type"))


def told(folder: Path, kind: str) -> dict[str, Any]:
    """Return what the records of one kind came to, by key."""
    return {
        one.key or "/".join(one.nested_key): json.loads(one.value_json)
        for record in records(folder)
        if type(record).__name__ == kind
        for one in record.update
    }


def wandb_run(place: Path) -> Path:
    (folder,) = (place / "w" / "wandb").glob("offline-run-*")
    return folder


def of_kind(folder: Path, kind: str) -> list[Any]:
    return [one for one in records(folder) if type(one).__name__ == kind]


def assert_summary(numbers: dict[str, Any], results: Path) -> None:
    (trace,) = json.loads((results / "results.json").read_text())["traces"]
    counts = {key: value for key, value in trace.items() if isinstance(value, int)}
    assert counts["violated"] == 1
    expected = {**counts, **SUMMARY}
    assert {k: v for k, v in numbers.items() if k.startswith("tc-engine/")} == {
        f"tc-engine/{key}": value for key, value in expected.items()
    }


def assert_findings(table: dict[str, Any], results: Path) -> None:
    (finding,) = json.loads((results / "results.json").read_text())["findings"]
    (row,) = (dict(zip(table["columns"], cells, strict=True)) for cells in table["data"])
    assert row["finding"] == finding["title"]
    assert "<img src=x" in row["rule"], "a table holds the text as it is"
    assert (row["place"], row["trace"], row["is_telling"]) == (1, "bad", True)
    assert (row["violated"], row["judged"], row["first_step"], row["last_step"]) == (4, 4, 0, 3)


def test_a_new_run_of_wandb(check: Any, place: Path) -> None:
    done = check("--report-wandb", "team/proj")
    assert done.code == 1
    folder = wandb_run(place)
    assert done.err == f"tc-engine: reported to W&B: `wandb sync {folder}` sends it\n"
    (run,) = of_kind(folder, "RunRecord")
    assert (run.entity, run.project, run.job_type) == ("team", "proj", "tc-engine-check")
    assert (run.display_name, list(run.tags)) == ("check of bad", ["tc-engine"])
    results = place / "results"
    summary = told(folder, "SummaryRecord")
    assert_summary(
        {k: v for k, v in summary.items() if isinstance(v, int) and k.count("/") == 1}, results
    )
    facts = told(folder, "ConfigRecord")["tc-engine"]
    assert (facts["traces"], facts["settings"]) == (["bad"], {})

    media = {file.name.partition("_")[0]: file for file in (folder / "files").rglob("*.*")}
    assert_findings(json.loads(media["findings"].read_text()), results)
    traces = json.loads(media["traces"].read_text())
    assert traces["data"][0][0] == "bad"
    page = media["report"].read_text()
    assert page == (results / "report.html").read_text()
    assert "<img" not in page
    assert "&lt;img src=x" in page
    (artifact,) = [
        one for one in of_kind(folder, "ArtifactRecord") if one.type == "tc-engine-results"
    ]
    assert {one.path for one in artifact.manifest.contents} == {
        file.relative_to(results).as_posix() for file in results.rglob("*") if file.is_file()
    }


def test_a_run_of_wandb_that_goes_on_stays_what_it_is(check: Any, place: Path) -> None:
    assert check("--report-wandb", "proj/runs/abc123", "--no-html-report").code == 1
    folder = wandb_run(place)
    (run,) = of_kind(folder, "RunRecord")
    assert (run.run_id, run.project) == ("abc123", "proj")
    assert (run.job_type, list(run.tags), run.display_name) == ("", [], "")
    assert not of_kind(folder, "EnvironmentRecord")
    files = sorted(file.name.partition("_")[0] for file in (folder / "files").rglob("*.*"))
    assert files == ["findings", "traces"], "of this process and machine nothing is recorded"


def test_wandb_that_is_disabled_says_so(
    check: Any, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")
    monkeypatch.setattr("wandb.run", None)  # put back afterwards: a disabled run never ends
    done = check("--report-wandb", "proj")
    assert (done.code, done.err) == (
        1,
        "tc-engine: reported to W&B: nothing, its mode is disabled\n",
    )
    assert not list((place / "w").rglob("*-run-*"))


def mlflow_client(uri: str | None = None) -> Any:
    from mlflow import MlflowClient  # noqa: PLC0415 - large, for the tests that need it

    return MlflowClient(uri)


def mlflow_run(uri: str, experiment: str) -> tuple[Any, Any]:
    client = mlflow_client(uri)
    found = client.get_experiment_by_name(experiment)
    (run,) = client.search_runs([found.experiment_id])
    return client, run


def assert_artifacts(client: Any, run: str, results: Path, folder: Path) -> None:
    copy = Path(client.download_artifacts(run, "tc-engine", str(folder)))
    assert {file.relative_to(copy / "results") for file in (copy / "results").rglob("*")} == {
        file.relative_to(results) for file in results.rglob("*")
    }
    page = (copy / "results" / "report.html").read_text()
    assert page == (results / "report.html").read_text()
    assert_findings(json.loads((copy / "findings.json").read_text()), results)
    shown = json.loads(client.get_run(run).data.tags["mlflow.loggedArtifacts"])
    assert shown == [
        {"path": "tc-engine/findings.json", "type": "table"},
        {"path": "tc-engine/traces.json", "type": "table"},
    ]


def test_a_new_run_of_mlflow(check: Any, place: Path) -> None:
    done = check("--report-mlflow", "nightly checks")
    assert done.code == 1
    client, run = mlflow_run(f"file:{place}/mlflow", "nightly checks")
    assert done.err == f"tc-engine: reported to MLflow: runs:/{run.info.run_id}\n"
    assert (run.info.run_name, run.info.status) == ("check of bad", "FINISHED")
    assert_summary(run.data.metrics, place / "results")
    assert (run.data.params["tc-engine/traces"], run.data.params["tc-engine/settings"]) == (
        "bad",
        "{}",
    )
    assert_artifacts(client, run.info.run_id, place / "results", place)


def test_a_run_of_mlflow_that_is_there_takes_many_reports(check: Any, place: Path) -> None:
    client = mlflow_client()
    run = client.create_run(client.create_experiment("training")).info.run_id
    client.log_metric(run, "loss", 0.5)
    target = ("--report-mlflow", f"runs:/{run}")
    assert check(*target, "--no-html-report").code == 1
    assert check(*target, "--tolerance", "0.5").code == 1
    _, found = mlflow_run(f"file:{place}/mlflow", "training")
    assert found.info.status == "RUNNING", "its end is the training's to tell"
    assert found.data.metrics.pop("loss") == 0.5
    assert_summary(found.data.metrics, place / "results")
    assert found.data.params == {}
    assert found.data.tags["tc-engine/settings"] == '{"tolerance": 0.5}'
    assert_artifacts(client, run, place / "results", place)


@pytest.mark.slow
def test_mlflow_into_sqlite(check: Any, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What MLflow does where nobody says otherwise."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    done = check("--report-mlflow", "nightly")
    assert done.code == 1
    client, run = mlflow_run(f"sqlite:///{place}/mlflow.db", "nightly")
    assert done.err == f"tc-engine: reported to MLflow: runs:/{run.info.run_id}\n"
    assert_summary(run.data.metrics, place / "results")
    assert_artifacts(client, run.info.run_id, place / "results", place)


def test_stdout_is_data_whatever_trackers_say(check: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def loud(*_: object) -> None:  # as with a server, where MLflow prints the address of the run
        sys.stdout.write("View run at ...\n")

    monkeypatch.setattr("mlflow.MlflowClient.set_terminated", loud)
    done = check("--report-wandb", "p", "--report-mlflow", "e", "--format", "jsonl", "-v")
    (finding,) = map(json.loads, done.out.splitlines())
    assert finding["trace"] == "bad"
    assert "View run at" in done.err
    assert "wandb: " in done.err, "with -v the tracker's own words are shown"


def test_nothing_is_imported_before_it_is_asked_for(runs: Runs) -> None:
    code = (
        "import sys; from tc_engine.cli import app; "
        f"argv = ['check', '-f', {str(runs.good)!r}, '-i', {str(runs.rules)!r}, '-o', 'r'];"
        "code = app.run(argv);"
        "sys.exit(code or bool({'wandb', 'mlflow'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(("option", "module"), [("wandb", "wandb"), ("mlflow", "mlflow")])
def test_a_missing_package_is_told_before_the_work(
    check: Any, place: Path, monkeypatch: pytest.MonkeyPatch, option: str, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    done = check(f"--report-{option}", "x")
    assert (done.code, done.out) == (2, "")
    title = {"wandb": "W&B", "mlflow": "MLflow"}[option]
    assert done.err.startswith(f"tc-engine: error: {title} cannot be used: ")
    assert done.err.endswith(f"pip install 'tc-engine[{option}]'\n")
    assert not (place / "results").exists()


def test_a_folder_that_wandb_left_is_no_package(
    check: Any, monkeypatch: pytest.MonkeyPatch, place: Path
) -> None:
    (place / "wandb").mkdir()
    monkeypatch.setattr(sys, "path", [str(place)])
    for name in [one for one in sys.modules if one.partition(".")[0] == "wandb"]:
        monkeypatch.delitem(sys.modules, name)
    done = check("--report-wandb", "x")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "W&B cannot be used: cannot import name 'login'" in done.err


@pytest.mark.parametrize(
    ("option", "target", "message"),
    [
        ("wandb", "", "names no project. Write [ENTITY/]PROJECT, or "),
        ("wandb", "a/b/c", "names no project. Write [ENTITY/]PROJECT, or "),
        ("wandb", "a/runs/", "names no project. Write [ENTITY/]PROJECT, or "),
        ("wandb", "https://wandb.ai/a/b", "names no project. Write [ENTITY/]PROJECT, or "),
        ("mlflow", "", "names nothing. Write the name of an experiment, or "),
        ("mlflow", "runs:/", "names nothing. Write the name of an experiment, or "),
        ("mlflow", "runs:/a/b", "names nothing. Write the name of an experiment, or "),
    ],
)
def test_a_target_that_is_none(
    check: Any, place: Path, option: str, target: str, message: str
) -> None:
    done = check(f"--report-{option}", target)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"tc-engine: error: --report-{option} {target} {message}")
    assert not (place / "results").exists()


def test_no_account_is_told_before_the_work(
    check: Any, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "online")
    done = check("--report-wandb", "proj")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith("tc-engine: error: W&B failed: ")
    assert done.err.endswith(". Try `wandb login`, or WANDB_MODE=offline and `wandb sync` later\n")
    assert not (place / "results").exists()


def test_a_tracker_that_fails_loses_nothing(
    check: Any, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    done = check("--report-mlflow", "x", "--report-wandb", "proj")
    assert done.code == 3
    first, second = done.err.splitlines()
    assert first.startswith("tc-engine: reported to W&B: "), (
        "the other tracker is told all the same"
    )
    assert second.startswith("tc-engine: error: MLflow failed: ")
    assert ". The results are written. Look at MLFLOW_TRACKING_URI" in second
    assert done.out.splitlines()[-1] == "Results: results"
    assert (place / "results" / "bad" / "failed.log").stat().st_size > 0


def test_a_run_of_mlflow_that_is_not_there(check: Any, place: Path) -> None:
    done = check("--report-mlflow", "runs:/0123456789abcdef0123456789abcdef")
    assert (done.code, done.err.count("\n")) == (3, 1)
    assert "not found. The results are written." in done.err
    assert (place / "results" / "results.json").is_file()


def test_a_report_that_ends_halfway_is_a_failed_run(
    check: Any, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mlflow.MlflowClient.log_artifacts", full)
    done = check("--report-mlflow", "nightly")
    assert done.code == 3
    assert "MLflow failed: [Errno 28] No space left on device. The results are written." in done.err
    _, run = mlflow_run(f"file:{place}/mlflow", "nightly")
    assert run.info.status == "FAILED"


@pytest.mark.slow
def test_wandb_that_cannot_be_reached(
    check: Any, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"MODE": "online", "BASE_URL": "http://127.0.0.1:9", "INIT_TIMEOUT": "3"}
    for name, value in given.items():
        monkeypatch.setenv(f"WANDB_{name}", value)
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    done = check("--report-wandb", "proj")
    assert done.code == 3
    assert "tc-engine: error: W&B failed: " in done.err
    assert "The results are written. Check again when W&B can be reached" in done.err
    assert (place / "results" / "results.json").is_file()


def test_merge_reports_what_shards_found(
    runs: Runs, place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    files = ["-f", str(runs.bad), "-i", str(runs.rules), "--work", "work", "--shard", "1/1"]
    report = ["--report-mlflow", "nightly"]
    assert app.run(["check", *files, *report]) == 2
    assert "a shard has no results to report. Give the option to `merge`" in capfd.readouterr().err
    assert app.run(["check", *files]) == 0
    assert app.run(["merge", "work", "-o", "results", *report]) == 1
    client, run = mlflow_run(f"file:{place}/mlflow", "nightly")
    assert_summary(run.data.metrics, place / "results")
    assert_artifacts(client, run.info.run_id, place / "results", place)

    assert app.run(["infer", "-f", str(runs.good), "--work", "other", "--shard", "1/1"]) == 0
    assert app.run(["merge", "other", *report]) == 2
    assert "these shards infer: there are no results to report" in capfd.readouterr().err


def test_what_is_told_of_several_traces() -> None:
    def rule(first_step: int | None) -> dict[str, Any]:
        kept = dict.fromkeys(("relation", "rule", "broken"), "x")
        return {
            "id": "r",
            **kept,
            "violated": 2,
            "judged": 3,
            "first_step": first_step,
            "last_step": 9,
        }

    def finding(telling: bool, *steps: int | None) -> dict[str, Any]:
        about = {"id": "f", "trace": "a", "title": "t", "hint": "", "points": 1.5, "reasons": []}
        return {**about, "is_telling": telling, "violations": [rule(one) for one in steps]}

    outcomes = ("violated", "passed", "not_triggered", "foreign", "not_supported")
    traces = [
        {
            "name": name,
            "path": f"/runs/{name}",
            "invariants": 15 * n,
            **dict.fromkeys(outcomes, 3 * n),
        }
        for name, n in (("a", 1), ("b" * 200, 2))
    ]
    document = {
        "created_by": "tc_engine 1",
        "settings": {"tolerance": 0.1},
        "traces": traces,
        "suppressed": [{}],
        "findings": [finding(True, None, 7), finding(True, 4), finding(False, 1)],
    }
    content = to_content(document, Path("results"))
    assert content.numbers == {
        "telling_findings": 2,
        "minor_findings": 1,
        "suppressed": 1,
        "invariants": 45,
        **dict.fromkeys(outcomes, 9),
        "first_step": 4,
    }
    assert len(content.title) <= 100
    table = content.tables["findings"]
    assert [row[table.columns.index("first_step")] for row in table.rows] == [None, 4, 1]
    assert [row[table.columns.index("rules")] for row in table.rows] == [2, 1, 1]
    assert content.tables["traces"].rows[0] == ["a", 15, 3, 3, 3, 3, 3]
    assert "/runs" not in json.dumps(content.facts), "no path of this machine"
    quiet = to_content({**document, "findings": [finding(False, 1)]}, Path("results"))
    assert "first_step" not in quiet.numbers
