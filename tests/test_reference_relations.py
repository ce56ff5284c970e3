"""The oracles of the relations, rule by rule where the worked examples say nothing."""

from __future__ import annotations

import json

import pytest

from tests.builder import Payload, Trace
from tests.reference import consistency, contain_call, contain_change, cover, events, lead
from tests.reference.pool import is_rare, is_skipped, pool, program_pool


def counts(found: events.Examples) -> tuple[int, int]:
    return len(found.positive), len(found.negative)


# Contain


def test_contain_call_needs_all_arguments_of_one_call_that_returned() -> None:
    trace = Trace()
    for size, outcome in ((1, "ok"), (1, "exception"), (2, "ok")):
        with trace.call("parent"):
            with trace.call("child", args=[size], parameters=["size"], outcome=outcome):
                pass
            with trace.call("child", kwargs={"size": size}, outcome="exception"):
                pass
    found = contain_call.examples({"a": trace.rows()}, ("parent", "child", '{"size":{"int":1}}'))
    assert counts(found) == (1, 2)
    assert contain_call.hypotheses({"a": trace.rows()}) == {("parent", "child", "{}")}


def test_contain_call_keeps_arguments_that_never_differ_over_all_traces() -> None:
    def run(mode: str) -> list[events.Row]:
        trace = Trace()
        tensor = Payload("torch.FloatTensor", {"ndim": 2})
        given = {"x": tensor, "mode": mode, "dim": 1, "_TRAINCHECK_x_ID": 5}
        with trace.call("parent"), trace.call("child", args=[3], kwargs=given):
            pass
        return trace.rows()

    alike = {"a": run("sum"), "b": run("sum")}
    both = {("parent", "child", '{"dim":{"int":1},"mode":{"str":"sum"}}')}
    assert contain_call.hypotheses(alike, all_hypotheses=True) == both
    assert contain_call.hypotheses(alike) == {("parent", "child", '{"mode":{"str":"sum"}}')}
    differing = {"a": run("sum"), "b": run("mean")}
    number = {("parent", "child", '{"dim":{"int":1}}')}
    assert contain_call.hypotheses(differing, all_hypotheses=True) == number
    assert contain_call.hypotheses(differing) == {("parent", "child", "{}")}


def test_contain_call_keeps_numbers_that_another_stage_gives_otherwise() -> None:
    trace = Trace()
    for stage, share in (("training", 0.1), ("evaluation", 0), ("training", 0.1)):
        trace.at(stage=stage)
        with trace.call("parent"), trace.call("child", kwargs={"p": share, "sizes": [3, [4]]}):
            pass
    assert contain_call.hypotheses({"a": trace.rows()}) == {
        ("parent", "child", "{}"),
        ("parent", "child", '{"p":{"float":0.1}}'),
        ("parent", "child", '{"p":{"int":0}}'),
    }


def test_contain_call_leaves_out_the_options_of_an_optimizer() -> None:
    trace = Trace()
    parent = "torch.optim.adam.Adam.step"
    with trace.call(parent), trace.call("child", kwargs={"foreach": None}):
        pass
    rows = {"a": trace.rows()}
    assert contain_call.hypotheses(rows) == {(parent, "child", "{}")}
    (everything,) = contain_call.hypotheses(rows, all_hypotheses=True)
    assert everything[:2] == (parent, "child")
    assert json.loads(everything[2]) == {"foreach": {"NoneType": None}}


def test_contain_call_leaves_out_containers_of_modules() -> None:
    trace = Trace()
    parent = "torch.nn.modules.container.Sequential.forward"
    with trace.call(parent), trace.call("child"):
        pass
    rows = {"a": trace.rows()}
    assert contain_call.hypotheses(rows) == set()
    assert contain_call.hypotheses(rows, all_hypotheses=True) == {(parent, "child", "{}")}


def test_contain_judges_an_incomplete_parent_only_where_it_holds() -> None:
    trace = Trace()
    trace.state("w", data=0)
    with trace.call("parent", outcome="incomplete"), trace.call("parent"):
        with trace.call("child"):
            trace.state("w", data=1)
        with trace.call("other"):
            pass
    trace.process(2)
    with trace.call("parent", outcome="incomplete"):
        pass
    rows = {"a": trace.rows()}
    assert counts(contain_call.examples(rows, ("parent", "child", "{}"))) == (2, 0)
    params = ("parent", "torch.nn.Parameter", "data", "0", "1")
    assert counts(contain_change.examples(rows, params)) == (2, 0)


def test_contain_change_stays_concrete_below_the_ratio() -> None:
    trace = Trace()
    trace.state("w", data=0)
    for value in (1, 2):
        with trace.call("update"):
            trace.state("w", data=value)
    found = contain_change.hypotheses({"a": trace.rows()})
    assert {params[3:] for params in found} == {("0", "1"), ("1", "2")}


def test_contain_change_merges_classes_of_nullness_apart() -> None:
    trace = Trace()
    trace.state("w", grad=None)
    for value in (1, 2, 3, 4):
        with trace.call("backward"):
            trace.state("w", grad=value)
            trace.state("w", grad=None)
    found = contain_change.hypotheses({"a": trace.rows()})
    assert {params[3:] for params in found} == {
        ("null", '"above_zero"'),
        ('"above_zero"', "null"),
    }


# Lead and cover


def flat(*names: str) -> list[events.Row]:
    trace = Trace()
    for name in names:
        with trace.call(name):
            pass
    return trace.rows()


def test_pool_leaves_out_noise_and_functions_called_three_times_in_a_row() -> None:
    rows = flat("a", "a", "b", "c", "c", "pkg._x", "c", "c", "d", "d", "d")
    assert pool({"a": rows}) == {"a", "b", "c"}
    assert pool({"a": rows, "b": flat("a", "a", "a")}) == {"b", "c"}
    assert is_skipped("torch.nn.functional.relu")
    assert is_skipped("main.<locals>.step")


def test_the_order_of_some_functions_is_not_the_programs_own() -> None:
    trace = Trace()
    for _ in range(2):
        with trace.call("net.forward"):
            with trace.call("layer.forward"), trace.call("inside"):
                pass
            with trace.call("here_too"):
                pass
        for caller in ("one", "other"):
            with trace.call(caller), trace.call("of_both"), trace.call("helper"):
                pass
        with trace.call("torch.nn.init.zeros_"):
            pass
    with trace.call("once"), trace.call("here_too"):
        pass
    with trace.call("torch.random.seed"):
        pass
    rows = {"a": trace.rows()}
    assert pool(rows) > program_pool(rows)
    members = {"here_too", "one", "other", "of_both", "once"}
    members |= {"torch.nn.init.zeros_", "torch.random.seed"}
    assert program_pool(rows) == members
    again = Trace()
    with again.call("helper"):
        pass
    assert program_pool({**rows, "b": again.rows()}) == members | {"helper"}
    rare = {name for name in members if is_rare(rows, name)}
    assert rare == {"once", "torch.nn.init.zeros_", "torch.random.seed"}


def test_on_a_level_with_nothing_gives_no_examples() -> None:
    trace = Trace()
    with trace.call("outer"):
        with trace.call("a"):
            pass
        with trace.call("b"):
            pass
    rows = {"a": trace.rows()}
    assert counts(cover.examples(rows, ("a", "outer"))) == (0, 0)
    assert counts(lead.examples(rows, ("outer", "a"))) == (0, 0)
    assert counts(cover.examples(rows, ("outer", "b"))) == (0, 1)
    assert counts(lead.examples(rows, ("a", "outer"))) == (0, 1)


def test_cover_and_lead_where_the_other_is_never_called() -> None:
    rows = {"a": flat("b", "x", "b")}
    assert counts(cover.examples(rows, ("a", "b"))) == (0, 2)
    assert counts(lead.examples(rows, ("b", "a"))) == (0, 2)


@pytest.mark.parametrize(("names", "expected"), [("ab", (1, 0)), ("ba", (0, 1)), ("aba", (1, 0))])
def test_lead_of_one_call_and_of_the_last(names: str, expected: tuple[int, int]) -> None:
    assert counts(lead.examples({"a": flat(*names)}, ("a", "b"))) == expected


def test_lead_and_cover_ignore_incomplete_calls_but_not_raised_ones() -> None:
    trace = Trace()
    for outcome in ("ok", "exception"):
        with trace.call("a"):
            pass
        with trace.call("b", outcome=outcome):
            pass
    with trace.call("a", outcome="incomplete"):
        pass
    rows = {"a": trace.rows()}
    assert counts(cover.examples(rows, ("a", "b"))) == (2, 0)
    assert counts(lead.examples(rows, ("a", "b"))) == (1, 0)


def test_threads_and_processes_are_apart() -> None:
    trace = Trace()
    for place in (1, 2):
        for name in ("a", "x", "b"):
            trace.process(place).thread(place)
            with trace.call(name if place == 1 else name.replace("a", "y")):
                pass
    assert counts(cover.examples({"a": trace.rows()}, ("a", "b"))) == (1, 1)


# Consistency


def test_consistency_skips_the_first_run_of_parameters_only() -> None:
    def run(kind: str) -> list[events.Row]:
        trace = Trace(tick=1)
        for value in (1, 2, 3):
            for name in ("v", "w"):
                trace.state(name, type=kind, data=value)
            trace.wait(1000)
        trace.state("end", type="other", x=0)
        return trace.rows()

    for kind, expected in (("my.Parameter", 2), ("counter", 3)):
        params = ((kind, "data"), (kind, "data"))
        assert consistency.hypotheses({"a": run(kind)}) == {params}
        assert counts(consistency.examples({"a": run(kind)}, params)) == (expected, 0)


def test_consistency_compares_different_attributes_of_different_variables_only() -> None:
    trace = Trace(tick=1)
    for value in (1, 2):
        trace.state("v", type="counter", x=value, y=value)
        trace.state("w", type="counter", x=value, y=value + 10)
        trace.wait(1000)
    trace.state("end", type="other", z=0)
    rows = {"a": trace.rows()}
    crossed = (("counter", "x"), ("counter", "y"))
    assert consistency.hypotheses(rows) == {(("counter", "x"), ("counter", "x")), crossed}
    assert counts(consistency.examples(rows, crossed)) == (2, 2)
