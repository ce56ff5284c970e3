"""report.html and JUnit XML: whole, well-formed, and safe whatever a trace holds."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

from tc_engine import relations
from tc_engine.dataset import open_dataset
from tc_engine.diagnosis import diagnose
from tc_engine.engine.session import Limits
from tc_engine.pipelines.check import Check, check
from tc_engine.pipelines.infer import infer
from tc_engine.report import document, junit, page
from tests.builder import Trace

EVIL = "<script>alert('x')</script>&\"\x01"


def evil(*, kept: bool) -> Trace:
    """Return a run whose names and values are markup; `kept` tells whether it is a good one."""
    trace = Trace().at(stage=EVIL)
    for step in range(5):
        trace.at(step=step)
        with trace.call(f"{EVIL}.Opt.step", kwargs={EVIL: EVIL}):
            trace.state(EVIL, data=step if kept else 0)
    return trace


def checked(tmp_path: Path) -> tuple[Check, dict[str, object], str]:
    good = open_dataset(evil(kept=True).write(tmp_path / "good"))
    bad = open_dataset(evil(kept=False).write(tmp_path / "bad"))
    found = check([bad], infer([good], relations=relations.select()).invariants)
    diagnosis = diagnose(found)
    content = document.to_document(found, diagnosis, {})
    evidence = page.gather(
        found,
        diagnosis,
        [bad],
        limits=Limits(),
        settings={},
        sql_path=(),
        progress=lambda _: None,
    )
    return found, content, page.render(found, content, evidence)


class Tags(HTMLParser):
    """Collects elements, text and addresses of a page; fails on tags that do not match."""

    VOID = frozenset({"meta", "rect", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.addresses: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag in self.VOID or self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_whole_and_runs_nothing(tmp_path: Path) -> None:
    _, content, text = checked(tmp_path)
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    assert "script" not in tags.seen
    assert tags.addresses == [], "it needs nothing else to be opened"
    findings = content["findings"]
    assert isinstance(findings, list)
    assert findings[0]["title"] in tags.text
    assert "svg" in tags.seen
    assert f"{len(findings)} finding" in tags.text


def test_a_page_of_a_good_run_says_what_was_checked(tmp_path: Path) -> None:
    good = open_dataset(evil(kept=True).write(tmp_path / "good"))
    found = check([good], infer([good], relations=relations.select()).invariants)
    content = document.to_document(found, diagnose(found), {})
    text = page.render(found, content, page.Evidence({"good": good.manifest}, {}))
    assert "Nothing telling was found" in text
    assert f"{len(found.invariants)} rules, 0 violated" in text


def test_junit_has_a_case_for_each_rule(tmp_path: Path) -> None:
    found, _, _ = checked(tmp_path)
    suites = ElementTree.fromstring(junit.render(found, diagnose(found)))
    (suite,) = suites
    violated = sum(one.violation is not None for one in found.results)
    assert suite.attrib == {
        "name": "bad",
        "tests": str(len(found.results)),
        "failures": str(violated),
        "skipped": str(sum(not one.triggered for one in found.results)),
    }
    assert len(suite.findall("testcase/failure")) == violated > 0


def test_the_document_is_json_and_tells_what_is_broken(tmp_path: Path) -> None:
    _, content, _ = checked(tmp_path)
    again = json.loads(json.dumps(content))
    assert again == content
    (trace,) = again["traces"]
    told = ("violated", "passed", "not_triggered", "foreign", "not_supported")
    assert sum(trace[name] for name in told) == trace["invariants"]
    violations = [one for finding in again["findings"] for one in finding["violations"]]
    assert len(violations) == trace["violated"]
    assert all(0 < one["violated"] <= one["judged"] for one in violations)
