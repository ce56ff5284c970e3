"""Every relation's SQL against the naive oracles, on random traces."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.builder import Trace
from tests.random_traces import random_traces
from tests.reference.pool import is_rare
from tests.reference.relations import MORE_RELATIONS, RELATIONS, choices
from tests.relations import engine

QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@settings(max_examples=16, deadline=None, suppress_health_check=QUIET, derandomize=True)
@given(random_traces())
def test_some_random_traces(traces: dict[str, Trace]) -> None:
    compare(traces)


@pytest.mark.slow
@settings(max_examples=500, deadline=None, suppress_health_check=QUIET)
@given(random_traces())
def test_many_random_traces(traces: dict[str, Trace]) -> None:
    compare(traces)


def compare(traces: dict[str, Trace]) -> None:
    rows = {name: trace.rows() for name, trace in traces.items()}
    with tempfile.TemporaryDirectory() as folder, engine.prepared(traces, Path(folder)) as session:
        for name, reference in {**RELATIONS, **MORE_RELATIONS}.items():
            for asked in choices(reference):
                # One without a positive example is no use, and need not be stated.
                expected = {
                    one
                    for one in reference.hypotheses(rows, **asked)
                    if reference.examples(rows, one).positive
                }
                found = engine.hypotheses(session, name, **asked)
                if name in ("lead", "cover"):
                    assert engine.local(session, name) == {
                        one for one in found if any(is_rare(rows, function) for function in one)
                    }
                stated = {one for one in found if engine.counts(session, name, one).positive}
                assert set(map(_without_empty, stated)) == set(map(_without_empty, expected)), name
            for params in sorted(expected)[:6]:
                wanted = reference.examples(rows, params)
                if name == "distinct_argument":
                    sizes = engine.Counted(len(wanted.positive), len(wanted.negative))
                    assert engine.counts(session, name, params) == sizes
                else:
                    assert engine.examples(session, name, params) == wanted, name


def _without_empty(params: engine.Params) -> engine.Params:
    return params[:-1] if params[-1] == "{}" else params
