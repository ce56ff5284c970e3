"""JUnit XML, which continuous integration shows: a test case for each rule and trace."""

from __future__ import annotations

from xml.etree import ElementTree

from tc_engine.diagnosis import Diagnosis
from tc_engine.pipelines.check import Check, Result
from tc_engine.report.results import describe_failure
from tc_engine.sourcefiles import split_place

# What XML 1.0 cannot hold, whatever the escape.
_FORBIDDEN = {n: "\ufffd" for n in range(32) if chr(n) not in "\t\n\r"}


def render(check: Check, diagnosis: Diagnosis) -> str:
    """Return the text of the file; a rule that is broken but suppressed counts as skipped."""
    allowed = {id(one) for one in diagnosis.suppressed}
    suites = ElementTree.Element("testsuites", name="tc-engine check")
    for trace in check.traces:
        results = [one for one in check.results if one.trace == trace]
        suite = ElementTree.SubElement(suites, "testsuite", name=_text(trace))
        counts = {"tests": len(results), "failures": 0, "skipped": 0}
        for one in results:
            outcome = _case(suite, one, suppressed=id(one) in allowed)
            if outcome:
                counts[outcome] += 1
        suite.attrib |= {name: str(count) for name, count in counts.items()}
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ElementTree.Element, result: Result, *, suppressed: bool) -> str:
    invariant = result.invariant
    case = ElementTree.SubElement(
        suite, "testcase", classname=_text(invariant.relation), name=_text(invariant.text)
    )
    if result.violation and not suppressed:
        case.attrib |= _place(result.violation.source)
        said = f"{result.violation.count:,} of {result.examples:,} times"
        failure = ElementTree.SubElement(case, "failure", message=_text(describe_failure(result)))
        failure.text = f"from step {result.violation.first_step} on, {said}"
        return "failures"
    if result.triggered and not suppressed:
        return ""
    reason = "suppressed" if suppressed else result.unsupported or "not triggered"
    ElementTree.SubElement(case, "skipped", message=_text(reason))
    return "skipped"


def _place(source: str | None) -> dict[str, str]:
    """Return the attributes by which services of continuous integration link to code."""
    if source is None:
        return {}
    file, line = split_place(source)
    return {"file": _text(file)} | ({} if line is None else {"line": str(line)})


def _text(value: object) -> str:
    return str(value).translate(_FORBIDDEN)
