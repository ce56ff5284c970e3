"""What two runs do differently: small traces with the rows that come out, and real programs."""

from __future__ import annotations

import itertools
import random
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tc_engine.dataset import open_dataset
from tc_engine.engine.session import Limits
from tc_engine.errors import DataError
from tc_engine.pipelines.diff import SECTIONS, Difference, Matched, diff
from tests.builder import MISSING, Payload, Trace, write_rows
from tests.collect.conftest import collect_command

Rows = dict[str, list[dict[str, Any]]]
LIMITS = Limits(threads=1)


def rows_of(found: Difference) -> Rows:
    """Return the sections that have rows, each row as a dictionary."""
    rows = {}
    for section in SECTIONS:
        relation = found.rows(section)
        got = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
        assert len(got) == found.counts[section]
        if got:
            rows[section.name] = got
    return rows


@pytest.fixture
def compare(tmp_path: Path) -> Callable[[Trace, Trace], Rows]:
    """Return a function that compares two traces."""

    def run(a: Trace, b: Trace) -> Rows:
        with matched(tmp_path, a, b) as found:
            return rows_of(found)

    return run


@contextmanager
def matched(folder: Path, a: Trace, b: Trace) -> Iterator[Difference]:
    paths = [trace.write(folder / name) for trace, name in ((a, "a"), (b, "b"))]
    with diff(*map(open_dataset, paths), limits=LIMITS) as found:
        yield found


def tensor(dtype: str = "float32", *shape: int, grad: bool = False, **more: object) -> Payload:
    kind = {"float32": "torch.FloatTensor", "bfloat16": "torch.BFloat16Tensor"}[dtype]
    facts = {"dtype": f"torch.{dtype}", "shape": list(shape), "requires_grad": grad, **more}
    return Payload(kind, facts)


def some(row: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


def training(
    trace: Trace | None = None,
    *,
    steps: int = 3,
    clip: bool = True,
    rate: float = 0.1,
    dtype: str = "float32",
    frozen_from: int = 99,
    threads: tuple[int, int] = (1, 2),
) -> Trace:
    """A loop that calls a model, goes back, clips and steps; another thread makes batches."""
    trace = trace or Trace()
    trace.thread(threads[0]).at(step=0, stage="training")
    trace.state("w", data=1, grad=None, requires_grad=True)
    trace.state("v", data=1, grad=None, requires_grad=True)
    data = 1
    for step in range(steps):
        trace.at(step=step)
        with trace.thread(threads[1]).call("batch"):
            pass
        trace.thread(threads[0])
        with (
            trace.call("model", args=[tensor(dtype, 4, 8)], result=tensor(dtype, 4, 2)),
            trace.call("linear"),
        ):
            pass
        with trace.call("backward") as back:
            trace.state("w", data=data, grad=step + 10, requires_grad=True, cause=back)
        if clip:
            with trace.call("clip"), trace.call("norm"):
                pass
        parameters = ["params", "lr"]
        with trace.call("sgd", args=[(), rate], parameters=parameters) as update:
            data += step < frozen_from
            trace.state("w", data=data, grad=step + 10, requires_grad=True, cause=update)
    return trace


def test_the_same_program_shows_no_difference(compare: Any) -> None:
    # Times and ids of processes, threads and tensors' memory are others.
    a = training()
    b = training(Trace(start=10**9, tick=77).process(4711), threads=(9, 5))
    assert compare(a, b) == {}


def test_a_run_and_itself(tmp_path: Path) -> None:
    run = training().write(tmp_path / "a")
    (tmp_path / "other_name").symlink_to(run)
    with diff(open_dataset(run), open_dataset(tmp_path / "other_name"), limits=LIMITS) as found:
        assert not found
        assert found.matched.shared_steps == 3
        assert rows_of(found) == {}


def test_a_call_that_is_gone_holds_what_was_inside_of_it(compare: Any) -> None:
    assert compare(training(), training(clip=False)) == {
        "call": [
            {
                "change": "gone",
                "function": "clip",
                "inside": None,
                "a": 3,
                "b": 0,
                "first_step": 0,
                "last_step": 2,
                "steps": 3,
                "contained": 3,
                "processes": "process",
            }
        ]
    }


def test_the_other_way_round_it_is_added(compare: Any) -> None:
    (row,) = compare(training(clip=False), training())["call"]
    assert some(row, "change", "function", "a", "b") == ("added", "clip", 0, 3)


def twice_in(step: int, function: str = "drop") -> Trace:
    trace = Trace()
    for number in range(3):
        trace.at(step=number)
        with trace.call("model"):
            for _ in range(2 if number == step else 1):
                with trace.call(function, args=[number]):
                    pass
    return trace


def test_another_number_of_calls(compare: Any) -> None:
    found = compare(twice_in(9), twice_in(1))
    assert list(found) == ["call"]  # which of two calls is the one of A? So nothing on arguments
    (row,) = found["call"]
    names = ("change", "function", "inside", "a", "b", "first_step", "last_step", "steps")
    assert some(row, *names) == ("more", "drop", "model", 3, 4, 1, 1, 1)


def test_as_many_calls_in_other_steps(compare: Any) -> None:
    (row,) = compare(twice_in(0), twice_in(1))["call"]
    assert some(row, "change", "a", "b", "steps") == ("elsewhere", 4, 4, 2)


def test_functions_of_one_run_come_first(compare: Any) -> None:
    a, b = twice_in(0), twice_in(9)
    for trace, function in ((a, "model"), (b, "new")):
        with trace.call(function):
            pass
    found = [some(row, "change", "function") for row in compare(a, b)["call"]]
    assert found == [("added", "new"), ("fewer", "drop"), ("fewer", "model")]


def test_an_argument_that_was_constant(compare: Any) -> None:
    assert compare(training(), training(rate=0.01)) == {
        "argument": [
            {
                "function": "sgd",
                "inside": None,
                "argument": "lr",
                "a": "0.1",
                "b": "0.01",
                "first_step": 0,
                "differing": 3,
                "compared": 3,
                "value_pairs": 1,
                "processes": "process",
            }
        ]
    }


def test_another_dtype(compare: Any) -> None:
    found = compare(training(), training(dtype="bfloat16"))
    assert sorted(found) == ["argument", "result"]
    assert [some(row, "argument", "a", "b") for row in found["argument"]] == [
        ("0.dtype", '"torch.float32"', '"torch.bfloat16"')
    ]
    assert [some(row, "result", "a", "b") for row in found["result"]] == [
        ("result.dtype", '"torch.float32"', '"torch.bfloat16"')
    ]


def calling(value: object = MISSING, **more: Any) -> Trace:
    trace = Trace().at(step=0)
    with trace.call("f", **({} if value is MISSING else {"kwargs": {"x": value}}), **more):
        pass
    return trace


ARGUMENTS: list[tuple[object, object, list[tuple[str, str, str]]]] = [
    (False, True, [("x", "false", "true")]),
    (1, 1.0, [("x", "1", "1.0")]),
    (None, 0.5, [("x", "null", "0.5")]),
    ("a", "b", [("x", '"a"', '"b"')]),
    ([1, 2], [1, 2, 2], [("x", "[1, 2]", "[1, 2, 2]")]),
    ([1, 2], (1, 2), [("x.type", "list", "tuple")]),
    (None, tensor("float32", 2), [("x", "null", "Tensor")]),
    (Payload("Net", {}), Payload("Other", {}), [("x", "Net", "Other")]),
    (
        Payload("Net", {"training": False}),
        Payload("Net", {"training": True}),
        [("x.training", "false", "true")],
    ),
    (
        tensor("float32", 2, 3, grad=True),
        tensor("bfloat16", 3, 2),
        [
            ("x.dtype", '"torch.float32"', '"torch.bfloat16"'),
            ("x.requires_grad", "true", "false"),
            ("x.shape", "[2, 3]", "[3, 2]"),
        ],
    ),
    (
        Payload("torch.nn.Parameter", {"dtype": "torch.float32", "shape": [2]}),
        Payload("torch.FloatTensor", {"dtype": "torch.float32", "shape": [3]}),
        [("x", "torch.nn.Parameter", "Tensor"), ("x.shape", "[2]", "[3]")],
    ),
    (
        Payload("dict", {"lr": 0.1, "betas": [0.9, 0.99]}),
        Payload("dict", {"lr": 0.2, "betas": [0.9, 0.999]}),
        [("x.betas", "[0.9, 0.99]", "[0.9, 0.999]"), ("x.lr", "0.1", "0.2")],
    ),
    (
        [{"torch.FloatTensor": {"shape": [2]}}, {"torch.FloatTensor": {"shape": [3]}}],
        [{"torch.FloatTensor": {"shape": [2]}}, {"torch.FloatTensor": {"shape": [4]}}],
        [("x[].shape", "[3]", "[4]")],
    ),
    (
        [{"torch.FloatTensor": {"shape": [2]}}, {"torch.FloatTensor": {"shape": [3]}}],
        [{"torch.FloatTensor": {"shape": [3]}}],
        [("x", "[2 items]", "[1 items]")],
    ),
    ([{"Net": {}}], [], [("x", "[1 items]", "[]")]),
    ([1, {"Net": {}}], [2, {"Net": {}}], [("x[]", "1", "2")]),
    # Where its memory is tells tensors of one run apart; its size follows from its shape.
    (
        tensor("float32", 2, storage=1, nbytes=8),
        tensor("float32", 2, storage=5, nbytes=9),
        [],
    ),
    (
        Payload("torch.Tensor", {"_TRAINCHECK_data_ID": 17, "dtype": "x"}),
        Payload("torch.Tensor", {"_TRAINCHECK_data_ID": 18, "dtype": "x"}),
        [],
    ),
]


def test_what_is_told_of_an_argument(compare: Any) -> None:
    a, b = Trace().at(step=0), Trace().at(step=0)
    for number, (of_a, of_b, _) in enumerate(ARGUMENTS):
        for trace, there, back in ((a, of_a, of_b), (b, of_b, of_a)):
            for function, value in ((f"f{number}", there), (f"g{number}", back)):
                with trace.call(function, kwargs={"x": value}):
                    pass
    rows = compare(a, b)["argument"]
    for number, (_, _, expected) in enumerate(ARGUMENTS):
        for function, sides in ((f"f{number}", ("a", "b")), (f"g{number}", ("b", "a"))):
            found = [
                (row["argument"], *(_spaced(row[side]) for side in sides))
                for row in rows
                if row["function"] == function
            ]
            assert found == expected, function


def _spaced(text: str) -> str:
    return text.replace(", ", ",").replace(",", ", ")


def test_an_argument_in_one_run_only(compare: Any) -> None:
    a, b = Trace().at(step=0), Trace().at(step=0)
    with a.call("f", args=[1], kwargs={}, parameters=["x", "p"]):
        pass
    with b.call("f", args=[1, 0.5], kwargs={}, parameters=["x", "p"]):
        pass
    (row,) = compare(a, b)["argument"]
    assert some(row, "argument", "a", "b") == ("p", None, "0.5")


def test_a_name_and_a_position_are_the_same_argument(compare: Any) -> None:
    a, b = Trace().at(step=0), Trace().at(step=0)
    with a.call("f", args=[1, 0.5], kwargs={}, parameters=["x", "p"]):
        pass
    with b.call("f", args=[1], kwargs={"p": 0.5}, parameters=["x", "p"]):
        pass
    assert compare(a, b) == {}


def test_an_argument_that_varies_is_one_row_behind_the_others(compare: Any) -> None:
    traces = []
    for factor in (1, 2):
        trace = Trace()
        for step in range(6):
            trace.at(step=step)
            with trace.call("f", kwargs={"seed": step * factor, "k": factor if step > 3 else 0}):
                pass
        traces.append(trace)
    names = ("argument", "a", "b", "first_step", "differing", "compared", "value_pairs")
    assert [some(row, *names) for row in compare(*traces)["argument"]] == [
        ("k", "1", "2", 4, 2, 6, 1),
        ("seed", "1", "2", 1, 5, 6, 5),
    ]


def test_values_of_results_are_not_compared_but_types_and_shapes_are(compare: Any) -> None:
    a = calling(1, result=(1.5, tensor("float32", 2), None))
    b = calling(1, result=(2.5, tensor("float32", 3), tensor("float32", 1)))
    (shape, kind) = compare(a, b)["result"]
    assert some(shape, "result", "a", "b") == ("result[1].shape", "[2]", "[3]")
    assert some(kind, "result", "a", "b") == ("result[2]", "null", "Tensor")


def test_a_call_that_raises(compare: Any) -> None:
    (row,) = compare(calling(), calling(outcome="exception", exception="ValueError"))["result"]
    assert some(row, "function", "result", "a", "b") == ("f", "outcome", "ok", "exception")


def test_a_parameter_that_stops_changing(compare: Any) -> None:
    found = compare(training(), training(frozen_from=1))
    assert sorted(found) == ["parameter", "value"]
    names = ("variable", "what", "a", "b")
    assert [some(row, *names) for row in found["parameter"]] == [
        ("w", "last step that changes it", "2", "0")
    ]
    names = ("variable", "attribute", "step", "changes_a", "changes_b", "cause_a", "cause_b")
    assert [some(row, *names) for row in found["value"]] == [
        ("w", "data", 1, True, False, "sgd", None)
    ]


def variable(**attributes: object) -> Trace:
    trace = Trace().at(step=0)
    trace.state("w", **attributes)
    return trace


def test_parameters_that_are_there_in_one_run_only(compare: Any) -> None:
    a, b = variable(data=1), variable(data=1)
    b.state("head.w", data=3)
    (row,) = compare(a, b)["parameter"]
    names = ("variable", "what", "a", "b", "step")
    assert some(row, *names) == ("head.w", "is there", "no", "yes", 0)


def test_gradients_in_one_run_only(compare: Any) -> None:
    found = compare(variable(data=1, grad=5), variable(data=1, grad=None))
    (row,) = found["parameter"]
    assert some(row, "variable", "what", "a", "b") == ("w", "has gradients", "yes", "no")
    assert [some(row, "attribute", "step") for row in found["value"]] == [("grad", 0)]


def test_other_attributes(compare: Any) -> None:
    found = compare(
        variable(data=1, requires_grad=True), variable(data=1, requires_grad=False, extra=1)
    )
    assert list(found) == ["parameter"]  # `extra` is not observed in A at all
    (row,) = found["parameter"]
    assert some(row, "what", "a", "b", "step") == ("requires_grad", "true", "false", 0)


def test_the_first_content_that_differs_comes_first(compare: Any) -> None:
    traces = []
    for wrong in (False, True):
        trace = Trace().at(step=0)
        for name in ("a", "b", "c"):
            trace.state(name, data=0)
        for step in range(3):
            trace.at(step=step)
            for name in ("c", "b", "a"):
                off = wrong and (step, name) >= (1, "b" if step == 1 else "a")
                with trace.call(f"update_{name}") as call:
                    trace.state(name, data=step + 1 + 100 * off, cause=call)
        traces.append(trace)
    found = compare(*traces)
    assert list(found) == ["value"]
    names = ("variable", "step", "cause_a", "cause_b")
    assert [some(row, *names) for row in found["value"]] == [
        ("c", 1, "update_c", "update_c"),
        ("b", 1, "update_b", "update_b"),
        ("a", 2, "update_a", "update_a"),
    ]


def test_steps_in_one_run_only_are_left_out_of_the_rest(compare: Any, tmp_path: Path) -> None:
    assert compare(training(steps=5), training(steps=3)) == {
        "step": [
            {"only_in": "A", "steps": 2, "first_step": 3, "last_step": 4, "processes": "process"}
        ]
    }


def ranks(*order: int, first_pid: int = 10, odd: int | None = None) -> Trace:
    """A training of several ranks, whose processes start in the given order."""
    trace = Trace()
    for pid, rank in enumerate(order, start=first_pid):
        trace.process(pid).at(RANK=rank, WORLD_SIZE=len(order))
        training(trace, rate=0.2 if rank == odd else 0.1)
    return trace


def told(found: Difference) -> tuple[Any, ...]:
    m: Matched = found.matched
    return m.by_rank, m.processes, m.a.left_out, m.b.left_out


def test_processes_are_matched_by_rank(tmp_path: Path) -> None:
    with matched(tmp_path, ranks(0, 1, 2), ranks(1, 2, 0, first_pid=70, odd=1)) as found:
        assert told(found) == (True, ("0", "1", "2"), (), ())
        (row,) = rows_of(found)["argument"]
        assert some(row, "argument", "processes", "compared") == ("lr", "1", 9)


def test_another_world_size_is_compared_in_the_ranks_of_both(tmp_path: Path) -> None:
    with matched(tmp_path, ranks(0, 1), ranks(3, 2, 1, 0)) as found:
        assert told(found) == (True, ("0", "1"), (), ("2", "3"))
        assert rows_of(found) == {}


def test_ranks_against_none(tmp_path: Path) -> None:
    with matched(tmp_path, ranks(1, 0), training()) as found:
        assert told(found) == (False, ("process",), ("1",), ())
        assert rows_of(found) == {}


def test_no_ranks_at_all(tmp_path: Path) -> None:
    a, b = (Trace(), Trace())
    for trace, order in ((a, (5, 6)), (b, (9, 8, 7))):
        for process in order:
            training(trace.process(process))
    with matched(tmp_path, a, b) as found:
        assert told(found) == (False, ("process", "process #2"), (), ("process #3",))
        assert rows_of(found) == {}


def test_workers_are_matched_by_their_number(tmp_path: Path) -> None:
    traces = []
    for first, order in ((20, (0, 1)), (30, (1, 0))):
        trace = training()
        for pid, worker in enumerate(order, start=first):
            trace.process(pid).thread(1).at(step=0, worker_id=worker)
            with trace.call("fetch", args=[[worker, worker + 2]]):
                pass
        traces.append(trace)
    with matched(tmp_path, *traces) as found:
        assert told(found) == (False, ("process", "worker 0", "worker 1"), (), ())
        assert rows_of(found) == {}


def test_runs_without_a_rank_in_common(tmp_path: Path) -> None:
    with (
        pytest.raises(DataError, match="have no process in common"),
        matched(tmp_path, ranks(0), ranks(1)),
    ):
        pass


def test_the_order_of_rows_and_the_memory_do_not_matter(tmp_path: Path) -> None:
    shuffled = random.Random(1)
    results = []
    for turn, threads in itertools.product(range(2), (1, 2)):
        folder = tmp_path / f"{turn}_{threads}"
        paths = []
        for name, trace in (("a", ranks(0, 1)), ("b", ranks(0, 1, odd=1))):
            rows = trace.rows()
            if turn:
                shuffled.shuffle(rows)
            paths.append(write_rows(folder / name, rows))
        limits = Limits(threads=threads, memory_limit="100MB")
        with diff(*map(open_dataset, paths), limits=limits) as found:
            results.append(rows_of(found))
    assert results[0]
    assert all(result == results[0] for result in results)


# The calls of a random program: name, argument, and the calls inside of it.
Tree = tuple[str, int, tuple["Tree", ...]]


def grown(dice: random.Random, depth: int = 3) -> list[Tree]:
    """Return random calls, up to three of each depth inside of one."""
    return [
        (dice.choice("fgh"), dice.randrange(2), tuple(grown(dice, depth - 1)) if depth else ())
        for _ in range(dice.randrange(4))
    ]


def altered(dice: random.Random, trees: Iterable[Tree]) -> list[Tree]:
    """Return the calls with some of them left out, added, renamed or given another argument."""
    found = []
    for name, argument, inside in trees:
        same = (name, argument, tuple(altered(dice, inside)))
        other = (name, 1 - argument, same[2])
        new = (dice.choice("fgh"), 0, ())
        found += dice.choices([[same], [other], [], [same, new]], weights=[12, 3, 1, 1])[0]
    return found


def run_of(steps: list[list[Tree]]) -> Trace:
    trace = Trace()

    def make(trees: Iterable[Tree]) -> None:
        for name, argument, inside in trees:
            with trace.call(name, kwargs={"x": argument}):
                make(inside)

    for step, trees in enumerate(steps):
        trace.at(step=step)
        trace.state("w", data=step)
        make(trees)
    return trace


class Reference:
    """What `call` and `argument` rows there must be, worked out tree by tree."""

    def __init__(self, a: list[list[Tree]], b: list[list[Tree]]) -> None:
        self.totals: dict[tuple[str, str | None], list[int]] = defaultdict(lambda: [0, 0])
        self.contained: dict[tuple[str, str | None], int] = {}
        self.arguments: dict[tuple[str, str | None, int, int], int] = defaultdict(int)
        for of_a, of_b in zip(a, b, strict=True):
            self.count(of_a, None, 0)
            self.count(of_b, None, 1)
            self.align(of_a, of_b, None, in_line=True)

    def count(self, trees: Iterable[Tree], around: str | None, side: int) -> None:
        for name, _, inside in trees:
            self.totals[name, around][side] += 1
            self.count(inside, name, side)

    def align(
        self, a: Iterable[Tree], b: Iterable[Tree], around: str | None, *, in_line: bool
    ) -> None:
        for name in "fgh":
            ours, theirs = ([tree for tree in side if tree[0] == name] for side in (a, b))
            same = in_line and len(ours) == len(theirs)
            for one, other in zip(ours, theirs, strict=False):
                if same and one[1] != other[1]:
                    self.arguments[name, around, one[1], other[1]] += 1
                self.align(one[2], other[2], name, in_line=same)
            for lone in (*ours[len(theirs) :], *theirs[len(ours) :]):
                known = self.contained.get((name, around), 0)
                self.contained[name, around] = known + size(lone[2])


def size(trees: Iterable[Tree]) -> int:
    return sum(1 + size(inside) for _, _, inside in trees)


@pytest.mark.parametrize("seed", range(6))
def test_random_call_trees(compare: Any, seed: int) -> None:
    dice = random.Random(seed)
    a = [grown(dice) for _ in range(16)]
    b = [altered(dice, trees) for trees in a]
    expected = Reference(a, b)
    assert len(expected.contained) > 3 and len(expected.arguments) > 3
    found = compare(run_of(a), run_of(b))
    calls = {some(row, "function", "inside"): row for row in found.get("call", [])}
    assert {place: row["contained"] for place, row in calls.items()} == expected.contained
    for place, row in calls.items():
        assert list(some(row, "a", "b")) == expected.totals[place]
    assert {
        (row["function"], row["inside"], int(row["a"]), int(row["b"])): row["differing"]
        for row in found.get("argument", [])
    } == expected.arguments
    assert set(found) <= {"call", "argument"}


PROGRAM = """
import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(8, 16)
        self.drop = nn.Dropout(0.25)
        self.fc2 = nn.Linear(16, 4)

    def forward(self, x):
        return self.fc2(self.drop(torch.relu(self.fc1(x))))


torch.manual_seed(0)
model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
images, labels = torch.randn(64, 8), torch.randint(0, 4, (64,))
for epoch in range(2):
    model.train()
    for batch in range(4):
        x, y = images[batch * 16 :][:16], labels[batch * 16 :][:16]
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        optimizer.step()
    model.eval()
    with torch.no_grad():
        F.cross_entropy(model(images), labels)
"""
Runs = Callable[..., Path]


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Return a function that collects the program with a text replaced by another."""

    def run(old: str = "", new: str = "") -> Path:
        folder = tmp_path_factory.mktemp("program")
        assert old in PROGRAM
        (folder / "program.py").write_text(PROGRAM.replace(old, new) if old else PROGRAM)
        done = collect_command(folder / "run", [sys.executable, str(folder / "program.py")])
        assert done.code == 0, done.stderr
        return done.run

    return run


@pytest.fixture(scope="module")
def original(collected: Runs) -> Path:
    return collected()


def found_in(a: Path, b: Path) -> Rows:
    with diff(open_dataset(a), open_dataset(b), limits=LIMITS) as found:
        assert not found.matched.notes
        return rows_of(found)


@pytest.mark.slow
def test_a_program_twice(original: Path, collected: Runs) -> None:
    assert found_in(original, collected()) == {}


@pytest.mark.slow
def test_dropout_left_on(original: Path, collected: Runs) -> None:
    found = found_in(original, collected("    model.eval()\n", ""))
    (call,) = found["call"]
    assert some(call, "change", "function") == ("gone", "torch.nn.modules.module.Module.eval")
    arguments = [some(row, "function", "argument", "a", "b") for row in found["argument"]]
    assert arguments[0] == ("__main__.Net.forward", "self.training", "false", "true")
    assert ("torch.nn.functional.dropout", "training", "false", "true") in arguments


@pytest.mark.slow
def test_a_layer_that_is_frozen(original: Path, collected: Runs) -> None:
    line = "optimizer = torch"
    found = found_in(original, collected(line, f"model.fc1.requires_grad_(False)\n{line}"))
    (call,) = found["call"]
    assert some(call, "change", "function") == (
        "added",
        "torch.nn.modules.module.Module.requires_grad_",
    )
    first = found["argument"][0]
    assert some(first, "argument", "a", "b") == ("1.requires_grad", "true", "false")
    assert {some(row, "variable", "what", "b") for row in found["parameter"]} == {
        (variable, what, b)
        for variable in ("model.fc1.weight", "model.fc1.bias")
        for what, b in (
            ("last step that changes it", "never"),
            ("has gradients", "no"),
            ("requires_grad", "false"),
        )
    }
    assert some(found["value"][0], "variable", "attribute", "step") == (
        "model.fc1.weight",
        "grad",
        0,
    )


@pytest.mark.slow
def test_another_learning_rate(original: Path, collected: Runs) -> None:
    found = found_in(original, collected("lr=0.1", "lr=0.01"))
    assert next(iter(found)) == "argument"
    assert [some(row, "argument", "a", "b") for row in found["argument"]] == [
        ("defaults.lr", "0.1", "0.01"),
        ("lr", "0.1", "0.01"),
    ]
    first = found["value"][0]
    assert some(first, "attribute", "step", "cause_b") == ("data", 0, "torch.optim.sgd.sgd")


@pytest.mark.slow
def test_a_cast_to_bfloat16(original: Path, collected: Runs) -> None:
    line = "loss = F.cross_entropy(model(x), y)"
    cast = f"with torch.autocast('cpu', torch.bfloat16):\n            {line}"
    found = found_in(original, collected(line, cast))
    assert {row["function"].rpartition(".")[2] for row in found["call"]} == {
        "__enter__",
        "__exit__",
    }
    for section in ("argument", "result"):
        assert {some(row, "a", "b") for row in found[section]} == {
            ('"torch.float32"', '"torch.bfloat16"')
        }
    assert found["result"][0]["function"] == "__main__.Net.forward"


@pytest.mark.slow
def test_a_call_that_is_removed(original: Path, collected: Runs) -> None:
    line = "        nn.utils.clip_grad_norm_(model.parameters(), 0.1)\n"
    found = found_in(original, collected(line, ""))
    assert list(found) == ["call", "value"]
    (call,) = found["call"]
    name = "torch.nn.utils.clip_grad.clip_grad_norm_"
    assert some(call, "change", "function", "a", "b") == ("gone", name, 8, 0)
    assert some(found["value"][0], "attribute", "cause_a", "cause_b") == ("grad", name, None)
