"""The Python API: what the commands give, as objects with frames and a page."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import fsspec
import pytest

import tc_engine
from tc_engine import relations
from tc_engine.api import frames
from tc_engine.cli import app
from tc_engine.errors import DataError, UsageError
from tc_engine.pipelines.infer import Inference
from tests.builder import Trace
from tests.cli.conftest import training

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "data" / "samples"
EVIL = '"></iframe><script>alert(1)</script>'
SCHEMAS = {
    "learned.invariants": frames.INVARIANTS,
    "learned.failed": frames.FAILED,
    "checked.findings": frames.FINDINGS,
    "checked.violations": frames.VIOLATIONS,
    "checked.verdicts": frames.VERDICTS,
}


def command(*argv: object) -> int:
    return int(app.run([str(one) for one in argv]))


def files(folder: Path) -> dict[str, bytes]:
    """Return the content of all files below a folder."""
    found = sorted(one for one in folder.rglob("*") if one.is_file())
    return {str(one.relative_to(folder)): one.read_bytes() for one in found}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return training().write(tmp_path_factory.mktemp("runs") / "good")


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return training(updates=False).write(tmp_path_factory.mktemp("runs") / "bad")


@pytest.fixture(scope="module")
def learned(good: Path) -> tc_engine.Inferred:
    return tc_engine.infer(good)


@pytest.fixture(scope="module")
def checked(good: Path, bad: Path, learned: tc_engine.Inferred) -> tc_engine.Checked:
    return tc_engine.check([good, str(bad)], learned)


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ({}, ()),
        (
            {"relations": ["contain", "FunctionLeadRelation"]},
            ("--enable-relation", "contain", "lead"),
        ),
        (
            {"relations": "lead", "merge_sequences": True},
            ("--enable-relation", "lead", "--merge-sequences"),
        ),
        ({"settings": {"min_support": 4}, "threads": 1}, ("--min-support", "4")),
    ],
    ids=["as it is", "relations", "chains", "settings"],
)
def test_infer_writes_what_the_command_writes(
    good: Path, tmp_path: Path, arguments: dict[str, object], options: tuple[str, ...]
) -> None:
    # Of the sample some hypotheses fail.
    run = SAMPLES / "digits_run" if arguments else good
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir(), theirs.mkdir()
    assert command("infer", "-f", run, *options, "-o", theirs / "rules.json") == 0
    learned = tc_engine.infer(run, **arguments)  # type: ignore[arg-type]
    learned.save(ours / "rules.json")
    assert files(ours) == files(theirs)
    lines = [json.loads(line) for line in (theirs / "rules.json").read_text().splitlines()]
    failed = [json.loads(line) for line in (theirs / "rules.json.failed").read_text().splitlines()]
    assert len(learned) == learned.invariants.height == len(lines) > 0
    told = learned.invariants
    assert told["text"].to_list() == [one["text_description"] for one in lines]
    assert told["relation"].to_list() == [one["relation"] for one in lines]
    assert told["positive"].to_list() == [one["num_positive_examples"] for one in lines]
    assert [json.loads(one) for one in told["params"]] == [one["params"] for one in lines]
    assert learned.failed["reason"].to_list() == [one["failed_reason"] for one in failed]
    assert bool(failed) is bool(arguments)
    assert repr(learned) == f"Inferred(invariants={len(lines)}, failed={len(failed)})"


@pytest.mark.parametrize("as_object", [True, False])
def test_check_writes_and_says_what_the_command_does(
    good: Path,
    bad: Path,
    learned: tc_engine.Inferred,
    tmp_path: Path,
    as_object: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rules, ours, theirs = (tmp_path / name for name in ("rules.json", "ours", "theirs"))
    learned.save(rules)
    capsys.readouterr()
    assert command("check", "-f", bad, good, "-i", rules, "-o", theirs) == 1
    printed = capsys.readouterr().out
    checked = tc_engine.check([bad, good], learned if as_object else [rules])
    checked.save(ours)
    assert files(ours) == files(theirs)
    assert f"{checked.summary}\n\nResults: {theirs}\n" == printed
    assert str(checked) == checked.summary


def test_explain_says_what_the_command_says(
    good: Path, checked: tc_engine.Checked, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checked.save(tmp_path / "results")
    last = checked.violations["id"][-1]
    for options, said in (
        (("--good", good), checked.explain(good=good)),
        ((last,), checked.explain(last)),
    ):
        capsys.readouterr()
        assert command("explain", tmp_path / "results", *options) == 0
        assert f"{said}\n" == capsys.readouterr().out


def test_the_frames_are_the_results(checked: tc_engine.Checked, tmp_path: Path) -> None:
    checked.save(tmp_path / "results")
    document = json.loads((tmp_path / "results" / "results.json").read_text())
    findings = checked.findings.to_dicts()
    assert checked.violated
    assert len(findings) == len(document["findings"]) > 0
    for number, (row, told) in enumerate(zip(findings, document["findings"], strict=True), 1):
        shared = row.keys() & told.keys() - {"violations"}
        assert shared == told.keys() - {"violations"}
        assert {name: row[name] for name in shared} == {name: told[name] for name in shared}
        own = checked.violations.filter(finding=number).to_dicts()
        assert [one["id"] for one in own] == row["violations"]
        for one, violation in zip(own, told["violations"], strict=True):
            records = [json.loads(record) for record in one["first_violation"]]
            plain = {name: one[name] for name in violation} | {"first_violation": records}
            assert plain == violation
            assert (one["trace"], one["suppressed"]) == (told["trace"], False)
    counts = dict(checked.verdicts.filter(trace="bad").group_by("outcome").len().iter_rows())
    (trace,) = (one for one in document["traces"] if one["name"] == "bad")
    assert counts == {name: trace[name] for name in counts}
    assert sum(counts.values()) == trace["invariants"]


def test_a_verdict_tells_how_often_and_when(
    checked: tc_engine.Checked, learned: tc_engine.Inferred
) -> None:
    text = "opt.step() always changes Parameter.data (above-zero -> above-zero)"
    first = checked.verdicts.filter(rule=text).select(
        "trace", "outcome", "judged", "violated", "first_step", "last_step", "detected_step"
    )
    assert first.rows() == [
        ("bad", "violated", 4, 4, 0, 3, 0),
        ("good", "passed", 4, 0, None, None, None),
    ]
    (row,) = checked.verdicts.filter(rule=text, trace="bad").to_dicts()
    assert 0 < row["detected_share"] < 1
    assert 1000 < row["detected_ts"] < row["decided_ts"]
    ids = learned.invariants["id"].to_list()
    assert checked.verdicts.filter(trace="bad")["id"].to_list() == ids
    assert len(set(ids)) == len(ids)


def test_frames_without_rows_keep_their_columns_and_types(
    good: Path, bad: Path, learned: tc_engine.Inferred, checked: tc_engine.Checked
) -> None:
    nothing = tc_engine.infer(good, relations="threshold")
    fine = tc_engine.check(good, learned)
    unasked = tc_engine.check(bad, nothing)
    assert (len(nothing), fine.violated, unasked.violated) == (0, False, False)
    for of, found in ((learned, checked), (nothing, fine), (nothing, unasked)):
        told = {"learned": of, "checked": found}
        for name, schema in SCHEMAS.items():
            owner, _, attribute = name.partition(".")
            assert getattr(told[owner], attribute).schema == schema, name
    assert (fine.findings.height, fine.violations.height) == (0, 0)
    assert (nothing.invariants.height, unasked.verdicts.height) == (0, 0)
    assert "Nothing telling was found" in unescaped(fine._repr_html_())


def test_what_this_version_does_not_know_is_told(good: Path, tmp_path: Path) -> None:
    file = tmp_path / "foreign.json"
    tc_engine.infer(good, relations="contain").save(file)
    file.write_text(file.read_text().replace("APIContainRelation", "TheirRelation"))
    verdicts = tc_engine.check(good, file).verdicts
    assert set(verdicts["outcome"]) == {"not_supported"}
    assert set(verdicts["unsupported"]) == {"this version does not know TheirRelation"}


def test_suppressed_rules(
    bad: Path, learned: tc_engine.Inferred, checked: tc_engine.Checked, tmp_path: Path
) -> None:
    broken = checked.violations["id"].to_list()
    file = tmp_path / "allowed.jsonl"
    allowed = [{"id": one, "rule": "r", "reason": "", "until": "2999-01-01"} for one in broken]
    file.write_text("".join(json.dumps(one) + "\n" for one in allowed))
    quiet = tc_engine.check(bad, learned, suppressions=file)
    assert (quiet.violated, quiet.findings.height) == (False, 0)
    assert sorted(quiet.violations["id"]) == sorted(broken)
    assert quiet.violations.select("finding", "suppressed").unique().rows() == [(None, True)]
    assert sorted(quiet.verdicts.filter("suppressed")["id"]) == sorted(broken)
    file.write_text(file.read_text().replace("2999", "2000"))
    with pytest.warns(UserWarning, match="may be broken no more since 2000-01-01") as told:
        assert tc_engine.check(bad, learned, suppressions=[file]).violated
    assert {one.filename for one in told} == {__file__}


def test_several_runs_and_files(good: Path, bad: Path, tmp_path: Path) -> None:
    both = tc_engine.infer(good.parent.glob("*"), relations=iter(["contain"]))
    assert both.invariants.equals(tc_engine.infer([good, good], relations="contain").invariants)
    apart = [tc_engine.infer(good, relations=name) for name in ("contain", "lead")]
    apart[1].save(tmp_path / "lead.json")
    mixed = tc_engine.check(bad, [apart[0], tmp_path / "lead.json"])
    expected = [*apart[0].invariants["id"], *apart[1].invariants["id"]]
    assert mixed.verdicts["id"].to_list() == expected
    mixed.save(tmp_path / "results")
    saved = (tmp_path / "results" / "invariants.json").read_text()
    assert saved == "".join(f"{line}" for one in apart for line in one.lines)


def test_a_store_and_traincheck_traces_are_runs(
    good: Path, learned: tc_engine.Inferred, tmp_path: Path
) -> None:
    fsspec.filesystem("memory").put(str(good), "/bucket/api/good", recursive=True)
    assert tc_engine.infer("memory://bucket/api/good").lines == learned.lines
    folder = tmp_path / "theirs"
    assert command("export", "--traincheck", good, "-o", folder) == 0
    found = tc_engine.check(folder, learned)
    assert set(found.verdicts["trace"]) == {"theirs"}
    assert set(found.verdicts["outcome"]) == {"passed"}


def test_what_cannot_be_is_told_in_the_words_of_the_commands(
    good: Path, learned: tc_engine.Inferred, checked: tc_engine.Checked, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    missing, run, file = tmp_path / "missing", ("-f", good), tmp_path / "rules.json"
    learned.save(file)
    for options, call in (
        (("infer", "-f", missing), lambda: tc_engine.infer(missing)),
        (("infer", "-f", tmp_path), lambda: tc_engine.infer([tmp_path])),
        (("infer", *run, "--set", "no=1"), lambda: tc_engine.infer(good, settings={"no": 1})),
        (
            ("infer", *run, "--set", "min_support=x"),
            lambda: tc_engine.infer(good, settings={"min_support": "x"}),
        ),
        (("infer", *run, "--enable-relation", "no"), lambda: tc_engine.infer(good, relations="no")),
        (
            ("infer", *run, "--memory-limit", "x"),
            lambda: tc_engine.infer(good, memory_limit="x"),
        ),
        (("infer", *run, "-o", tmp_path), lambda: learned.save(tmp_path)),
        (("check", *run, "-i", missing), lambda: tc_engine.check(good, missing)),
        (
            ("check", *run, "-i", file, "--suppressions", missing),
            lambda: tc_engine.check(good, file, suppressions=missing),
        ),
        (("check", *run, "-i", file, "-o", tmp_path), lambda: checked.save(tmp_path)),
    ):
        capsys.readouterr()
        code = command(*options)
        with pytest.raises(tc_engine.TcEngineError) as told:
            call()
        assert f"tc-engine: error: {told.value}\n" == capsys.readouterr().err
        assert told.value.exit_code == code
    with pytest.raises(UsageError, match="there is no run to look at"):
        tc_engine.infer([])
    with pytest.raises(UsageError, match="there are no invariants to check"):
        tc_engine.check(good, [])
    with pytest.raises(UsageError, match="threads is 0"):
        tc_engine.infer(good, threads=0)
    with pytest.raises(UsageError, match="there is no folder"):
        tc_engine.infer(good, sql_path=missing)
    with pytest.raises(UsageError, match="there is no finding 99 in this check"):
        checked.explain(99)
    with pytest.raises(TypeError, match="PathLike"):
        tc_engine.check(good, learned.invariants)  # type: ignore[arg-type]


def test_a_run_that_is_gone_is_told(learned: tc_engine.Inferred, tmp_path: Path) -> None:
    run = training(updates=False).write(tmp_path / "bad")
    checked = tc_engine.check(run, learned)
    run.rename(tmp_path / "moved")
    assert checked.findings.height > 0
    for look in (checked.explain, checked._repr_html_):
        with pytest.raises(DataError, match=str(run)):
            look()


def test_a_tolerance_without_norms_is_told(good: Path) -> None:
    with pytest.warns(UserWarning, match="only `collect --norms` records norms"):
        tc_engine.infer(good, relations="consistency", settings={"tolerance": 0.1})


def test_progress_tells_the_phases(good: Path, learned: tc_engine.Inferred) -> None:
    told: list[str] = []
    tc_engine.check(good, learned, progress=told.append)
    assert told[0] == f"open {good}"
    assert "APIContainRelation: checking" in told


class Frames(HTMLParser):
    """Collects the elements of a page, and the attributes of its frames."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.frames: list[dict[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "iframe":
            self.frames.append(dict(attrs))


def unescaped(view: str) -> str:
    """Return the page in the frame of a view."""
    (frame,) = Frames(view).frames
    return str(frame["srcdoc"])


def hostile(*, kept: bool) -> Trace:
    """Return a run whose names would end the frame and run a script if they were not escaped."""
    trace = Trace().at(stage=EVIL)
    for step in range(5):
        trace.at(step=step)
        with trace.call(f"{EVIL}.Opt.step", kwargs={EVIL: EVIL}):
            trace.state(EVIL, type=EVIL, data=step if kept else 0)
    return trace


def test_the_view_is_the_page_in_a_frame(tmp_path: Path) -> None:
    learned = tc_engine.infer(hostile(kept=True).write(tmp_path / "good"))
    checked = tc_engine.check(hostile(kept=False).write(tmp_path / "bad"), learned)
    checked.save(tmp_path / "results")
    view = checked._repr_html_()
    seen = Frames(view)
    assert seen.tags == ["iframe"]
    assert seen.frames[0]["sandbox"] == "", "nothing may run in it"
    assert unescaped(view) == (tmp_path / "results" / "report.html").read_text()
    inside = Frames(unescaped(view))
    assert "h1" in inside.tags
    assert not {"script", "iframe"} & set(inside.tags)


def test_the_view_of_what_was_learned_counts(learned: tc_engine.Inferred) -> None:
    counts = [int(one) for one in re.findall(r"<td>(\d+)</td>", learned._repr_html_())]
    assert sum(counts[1::4]) == len(learned)
    assert sum(counts[2::4]) + sum(counts[3::4]) == learned.failed.height
    foreign = replace(relations.select(["lead"])[0], title=EVIL)
    view = tc_engine.Inferred(Inference([], []), [], [foreign])._repr_html_()
    assert f"<th>{escape(EVIL)}</th><td>0</td>" in view
    assert "script" not in Frames(view).tags


def test_importing_the_package_loads_nothing_heavy() -> None:
    script = (
        "import sys, tc_engine\n"
        "assert {'infer', 'check', 'start', 'TcEngineError'} <= set(dir(tc_engine))\n"
        "heavy = {'duckdb', 'polars', 'pyarrow', 'torch', 'jinja2', 'tc_engine.api'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
        "tc_engine.infer, tc_engine.Checked\n"
        "print(sorted({'torch', 'typer', 'tc_engine.cli'} & set(sys.modules)))\n"
        "print(hasattr(tc_engine, 'nothing'))\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n[]\nFalse\n"


def test_the_session_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "good").symlink_to(SAMPLES / "digits_run")
    (tmp_path / "suspect").symlink_to(SAMPLES / "forum_84911_run")
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    names: dict[str, object] = {}
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    for block in blocks:
        exec(compile(block, "docs/python.md", "exec"), names)
    assert len(blocks) > 3
    learned, checked = names["learned"], names["checked"]
    assert isinstance(learned, tc_engine.Inferred)
    assert isinstance(checked, tc_engine.Checked)
    assert checked.findings["title"][0].startswith("Adadelta.step() changes no Parameter.data")
    text = "Adadelta.step() always changes Parameter.data (non-zero -> non-zero)"
    assert text in page
    assert learned.invariants.filter(text=text).height == 1
    assert (tmp_path / "results" / "report.html").is_file()


def test_the_page_tells_every_column() -> None:
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    told: dict[str, dict[str, str]] = {}
    for name, table in re.findall(
        r"^### `([\w.]+)`\n(.*?)(?=^#|\Z)", page, re.MULTILINE | re.DOTALL
    ):
        rows = re.findall(r"^\| (`.*?) \| (\S.*?) \| \S.* \|$", table, re.MULTILINE)
        told[name] = {
            column: kind for cell, kind in rows for column in re.findall(r"`(\w+)`", cell)
        }
    documented = {name: sorted(columns.items()) for name, columns in told.items()}
    assert documented == {
        name: sorted((column, str(kind)) for column, kind in schema.items())
        for name, schema in SCHEMAS.items()
    }
