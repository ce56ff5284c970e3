"""Places in the program's code: shown with what broke a rule, and never learned from."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tc_engine import relations
from tc_engine.dataset import Dataset, open_dataset, read_manifest, write_manifest
from tc_engine.diagnosis import diagnose
from tc_engine.diagnosis.sources import Source, SourceFiles
from tc_engine.diagnosis.witnesses import Witness, find_witnesses
from tc_engine.engine import stages
from tc_engine.engine.session import Limits, Session
from tc_engine.invariants import Invariant
from tc_engine.pipelines.check import Check, check
from tc_engine.pipelines.diff import diff
from tc_engine.pipelines.infer import infer
from tc_engine.report import document, explanation, junit, page, results, summary
from tc_engine.sourcefiles import digest_of, split_place
from tests.builder import Trace

CODE = b"import opt\nopt.step()  # <b>&\x1b[31m\nopt.__init__()\nmain()\n"
EVIL = "<script>alert('x')</script>\x1b[31m.py"


def training(file: str = "train.py", *, updates: bool = True) -> Trace:
    """Return a run whose optimizer was made in line 3; it steps in line 2, called in line 4."""
    trace = Trace().at(stage="training")
    trace.state("w", data=0)
    with trace.call("opt.__init__", receiver=5, source=f"{file}:3"):
        pass
    for step in range(5):
        trace.at(step=step)
        with (
            trace.call("main", source=f"{file}:4"),
            trace.call("opt.step", receiver=5, source=f"{file}:2"),
            trace.call("library.update") as update,
        ):
            if updates:
                trace.state("w", data=step + 1, cause=update)
    return trace


def run(folder: Path, trace: Trace, files: dict[str, bytes] | None = None) -> Dataset:
    """Write a run whose manifest tells the content of the program's files."""
    trace.write(folder)
    notes = {
        "directory": str(folder.parent),
        "files": {name: digest_of(content) for name, content in (files or {}).items()},
    }
    write_manifest(folder, replace(read_manifest(folder), notes=notes))
    return open_dataset(folder)


def learned(tmp_path: Path) -> list[Invariant]:
    good = open_dataset(training("elsewhere.py").write(tmp_path / "good"))
    return infer([good], relations=relations.select()).invariants


def change(rules: list[Invariant], function: str) -> Invariant:
    (rule,) = [one for one in rules if one.text.startswith(f"{function}() always changes")]
    return rule


def test_two_runs_in_two_places_teach_the_same_and_do_not_differ(tmp_path: Path) -> None:
    here, there = (
        open_dataset(training(name).write(tmp_path / folder))
        for name, folder in (("a.py", "here"), ("~/b/c.py", "there"))
    )
    found = [infer([one], relations=relations.select()) for one in (here, there)]
    texts = [
        [json.dumps(asdict(one), default=str) for one in (*each.invariants, *each.failed)]
        for each in found
    ]
    assert texts[0] == texts[1] != []
    assert "a.py" not in "".join(texts[0])
    with diff(here, there) as difference:
        assert not difference


def test_calls_tell_it_to_who_asks(tmp_path: Path) -> None:
    opened = [open_dataset(training().write(tmp_path / "run"))]
    query = "SELECT DISTINCT function, source FROM calls ORDER BY ALL"
    with Session() as session:
        stages.prepare(session, opened)
        assert session.rows(query) == [
            ("library.update", None),
            ("main", "train.py:4"),
            ("opt.__init__", "train.py:3"),
            ("opt.step", "train.py:2"),
        ]
    with Session() as session:
        stages.prepare(session, opened, {"with_sources": False})
        assert {source for _, source in session.rows(query)} == {None}


def test_a_violation_has_the_place_of_the_nearest_call_with_one(tmp_path: Path) -> None:
    rules = learned(tmp_path)
    bad = open_dataset(training(updates=False).write(tmp_path / "bad"))
    found = check([bad], [change(rules, "opt.step"), change(rules, "library.update")])
    assert [one.violation and one.violation.source for one in found.results] == ["train.py:2"] * 2
    assert results.to_object(found.results[0])["source"] == "train.py:2"


def test_a_variable_has_the_place_of_the_call_that_changed_it(tmp_path: Path) -> None:
    def replicas(*, drift: int) -> Trace:
        trace = Trace().at(stage="training")
        for step in range(6):
            for rank in range(2):
                trace.process(1 + rank).at(step=step, rank=rank)
                with trace.call("opt.step", source="train.py:2"), trace.call("update") as call:
                    trace.state("w", data=10 * step + rank * drift * (step > 3), cause=call)
        return trace

    good = open_dataset(replicas(drift=0).write(tmp_path / "good"))
    bad = open_dataset(replicas(drift=1).write(tmp_path / "bad"))
    rules = infer([good], relations=relations.select(["consistency"])).invariants
    violations = [one.violation for one in check([bad], rules).results if one.violation]
    assert violations
    assert {one.source for one in violations} == {"train.py:2"}
    assert all("var_name" in record for one in violations for record in one.records)


def test_without_places_there_is_none(tmp_path: Path) -> None:
    trace = training(updates=False)
    for event in trace._events:
        event.row.pop("source", None)
    bad = open_dataset(trace.write(tmp_path / "bad"))
    rule = change(learned(tmp_path), "library.update")
    (result,) = check([bad], [rule]).results
    assert result.violation is not None
    assert result.violation.source is None
    (witness,) = find_witnesses(bad, [rule])
    assert witness.broken[0].source is witness.broken[0].made_at is None


def explained(tmp_path: Path, content: bytes = CODE) -> tuple[Witness, str]:
    bad = run(tmp_path / "bad", training(updates=False), {"train.py": CODE})
    (tmp_path / "train.py").write_bytes(content)
    rule = change(learned(tmp_path), "opt.step")
    (witness,) = find_witnesses(bad, [rule])
    found = check([bad], [rule])
    finding = document.to_document(found, diagnose(found), {})["findings"][0]
    return witness, explanation.explain(1, finding, witness, None, "bad")


def test_explain_shows_the_lines_of_the_program(tmp_path: Path) -> None:
    witness, text = explained(tmp_path)
    lines = [line.strip() for line in text.splitlines()]
    assert "called at   train.py:2" in lines
    assert any(line.startswith("at train.py:2: opt.step()") for line in lines)
    assert "made at train.py:3: opt.__init__()" in lines
    assert "inside main (train.py:4)" in lines
    assert witness.broken[0].around[0].source == Source("train.py:4", "main()")


def test_no_line_of_a_file_that_is_another_now(tmp_path: Path) -> None:
    _, text = explained(tmp_path, CODE + b"\n")
    assert "at train.py:2\n" in text
    assert "opt.step()  #" not in text


@pytest.mark.parametrize(
    "place", ["secret:1", "train.py:99", "train.py", "train.py:x", "pipe:1", ""]
)
def test_only_lines_that_the_run_knows_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_bytes(CODE)
    (tmp_path / "secret").write_text("password\n")
    os.mkfifo(tmp_path / "pipe")
    digests = {"train.py": digest_of(CODE), "pipe": digest_of(b""), "secret": digest_of(b"guess")}
    manifest = replace(
        run(tmp_path / "run", training()).manifest, notes={"directory": 3, "files": digests}
    )
    files = SourceFiles(manifest)
    assert files.source(place) == Source(place, None)
    assert files.source("train.py:1") == Source("train.py:1", "import opt")
    assert SourceFiles(replace(manifest, notes={"files": [1]})).source("train.py:1") == Source(
        "train.py:1", None
    )


def shown(tmp_path: Path, file: str) -> tuple[Check, str]:
    bad = run(tmp_path / "bad", training(file, updates=False), {file: CODE})
    found = check([bad], [change(learned(tmp_path), "opt.step")])
    diagnosis = diagnose(found)
    evidence = page.gather(
        found,
        diagnosis,
        [bad],
        limits=Limits(),
        settings={},
        sql_path=(),
        progress=lambda _: None,
    )
    return found, page.render(found, document.to_document(found, diagnosis, {}), evidence)


def test_the_page_shows_line_and_place(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_bytes(CODE)
    _, text = shown(tmp_path, "train.py")
    assert "First at <code>train.py:2</code>" in text
    assert "opt.step()  # &lt;b&gt;&amp;" in text
    assert "Made at <code>train.py:3</code>" in text
    assert "&#34;files&#34;" not in text


def test_a_hostile_name_is_text(tmp_path: Path) -> None:
    found, text = shown(tmp_path, EVIL)
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    suites = ElementTree.fromstring(junit.render(found, diagnose(found)))
    cases = [case for case in suites.iter("testcase") if case.find("failure") is not None]
    assert {(case.get("file"), case.get("line")) for case in cases} >= {
        (EVIL.replace("\x1b", "\ufffd"), "2")
    }
    told = summary.render(found, diagnose(found), tmp_path)
    assert f"at {EVIL}:2" in told


def test_places_are_taken_apart() -> None:
    assert split_place("a/b.py:12") == ("a/b.py", 12)
    assert split_place("<ipython-input-1-x>:3") == ("<ipython-input-1-x>", 3)
    assert split_place("C:x") == ("C:x", None)
    assert split_place("a:" + "9" * 5000)[1] is None
