"""Tables of changes: what a program does to a variable, and what must be seen of it.

A row is code in which `M` stands for a model, named as the row is, and the changes of its weight
after it was first seen: which attributes, and the innermost recorded call that did it, or None for
the program's own code.
"""

from __future__ import annotations

import re
from typing import Any

Changes = list[tuple[str, str | None]]

HEAD = """
import copy, ctypes, sys, warnings
import torch
from torch import nn
from torch.nn import utils
from torch.optim.swa_utils import AveragedModel

warnings.simplefilter("ignore")
torch.manual_seed(0)
x = torch.randn(4, 2)
ones = torch.ones(2, 2)

class Holder(nn.Module):
    def __init__(self, tensor, requires_grad=False):
        super().__init__()
        self.weight = nn.Parameter(tensor, requires_grad)
    def forward(self, x):
        return x

class Doubling(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2))
    def forward(self, x):
        with torch.no_grad():
            self.weight.mul_(2)
        return x

class Words(nn.Embedding):
    def forward(self, x):
        return super().forward((x[:, 0] > 0).long())

def swap(on):
    torch.__future__.set_swap_module_params_on_conversion(on)

def linear():
    return nn.Linear(2, 2, bias=False)

def backward(model, scaler=None):
    loss = model(x).pow(2).sum()
    (loss if scaler is None else scaler.scale(loss)).backward()

def sgd(model, **options):
    return torch.optim.SGD(model.parameters(), lr=0.1, **options)

watcher = linear()
watcher(x)
"""
# `watcher` is called last: at the entry of an outermost forward all variables are compared.
ROW = """
def row_{name}():
    {name} = {model}
    {name}(x)
    {code}
    watcher(x)
row_{name}()
"""

MODULE = "torch.nn.modules.module.Module"
SCALER = "torch.amp.grad_scaler.GradScaler"
GRAD = ("grad", "torch.autograd.backward")
RESET = ("grad", "torch.optim.optimizer.Optimizer.zero_grad")
SGD = ("data", "torch.optim.sgd.sgd")
OWN = ("data", None)
OWN_GRAD = ("grad", None)
NORMED = ("data", "torch.nn.modules.batchnorm._BatchNorm.forward")
AVERAGED = ("data", "torch.optim.swa_utils.AveragedModel.update_parameters")
LOADED = ("data", f"{MODULE}.load_state_dict")


def program(rows: dict[str, tuple[str, str]]) -> str:
    """Put rows one after the other: name -> the model, what is done to it."""
    return "".join(
        ROW.format(name=name, model=model, code=re.sub(r"\bM\b", name, code))
        for name, (model, code) in rows.items()
    )


def linears(rows: dict[str, tuple[str, Changes]]) -> dict[str, tuple[str, str]]:
    return {name: ("linear()", code) for name, (code, _) in rows.items()}


def changes(rows: list[dict[str, Any]]) -> dict[str, Changes]:
    """Return what was seen of each variable of a process after its first row."""
    functions = {row["event_id"]: row["function"] for row in rows}
    before: dict[str, dict[str, Any]] = {}
    found: dict[str, Changes] = {}
    for row in rows:
        if row["kind"] != "state":
            continue
        name, now = row["variable"], row["attributes"]
        if name in before:
            changed = [key for key in sorted(now) if now[key] != before[name].get(key)]
            if changed != ["in_optimizer"]:
                found[name].append((",".join(changed), functions.get(row["cause_id"])))
        found.setdefault(name, [])
        before[name] = now
    return found
