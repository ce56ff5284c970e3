"""What is known to cause some violations, said where the facts of the run speak for it."""

from __future__ import annotations

from collections.abc import Sequence

from tc_engine.diagnosis.evidence import Broken, functions
from tc_engine.pipelines.check import Facts, Result
from tc_engine.relations._base import Claim

_ORDERS = {
    ".zero_grad": "Gradients add up unless they are cleared: is zero_grad() called for every step?",
    ".unscale_": "Scaled gradients are too large: is unscale_() called before they are clipped?",
    "LRScheduler.step": "The learning rate stays as it is: is scheduler.step() called?",
    ".set_epoch": "Every epoch has the same order of samples: is sampler.set_epoch() called?",
    ".eval": "Is model.eval() called before each evaluation?",
    ".train": "After an evaluation, is model.train() called again?",
}
_PARAMETERS = ("torch.nn.Parameter", "torch.nn.parameter.Parameter")


def hint(one: Broken, facts: Sequence[Facts]) -> str:
    """Return what may have caused a violation; empty where nothing is known."""
    head = one.result
    match one.claim:
        case Claim.UPDATE | Claim.GRADIENT:
            return _not_trained(facts)
        case Claim.AGREEMENT:
            return _replicas(head)
        case Claim.ARGUMENT | Claim.CALL:
            return _stage(head)
        case Claim.TRAINING_ORDER | Claim.MISSING:
            return _order(one)
        case _:
            return ""


def _not_trained(facts: Sequence[Facts]) -> str:
    known = [one for one in facts if one.variable_type in _PARAMETERS]
    count, changed = sum(one.variables for one in known), sum(one.changed for one in known)
    if changed == count:
        return ""
    said = [f"{changed:,} of {count:,} parameters change at all."]
    if left_alone := sum(one.left_alone for one in known):
        said.append(
            f"{left_alone:,} get gradients and stay as they are: does the optimizer hold them? Was "
            "it made before the model was replaced, wrapped or moved?"
        )
    if frozen := sum(one.frozen for one in known):
        said.append(f"{frozen:,} have requires_grad=False: are they meant to be frozen?")
    if unreached := sum(one.unreached for one in known):
        said.append(
            f"{unreached:,} never get a gradient: are they part of the loss? Is a tensor detached?"
        )
    return " ".join(said)


def _replicas(head: Result) -> str:
    records = head.violation.records if head.violation else ()
    ranks = {name for one in records for name in one if name.endswith(("rank", "RANK"))}
    processes = {one.get("process_id") for one in records}
    if len(processes) < 2 and not ranks:
        return ""
    return (
        "Replicas drift apart: is the wrapped model called (not the bare module), and does every "
        "rank average all gradients before each step?"
    )


def _stage(head: Result) -> str:
    named = " ".join(functions(head.invariant))
    record = head.violation.records[0] if head.violation else {}
    stage = str(record.get("meta_vars.stage", ""))
    if "dropout" in named.lower() or "dropout" in str(head.invariant.params).lower():
        if stage in ("evaluation", "testing", "validation"):
            return "Dropout is on in evaluation: is model.eval() called, and obeyed by every layer?"
        return "Dropout differs from good runs: is model.train() called again after evaluation?"
    return ""


def _order(one: Broken) -> str:
    named = [one.missing] if one.missing else one.functions
    for ending, text in _ORDERS.items():
        if any(name.endswith(ending) for name in named):
            return text
    return ""
