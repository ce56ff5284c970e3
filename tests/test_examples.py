"""The programs of examples/programs: traced without a difference, and right by their own rules."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tc_engine import relations
from tc_engine.dataset import open_dataset
from tc_engine.invariants import Invariant
from tc_engine.pipelines.check import check
from tc_engine.pipelines.infer import infer
from tests.collect.conftest import Collected

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = ROOT / "examples" / "programs"
HELPERS = {"pictures"}
QUICK = {"by_hand"}
TWO_RANKS = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")
COMMANDS = {"ddp": TWO_RANKS, "fsdp": TWO_RANKS}
COLLECT = {"fsdp": ("--norms",)}
TIMEOUT = 180

ADAM, SGD, RMSPROP = "torch.optim.adam.adam", "torch.optim.sgd.sgd", "torch.optim.rmsprop.rmsprop"
BACKWARD = "torch.autograd.backward"
ZERO_GRAD = "torch.optim.optimizer.Optimizer.zero_grad"
CLIP = "torch.nn.utils.clip_grad.clip_grad_norm_"

Expectation = Callable[[Collected, list[Invariant]], None]


def causes(run: Collected, attribute: str) -> Counter[str | None]:
    """Count the changes of an attribute by the function that caused them."""
    functions = {(c["process_id"], c["event_id"]): c["function"] for c in run.calls}
    before: dict[tuple[int, str], Any] = {}
    found: Counter[str | None] = Counter()
    for state in run.states:
        place, now = (state["process_id"], state["variable"]), state["attributes"].get(attribute)
        if before.setdefault(place, now) != now:
            found[functions.get((state["process_id"], state["cause_id"]))] += 1
        before[place] = now
    return found


def variables(run: Collected) -> set[str]:
    return {state["variable"] for state in run.states}


def steps(run: Collected) -> int:
    return len({row["step"] for row in run.rows})


def contexts(call: dict[str, Any]) -> dict[str, Any]:
    return call["meta"].get("context_managers", {})


def vae(run: Collected, _: list[Invariant]) -> None:
    assert steps(run) == 45
    assert causes(run, "data") == {ADAM: 45 * 10}
    passes = Counter(call["stage"] for call in run.named("VAE.forward"))
    assert passes == {"training": 45, "evaluation": 12}


def dcgan(run: Collected, _: list[Invariant]) -> None:
    assert steps(run) == 32  # each with a step of both optimizers
    by_optimizer = Counter(call["receiver"] for call in run.named("Adam.step"))
    assert sorted(by_optimizer.values()) == [32, 32]
    changes = causes(run, "data")
    assert changes[ADAM] == 32 * 12
    assert changes["torch.nn.modules.container.Sequential.forward"] > 0  # batch norm's statistics
    assert {name.partition(".")[0] for name in variables(run)} == {"generator", "discriminator"}


def lstm_lm(run: Collected, _: list[Invariant]) -> None:
    clips = run.named("clip_grad_norm_")
    assert len(clips) == steps(run) == 75
    assert all(call["args"]["1"] == {"float": 0.25} for call in clips)
    assert causes(run, "grad")[CLIP] > 0
    assert causes(run, "data") == {SGD: 75 * 10}
    assert "model.embedding.weight" in variables(run)
    assert "model.output.weight" not in variables(run)  # tied: it has the first name


def transformer_lm(run: Collected, _: list[Invariant]) -> None:
    assert len(run.named("clip_grad_norm_")) == steps(run) == 48
    assert causes(run, "grad")[CLIP] > 0
    assert len(run.named("LRScheduler.step")) == 1 + 48  # the first one in its constructor
    assert causes(run, "data") == {ADAM: 48 * 28}
    assert "model.mask" in variables(run)


def graph_net(run: Collected, _: list[Invariant]) -> None:
    passes = Counter(call["stage"] for call in run.named("MessagePassing.forward"))
    assert passes == {"training": 60, "evaluation": 60}
    assert causes(run, "data") == {ADAM: 30 * 6}


def hf_trainer(run: Collected, _: list[Invariant]) -> None:
    passes = Counter(call["stage"] for call in run.named("GPT2LMHeadModel.forward"))
    assert passes == {"training": 45, "evaluation": 6}
    trained = [row["step"] for row in run.named("torch.optim.adam.Adam.step")]
    assert trained == list(range(45))
    assert len(variables(run)) == 28
    assert causes(run, "data") == {ADAM: 44 * 28}  # the first step of the warm-up has no rate
    assert len(run.named("clip_grad_norm_")) == 45


def lbfgs(run: Collected, invariants: list[Invariant]) -> None:
    calls = {call["event_id"]: call for call in run.calls}
    updates, passes = run.named("LBFGS.step"), run.named("Tensor.backward")
    assert len(updates) == steps(run) == 15
    assert len(passes) > len(updates)
    assert {calls[call["parent_id"]]["function"] for call in passes} == {updates[0]["function"]}
    assert set(causes(run, "data")) == {updates[0]["function"]}
    assert set(causes(run, "grad")) == {BACKWARD, ZERO_GRAD}
    assert any("LBFGS.step" in one.text and "zero_grad" in one.text for one in invariants)


def by_hand(run: Collected, _: list[Invariant]) -> None:
    assert not any("torch.optim" in call["function"] for call in run.calls)
    assert steps(run) == 60
    # Nothing is called that would show the last update.
    assert causes(run, "data") == {None: 59 * 4}
    assert causes(run, "grad") == {
        BACKWARD: 60 * 4,
        "torch.nn.modules.module.Module.zero_grad": 59 * 4,
    }


def amp(run: Collected, _: list[Invariant]) -> None:
    assert steps(run) == 40
    for call in run.named("linear.Linear.forward"):
        assert contexts(call)["torch.amp.autocast_mode.autocast"]["dtype"] == "torch.bfloat16"
    losses = run.named("functional.cross_entropy")
    assert len(losses) == 40
    assert not any(contexts(call) for call in run.named("Tensor.backward"))
    assert causes(run, "grad")["torch.amp.grad_scaler.GradScaler.unscale_"] == 40 * 8
    assert causes(run, "data")[SGD] == 40 * 8
    assert None not in causes(run, "grad")


def accumulation(run: Collected, _: list[Invariant]) -> None:
    assert len(run.named("Tensor.backward")) == 150
    assert len(run.named("Adam.step")) == steps(run) == 39
    assert causes(run, "grad")[BACKWARD] == 150 * 6
    assert causes(run, "data") == {ADAM: 39 * 6}


def workers(run: Collected, _: list[Invariant]) -> None:
    batches = [call for call in run.named("_MapDatasetFetcher.fetch") if call["outcome"] == "ok"]
    assert len(batches) == 45
    assert len({call["meta"]["worker_seed"] for call in batches}) == 3 * 2  # anew in each epoch
    assert all(len(call["args"]["1"]["list"]) == 64 for call in batches)  # of 80: the first ones
    training = run.named("RMSprop.step")[0]["process_id"]
    others = [row["function"] for row in run.rows if row["process_id"] != training]
    assert set(others) == {batches[0]["function"]}
    fetches = Counter(call["outcome"] for call in run.named("_BaseDataLoaderIter.__next__"))
    assert fetches == {"ok": 45, "exception": 3}
    assert causes(run, "data") == {RMSPROP: 45 * 4}


def ddp(run: Collected, invariants: list[Invariant]) -> None:
    two_ranks(run)
    assert causes(run, "data") == {
        SGD: 2 * 39 * 4,
        "torch.nn.parallel.distributed.DistributedDataParallel.__init__": 4,  # of rank 1
    }
    assert len(run.named("all_reduce")) == 2 * 3
    consistent = [one for one in invariants if one.relation == "ConsistencyRelation"]
    assert any(one.params[0]["attr_name"] == "data" for one in consistent)


def fsdp(run: Collected, _: list[Invariant]) -> None:
    two_ranks(run)
    assert causes(run, "data") == {ADAM: 2 * 20 * 6}
    assert causes(run, "grad") == {BACKWARD: 2 * 20 * 6, ZERO_GRAD: 2 * 19 * 6}
    norms = [state["extra"] for state in run.states]
    assert None not in norms


def two_ranks(run: Collected) -> None:
    assert run.manifest["ranks"] == [0, 1]
    ranks = {(row["process_id"], row["meta"]["RANK"]) for row in run.rows}
    assert sorted(rank for _, rank in ranks) == [0, 1]


def compiled(run: Collected, _: list[Invariant]) -> None:
    assert steps(run) == 45
    forwards = run.named("torch._dynamo.eval_frame.OptimizedModule.forward")
    assert len(forwards) == 45
    assert causes(run, "data") == {ADAM: 45 * 12, forwards[0]["function"]: 45 * 6}
    assert {name.partition(".")[0] for name in variables(run)} == {"model"}
    assert not [call for call in run.calls if call["function"].startswith("None.")]


EXPECTED: dict[str, Expectation] = {
    one.__name__: one
    for one in (
        accumulation,
        amp,
        by_hand,
        compiled,
        dcgan,
        ddp,
        fsdp,
        graph_net,
        hf_trainer,
        lbfgs,
        lstm_lm,
        transformer_lm,
        vae,
        workers,
    )
}


def test_every_program_is_expected_something_of() -> None:
    assert {file.stem for file in PROGRAMS.glob("*.py")} == EXPECTED.keys() | HELPERS
    page = (PROGRAMS.parent / "README.md").read_text()
    assert all(f"programs/{name}.py" in page for name in EXPECTED)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in QUICK else pytest.mark.slow, id=name)
        for name in EXPECTED
    ],
)
def test_program(name: str, tmp_path: Path) -> None:
    command = [sys.executable, *COMMANDS.get(name, ()), str(PROGRAMS / f"{name}.py")]
    plain = completed(command)
    assert "loss" in plain
    run = tmp_path / "run"
    collect = [sys.executable, "-m", "tc_engine", "collect", *COLLECT.get(name, ())]
    assert completed([*collect, "-o", str(run), "--", *command]) == plain

    collected = Collected(run, 0, "", "")
    counts = collected.manifest["counts"]
    assert counts["dropped"] == counts["internal_errors"] == 0
    dataset = open_dataset(run)
    learned = infer([dataset], relations=relations.select()).invariants
    verdict = check([dataset], learned)
    assert len(learned) > 20
    assert [one.invariant.text for one in verdict.results if one.violation] == []
    assert all(one.triggered for one in verdict.results)
    EXPECTED[name](collected, learned)


def completed(command: list[str]) -> str:
    """Run a command to its end and return what it printed."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
