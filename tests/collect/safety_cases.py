"""Programs that do unusual things; each says what came of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.collect.conftest import Collected

HEAD = """
import gc, os, signal, sys, threading, time, types, unittest.mock, warnings
import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 8)
        self.b = nn.Linear(8, 2)
    def forward(self, x, *more, **named):
        return self.b(torch.relu(self.a(x)))

def number(tensor):
    return round(float(tensor.detach().double().sum()), 6)

def train(model=None, *more, steps=2, parameters=None, **named):
    if model is None:
        torch.manual_seed(0)
        model = Net()
    optimizer = torch.optim.SGD(parameters or model.parameters(), lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        model(x, *more, **named).sum().backward()
        optimizer.step()
    return [number(p) for p in parameters or model.parameters()]

def child(work, *ending):
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        work()
        os._exit(*ending) if ending else sys.exit(3)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

class Hostile:
    def __getattribute__(self, name):
        raise ValueError(name)
    __eq__ = __ne__ = __hash__ = __bool__ = __repr__ = __str__ = __len__ = __iter__ = __dir__ = (
        __getitem__) = __contains__ = __index__ = __float__ = __call__ = __reduce_ex__ = (
        lambda *args: 1 / 0)

class HostileType(type):
    def __getattribute__(cls, name):
        raise ValueError(name)
    __eq__ = __ne__ = __hash__ = __repr__ = __instancecheck__ = __subclasscheck__ = (
        lambda *args: 1 / 0)

stepped = []
register_optimizer_step_post_hook(lambda *args: stepped.append(1))
torch.manual_seed(0)
x = torch.randn(3, 4)
"""

# Each is the body of a function; what it returns or raises must be the same under collection.
CASES = {
    "exception_in_forward": """
class Broken(Net):
    def forward(self, x):
        raise LookupError(type(x).__name__)
try:
    Broken()(x)
except LookupError as error:
    frames = []
    trace = error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == __file__:
            frames.append(trace.tb_lineno - trace.tb_frame.f_code.co_firstlineno)
        trace = trace.tb_next
    return repr(error), error.__context__, error.__cause__, len(frames), train()
""",
    "interrupt_in_forward": """
class Interrupted(Net):
    def forward(self, x):
        signal.raise_signal(signal.SIGINT)
try:
    Interrupted()(x)
except KeyboardInterrupt as error:
    return repr(error), train()
""",
    "exception_in_a_backward_hook": """
model = Net()
def hook(grad):
    raise LookupError("hook")
model.b.weight.register_hook(hook)
try:
    train(model)
except LookupError as error:
    return repr(error), train()
""",
    "hostile_arguments": """
class Strange(metaclass=HostileType):
    pass
hostile = Hostile()
strange = type.__call__(Strange)
model = Net()
return train(model, hostile, [hostile], {"a": hostile}, (strange, Strange), key=strange)
""",
    "hostile_locals": """
hostile, liar = Hostile(), unittest.mock.Mock(spec=nn.Module)
class Within:
    def __init__(self):
        self.hostile = Hostile()
        self.model = Net()
    @property
    def property(self):
        raise ValueError
    def train(self):
        return train(self.model)
return Within().train()
""",
    "hostile_module": """
class Module(nn.Module):
    def __init__(self):
        super().__init__()
        self.__dict__["_parameters"]["weight"] = nn.Parameter(torch.ones(4))
        self.__dict__["note"] = Hostile()
    def __getattr__(self, name):
        raise ValueError(name)
    @property
    def training_step(self):
        raise ValueError
    __eq__ = __hash__ = __bool__ = __repr__ = __len__ = __iter__ = __dir__ = (
        lambda *args: 1 / 0)
    def forward(self, x):
        return x * self.__dict__["_parameters"]["weight"]
model = Module()
return train(model, parameters=[model.__dict__["_parameters"]["weight"]])
""",
    "lying_class": """
class Module(Net):
    @property
    def __class__(self):
        return dict
class Raising(Net):
    @property
    def __class__(self):
        raise ValueError
class Liar:
    __class__ = torch.Tensor
nn.init.ones_(torch.empty(2), *[generator for generator in ()])
try:
    nn.init.ones_(Liar())
except Exception as error:
    return type(error), train(Module(), Liar()), train(Raising(), Liar())
""",
    "tensor_subclass_that_raises": """
class Tensor(torch.Tensor):
    allowed = False
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if not cls.allowed:
            raise ValueError(func)
        return super().__torch_function__(func, types, args, kwargs or {})
    data_ptr = detach = type = element_size = numel = __repr__ = lambda *args: 1 / 0
class Weight(nn.Parameter):
    data_ptr = detach = type = element_size = numel = contiguous = lambda *args: 1 / 0
    @property
    def shape(self):
        raise ValueError
class Product(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = Weight(torch.ones(4))
    def forward(self, x, extra):
        return x * self.weight.as_subclass(torch.Tensor)
extra = torch.ones(2).as_subclass(Tensor)
model = Product()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, foreach=False)
for _ in range(2):
    model(x, extra).sum().backward()
    optimizer.step()
return number(model.weight.as_subclass(torch.Tensor))
""",
    "own_hash_and_equality_of_parameters": """
class Weight(nn.Parameter):
    def __hash__(self):
        return 1
    def __eq__(self, other):
        return True
    def __deepcopy__(self, memo):
        raise ValueError
model = Net()
model.a.weight = Weight(torch.ones(8, 4))
return train(model, parameters=[model.a.weight])
""",
    "tracing_and_profiling": """
seen = []
def note(frame, event, argument):
    if frame.f_code.co_filename == __file__:
        seen.append((event, frame.f_code.co_name))
    return note
for switch in (sys.settrace, sys.setprofile):
    switch(note)
    train()
    switch(None)
return seen.count(("call", "forward")), len([one for one in seen if one[0] == "line"])
""",
    "garbage_collector": """
gc.disable()
first = train()
gc.enable()
before = gc.get_threshold()
gc.set_threshold(1, 1, 1)
second = train()
gc.set_threshold(*before)
return first, second, gc.isenabled()
""",
    "warnings_are_errors": """
with warnings.catch_warnings():
    warnings.simplefilter("error")
    return train()
""",
    "saved_tensors": """
packed = []
def pack(tensor):
    packed.append(tuple(tensor.shape))
    return tensor
with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
    result = train()
with torch.autograd.set_detect_anomaly(True, check_nan=True):
    return result, packed, train()
""",
    "swapped_tensors": """
hidden = [Net()]
optimizer = torch.optim.SGD(hidden[0].parameters(), lr=0.1)
torch.__future__.set_swap_module_params_on_conversion(True)
try:
    hidden[0].double()
finally:
    torch.__future__.set_swap_module_params_on_conversion(False)
return [str(p.dtype) for p in optimizer.param_groups[0]["params"]]
""",
    "working_directory": """
before = os.getcwd()
os.mkdir("gone")
os.chdir("gone")
os.rmdir("../gone")
result = train()
os.chdir(before)
return result
""",
    "recursion_limit": """
before = sys.getrecursionlimit()
sys.setrecursionlimit(60)
try:
    return train()
finally:
    sys.setrecursionlimit(before)
""",
    "endless_recursion": """
class Endless(Net):
    def forward(self, x):
        return self(x)
try:
    Endless()(x)
except RecursionError as error:
    return type(error), train()
""",
    "forks": """
results = [child(train, 5), child(train), child(lambda: child(train, 6), 0)]
thread = threading.Thread(target=lambda: results.append(child(train, 7)))
thread.start()
thread.join()
return results, train()
""",
}


def plain(folder: Path, script: str) -> Collected:
    """Run a script as it is; a signal that ends it shows in the exit code as in a shell."""
    (folder / "script.py").write_text(script)
    done = subprocess.run(
        [sys.executable, str(folder / "script.py")],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    code = done.returncode
    return Collected(folder, 128 - code if code < 0 else code, done.stdout, done.stderr)
