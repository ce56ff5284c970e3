"""Programs that reading or replacing torch's functions could break: they print the same as ever."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.collect.conftest import Collect

HEAD = """
import copy, io, os, pickle, sys, warnings
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.functional import linear, relu

warnings.simplefilter("ignore")

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 8)
        self.b = nn.Linear(8, 2)
    def forward(self, x):
        return self.b(relu(F.gelu(self.a(x))))

def number(tensor):
    return float(tensor.detach().double().sum())

def train(model, step=None):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        (model if step is None else step)(x).sum().backward()
        optimizer.step()
    return [number(p) for p in model.parameters()]

torch.manual_seed(0)
x = torch.randn(3, 4)
"""

QUICK = {
    "copies_and_files": """
model = Net()
model.acts = [F.relu, F.gelu, torch.matmul, F.linear]
train(model)
again = pickle.loads(pickle.dumps(model))
print(again.acts == model.acts, [number(p) for p in copy.deepcopy(model).parameters()])
file = io.BytesIO()
torch.save(model.state_dict(), file)
file.seek(0)
print(model.load_state_dict(torch.load(file)))
optimizer = torch.optim.Adam(model.parameters())
model(x).sum().backward()
optimizer.step()
other = pickle.loads(pickle.dumps(optimizer))
other.step()
copy.deepcopy(optimizer).step()
print([number(p) for p in model.parameters()])
""",
    "torchscript_and_tracing": """
def helper(a):
    return relu(a) + 1
def function(a):
    return helper(F.linear(a, a)) + torch.cat([a, a]).sum()
print(number(torch.jit.script(function)(torch.ones(2, 2))))
scripted = torch.jit.script(Net())
print(train(scripted))
traced = torch.jit.trace(Net(), x)
print([node.kind() for node in traced.inlined_graph.nodes()], number(traced(x)))
print([node.name for node in torch.fx.symbolic_trace(Net()).graph.nodes])
""",
    "function_tables": """
table = {}
class Own(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func in table:
            return table[func]
        return super().__torch_function__(func, types, args, kwargs or {})
for function in (F.linear, F.relu, torch.matmul):
    table[function] = function.__name__
own = x.as_subclass(Own)
print(linear(own, own), F.relu(own), torch.matmul(own, own), type(torch.cat([own, own])))
""",
    "modes_see_only_the_program": """
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
seen = []
class Functions(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        seen.append(getattr(func, "__name__", "?"))
        return func(*args, **(kwargs or {}))
class Operators(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        seen.append(str(func))
        return func(*args, **(kwargs or {}))
model = Net()
train(model)
for mode in (Functions, Operators):
    with mode():
        train(model)
print(seen)
""",
    "functional_transforms": """
from torch.func import functional_call, grad, vmap
model = Net()
parameters = dict(model.named_parameters())
def loss(parameters, x):
    return functional_call(model, parameters, (x,)).sum()
print(number(grad(loss)(parameters, x)["a.weight"]))
print(number(vmap(grad(loss), in_dims=(None, 0))(parameters, x)["a.weight"]))
""",
    "unusual_tensors": """
embedding = nn.Embedding(10, 4, sparse=True)
print(train(nn.Sequential(embedding), lambda _: embedding(torch.tensor([1, 1, 2]))))
print(train_lazy := nn.Sequential(nn.LazyLinear(3), nn.LazyBatchNorm1d())(x).shape)
with torch.device("meta"):
    model = Net()
print(model(torch.empty(3, 4, device="meta")).shape, model.to_empty(device="cpu").a.weight.shape)
with torch.inference_mode():
    frozen = Net()
    print(frozen(x).shape)
from torch._subclasses.fake_tensor import FakeTensorMode
with FakeTensorMode():
    fake = Net()
    fake(torch.randn(3, 4)).sum().backward()
    print(fake.a.weight.grad.shape)
class Types(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("tiny", torch.ones(3).to(torch.float8_e4m3fn))
        self.register_buffer("imaginary", torch.ones(3, dtype=torch.complex64))
        self.narrow = nn.Parameter(torch.ones(3, dtype=torch.bfloat16))
    def forward(self, x):
        return x
print(Types()(x).shape)
""",
    "scaler_and_parametrisations": """
model = Net()
nn.utils.parametrizations.weight_norm(model.a)
nn.utils.parametrizations.spectral_norm(model.b)
print(train(model))
optimizer = torch.optim.AdamW(model.parameters(), fused=True)
scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=5)
scaler = torch.amp.GradScaler("cpu")
for _ in range(2):
    optimizer.zero_grad()
    with torch.autocast("cpu", torch.bfloat16):
        loss = model(x).sum()
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    scaler.step(optimizer)
    scaler.update()
    scheduler.step()
print([number(p) for p in model.parameters()], scheduler.get_last_lr())
from torch.utils.checkpoint import checkpoint
print(number(checkpoint(model, x.clone().requires_grad_(), use_reentrant=False)))
""",
    "what_the_program_can_ask": """
import signal, threading
def inside():
    mine = locals()
    value = 1
    model = Net()
    torch.optim.SGD(model.parameters(), lr=0.1)
    print(model(x).shape, sorted(locals()), mine is locals())
inside()
print(signal.getsignal(signal.SIGTERM), sorted(sys.stdin.__class__.__mro__, key=str)[0])
import inspect
print(inspect.signature(F.relu), inspect.signature(nn.Module.__call__), F.relu.__name__)
print(torch.optim.SGD.step.__qualname__, nn.Linear.__call__.__name__, F.relu.__doc__[:30])
print(torch.is_grad_enabled(), torch.get_rng_state().sum().item(), torch.get_num_threads())
thread = threading.Thread(target=lambda: print(train(Net())))
thread.start()
thread.join()
""",
}

PROCESSES = """
import multiprocessing
from torch.utils.data import DataLoader, Dataset

class Squares(Dataset):
    def __len__(self):
        return 6
    def __getitem__(self, i):
        return F.relu(torch.tensor([float(i * i)]))

def child(number):
    torch.manual_seed(number)
    print(number, train(Net()), inherited is not None and train(inherited), flush=True)

inherited = None

if __name__ == "__main__":
    inherited = Net()
    train(inherited)
    for method in ("fork", "spawn"):
        loader = DataLoader(Squares(), batch_size=2, num_workers=2, multiprocessing_context=method)
        print([batch.flatten().tolist() for batch in loader])
        process = multiprocessing.get_context(method).Process(target=child, args=(3,))
        process.start()
        process.join()
        print(process.exitcode)
"""

SLOW = {
    "compile": """
import torch._dynamo
for backend in ("eager", "aot_eager"):
    torch._dynamo.reset()
    model = Net()
    print(train(model, torch.compile(model, backend=backend, fullgraph=True)))
@torch.compile(backend="eager")
def step(x):
    loss = model(x).sum()
    loss.backward()
    return loss
print(number(step(x)), number(step(x)))
print(dict(torch._dynamo.utils.counters["graph_break"]))
print(torch._dynamo.utils.counters["stats"]["unique_graphs"])
""",
    "export": """
exported = torch.export.export(Net(), (x,))
print(exported.graph_module.code)
""",
}


def same(collect: Collect, tmp_path: Path, script: str) -> None:
    text = textwrap.dedent(HEAD + script)
    (tmp_path / "script.py").write_text(text)
    plain = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert plain.returncode == 0, plain.stderr
    done = collect(text)
    assert (done.stdout, done.code) == (plain.stdout, 0), done.stderr
    assert done.manifest["notes"]["internal_errors"] == []
    assert done.calls


@pytest.mark.parametrize("name", QUICK)
def test_same_output(collect: Collect, tmp_path: Path, name: str) -> None:
    same(collect, tmp_path, QUICK[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_same_output_slow(collect: Collect, tmp_path: Path, name: str) -> None:
    same(collect, tmp_path, SLOW[name])


@pytest.mark.slow
def test_processes(collect: Collect, tmp_path: Path) -> None:
    same(collect, tmp_path, PROCESSES)
    done = collect(HEAD + PROCESSES)
    by_process: dict[int, set[str]] = {}
    for call in done.calls:
        by_process.setdefault(call["process_id"], set()).add(call["function"])
    trained = [names for names in by_process.values() if "torch.optim.sgd.SGD.step" in names]
    assert len(trained) == 3  # the main process, one child each of fork and spawn
    first: dict[tuple[int, str], bool] = {}
    for state in done.states:
        known = (state["process_id"], state["variable"])
        first.setdefault(known, state["cause_id"] is None)
    assert sum(variable == "model.a.weight" for _, variable in first) == 3
    assert all(first.values())  # each process tells its variables from the beginning
    # A spawned worker runs the script up to its main guard; the data set is not traced.
    others = [names - {"torch.random.manual_seed"} for names in by_process.values()]
    assert sum("torch.nn.functional.relu" in names for names in others) == 3
