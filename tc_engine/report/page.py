"""`report.html`: the outcome of a check as one page that needs nothing else to be opened.

What comes from a trace is data from strangers: the template escapes every value.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tc_engine.dataset import Dataset, Manifest
from tc_engine.diagnosis import Diagnosis
from tc_engine.diagnosis.evidence import functions
from tc_engine.diagnosis.witnesses import Place, Shown, Witness, find_witnesses
from tc_engine.engine.session import Limits
from tc_engine.pipelines.check import Check
from tc_engine.report.document import counts
from tc_engine.report.explanation import fields, sql_command

if TYPE_CHECKING:
    from tc_engine.partitions.checking import Asked

LEFT, WIDTH, LANE = 150, 900, 22  # of the picture, in its own units
MOST_LANES = 24


@dataclass(frozen=True)
class Evidence:
    """What the page shows of a run beside the document: by trace, and by finding (trace, id)."""

    manifests: Mapping[str, Manifest]
    witnesses: Mapping[tuple[str, str], Witness]


def gather(
    check: Check,
    diagnosis: Diagnosis,
    runs: Sequence[Dataset],
    *,
    limits: Limits,
    settings: Mapping[str, Any],
    sql_path: Sequence[Path],
    progress: Callable[[str], None],
) -> Evidence:
    """Look at the runs once more for what shows the findings."""
    opened = {run.address: run for run in runs}
    found: dict[tuple[str, str], Witness] = {}
    for trace, place in check.places.items():
        heads = [one for one in diagnosis.findings if one.trace == trace]
        if heads:
            invariants = [one.head.invariant for one in heads]
            witnesses = find_witnesses(
                opened[place],
                invariants,
                limits=limits,
                settings=settings,
                sql_path=sql_path,
                progress=progress,
            )
            found |= {(trace, h.key): w for h, w in zip(heads, witnesses, strict=True)}
    manifests = {trace: opened[place].manifest for trace, place in check.places.items()}
    return Evidence(manifests, found)


def make(
    check: Check,
    diagnosis: Diagnosis,
    document: Mapping[str, Any],
    asked: Asked,
    progress: Callable[[str], None],
) -> str:
    """Look at the runs once more, and return the text of the page."""
    evidence = gather(
        check,
        diagnosis,
        asked.runs,
        limits=asked.limits,
        settings=asked.settings,
        sql_path=asked.sql_path,
        progress=progress,
    )
    return render(check, document, evidence)


def render(check: Check, document: Mapping[str, Any], evidence: Evidence) -> str:
    """Return the text of the page."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda number: f"{number:,}"
    telling = [one for one in document["findings"] if one["is_telling"]]
    return environment.get_template("report.html.j2").render(
        verdict=_verdict(len(telling)),
        summary=_summary(document),
        findings=[_finding(check, one, evidence) for one in telling],
        minor=[one for one in document["findings"] if not one["is_telling"]],
        coverage=list(_coverage(check)),
        idle=list(_idle(check)),
        facts=list(_facts(check, evidence.manifests)),
        created_by=document["created_by"],
    )


def _verdict(count: int) -> str:
    if count == 0:
        return "Nothing telling was found"
    return f"{count} finding{'s' * (count != 1)}"


def _summary(document: Mapping[str, Any]) -> str:
    shown = {"foreign": "of other programs", "not_supported": "not supported"}
    parts = []
    for one in document["traces"]:
        counts = [
            f"{one['name']}: {one['invariants']:,} rules",
            f"{one['violated']:,} violated",
            f"{one['passed']:,} passed",
            f"{one['not_triggered']:,} not triggered",
            *(f"{one[key]:,} {words}" for key, words in shown.items() if one[key]),
        ]
        parts.append(", ".join(counts))
    return "; ".join(parts)


def _finding(check: Check, finding: Mapping[str, Any], evidence: Evidence) -> dict[str, Any]:
    head, *others = finding["violations"]
    first, last = head["first_step"], head["last_step"]
    steps = "at no known step" if first is None else f"steps {first} to {last}"
    witness = evidence.witnesses.get((finding["trace"], finding["id"]))
    return {
        **finding,
        "head": head,
        "others": others,
        "steps": steps if first != last else f"step {first}",
        "timeline": _timeline(witness.places) if witness else None,
        "pairs": list(_pairs(witness)) if witness else [],
        "command": sql_command(check.places[finding["trace"]], witness) if witness else "",
    }


def _timeline(places: Sequence[Place]) -> dict[str, Any] | None:
    """Return a picture: a lane for each process, a cell for each share of its steps."""
    known = [place for place in places if place.bins][:MOST_LANES]
    steps = [s for place in known for s in (place.first_step, place.last_step) if s is not None]
    if not steps:
        return None
    first = min(min(place.bins) for place in known)
    count = max(max(place.bins) for place in known) - first + 1
    most = max(max(place.bins.values()) for place in known)
    width = (WIDTH - LEFT) / count
    lanes = [
        {
            "name": _lane_name(place),
            "y": LANE * number,
            "cells": [
                {
                    "x": round(LEFT + (bin_ - first) * width, 1),
                    "width": round(max(width - 1, 1), 1),
                    "shade": round(0.35 + 0.65 * violations / most, 2),
                }
                for bin_, violations in place.bins.items()
            ],
        }
        for number, place in enumerate(known)
    ]
    return {
        "width": WIDTH,
        "left": LEFT,
        "height": LANE * len(lanes) + 18,
        "lanes": lanes,
        "first": min(steps),
        "last": max(steps),
        "told": f"Violations in {len(places)} processes between step {min(steps)} and {max(steps)}",
    }


def _lane_name(place: Place) -> str:
    return " ".join(place.rank_names)[-22:] or f"process {place.process_id}"


def _pairs(witness: Witness) -> Iterator[dict[str, Any]]:
    for bad, kept in zip_longest(witness.broken, witness.kept):
        if bad is None:
            continue
        left, right = _told(bad), _told(kept) if kept else {}
        yield {
            "name": bad.record.get("function") or bad.record.get("var_name"),
            "around": " > ".join(map(str, bad.around)),
            "sources": list(_sources(bad, kept)),
            "kept": kept is not None,
            "caption": "The first violation"
            + (", beside the nearest example in this run that kept the rule" if kept else ""),
            "rows": [
                {
                    "name": name,
                    "broken": left.get(name, ""),
                    "kept": right.get(name, ""),
                    "differs": bool(kept) and left.get(name) != right.get(name),
                }
                for name in dict.fromkeys((*left, *right))
            ],
        }


def _sources(bad: Shown, kept: Shown | None) -> Iterator[dict[str, Any]]:
    """Tell where the program called it, and made what it was called on."""
    other = kept.source if kept and kept.source != bad.source else None
    told = (("Called at", bad.source), ("Kept at", other), ("Made at", bad.made_at))
    yield from ({"word": word, "source": source} for word, source in told if source)


def _told(shown: Shown) -> dict[str, str]:
    inside = ", ".join(shown.calls_inside)
    return fields(shown) | ({"calls inside": inside} if inside else {})


def _coverage(check: Check) -> Iterator[dict[str, Any]]:
    for trace in check.traces:
        results = [one for one in check.results if one.trace == trace]
        for relation in sorted({one.invariant.relation for one in results}):
            own = [one for one in results if one.invariant.relation == relation]
            yield {
                "trace": trace,
                "relation": relation.removesuffix("Relation"),
                "rules": len(own),
                **counts(own),
            }


def _idle(check: Check) -> Iterator[dict[str, Any]]:
    for trace in check.traces:
        results = [one for one in check.results if one.trace == trace]
        idle = [one for one in results if not (one.triggered or one.unsupported or one.is_foreign)]
        if idle:
            named = {name for one in idle for name in functions(one.invariant)}
            yield {
                "trace": trace,
                "rules": [one.invariant.text for one in idle],
                "never_called": sorted(one for one in named if (trace, one) not in check.called),
            }


def _facts(check: Check, manifests: Mapping[str, Manifest]) -> Iterator[dict[str, str]]:
    for trace, manifest in manifests.items():
        told = {
            "folder": check.places[trace],
            "written by": manifest.created_by,
            "command": " ".join(manifest.command),
            "host": manifest.host or "",
            "ranks": ", ".join(map(str, manifest.ranks)),
            "started": manifest.started_at or "",
            "ended": manifest.ended_at or ("" if not manifest.started_at else "not known"),
            "versions": ", ".join(f"{name} {one}" for name, one in manifest.versions.items()),
            "counts": ", ".join(f"{name} {one:,}" for name, one in manifest.counts.items()),
            "notes": _notes(manifest),
        }
        yield from ({"trace": trace, "name": name, "value": v} for name, v in told.items() if v)


def _notes(manifest: Manifest) -> str:
    """Return what else the manifest tells, less the list of the program's files."""
    notes = {name: one for name, one in manifest.notes.items() if name != "files"}
    return json.dumps(notes) if notes else ""
