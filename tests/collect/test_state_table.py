"""Which change of a variable is seen, and which call gets the blame: one row per way to make it."""

from __future__ import annotations

import pytest

from tests.collect.conftest import Collect, Collected
from tests.collect.state_rows import (
    AVERAGED,
    GRAD,
    HEAD,
    LOADED,
    MODULE,
    NORMED,
    OWN,
    OWN_GRAD,
    RESET,
    SCALER,
    SGD,
    Changes,
    changes,
    linears,
    program,
)

# Class of torch.optim -> the function that does the work, and the forms in which it is tried.
FORMS = {
    "SGD": ("sgd.sgd", ("", "foreach=True", "foreach=False", "fused=True", "momentum=0.9")),
    "Adam": ("adam.adam", ("", "foreach=True", "foreach=False", "fused=True", "amsgrad=True")),
    "AdamW": ("adam.adam", ("foreach=True", "foreach=False", "fused=True")),
    "Adagrad": ("adagrad.adagrad", ("foreach=True", "foreach=False", "fused=True")),
    "Adadelta": ("adadelta.adadelta", ("foreach=True", "foreach=False")),
    "RMSprop": ("rmsprop.rmsprop", ("foreach=True", "foreach=False")),
    "Adamax": ("adamax.adamax", ("foreach=True",)),
    "NAdam": ("nadam.nadam", ("foreach=True",)),
    "RAdam": ("radam.radam", ("foreach=True",)),
    "Rprop": ("rprop.rprop", ("foreach=True",)),
    "ASGD": ("asgd.asgd", ("foreach=True",)),
    "Adafactor": ("_adafactor.adafactor", ("",)),
    "Muon": ("_muon.muon", ("",)),
}

# Name -> what is done to the model of that name, what is seen of its weight afterwards.
WRITES: dict[str, tuple[str, Changes]] = {
    "data_write": ("M.weight.data.mul_(2)", [OWN]),
    "data_fill": ("M.weight.data[0, 0] = 9", [OWN]),
    "data_replaced": ("M.weight.data = ones", [OWN]),
    "copied_into": ("with torch.no_grad(): M.weight.copy_(ones)", [OWN]),
    "foreach_write": ("with torch.no_grad(): torch._foreach_add_([M.weight], 1.0)", [OWN]),
    "numpy_write": ("M.weight.detach().numpy()[0, 0] = 9", [OWN]),
    "memory_write": ("ctypes.memset(M.weight.data_ptr(), 1, 4)", [OWN]),
    "set_write": ("with torch.no_grad(): M.weight.set_(torch.ones(2, 2))", [OWN]),
    "same_value": ("M.weight.data.mul_(1)", []),
    "other_parameter": ("M.weight = nn.Parameter(ones)", [OWN]),
    "initialised": ("nn.init.ones_(M.weight)", [("data", "torch.nn.init.ones_")]),
    "applied": (
        "M.apply(lambda m: nn.init.constant_(m.weight, 3))",
        [("data", "torch.nn.init.constant_")],
    ),
    "loaded": ("M.load_state_dict({'weight': ones})", [LOADED]),
    "loaded_assign": ("M.load_state_dict({'weight': ones.clone()}, assign=True)", [LOADED]),
    "from_vector": (
        "utils.vector_to_parameters(torch.ones(4), M.parameters())",
        [("data", "torch.nn.utils.convert_parameters.vector_to_parameters")],
    ),
    "to_half": ("M.half()", [("data,dtype,itemsize,nbytes", f"{MODULE}.half")]),
    "to_double": ("M.double()", [("data,dtype,itemsize,nbytes", f"{MODULE}.double")]),
    "to_bfloat16": (
        "M.to(torch.bfloat16)",
        [("data,dtype,itemsize,nbytes", f"{MODULE}.to")],
    ),
    "to_meta": ("M.to('meta')", [("data,device", f"{MODULE}.to")]),
    "swapped": (
        "swap(True); M.double(); swap(False)",
        [("data,dtype,itemsize,nbytes", f"{MODULE}.double")],
    ),
    "swapped_loaded": (
        "swap(True); M.load_state_dict({'weight': ones}); swap(False)",
        [LOADED],
    ),
    "written_after_forward": (
        "o = sgd(M); l = M(x).sum(); M.weight.data.mul_(2); l.backward(); o.step()",
        [GRAD, OWN, SGD],
    ),
    "grad_accumulated": ("backward(M); backward(M)", [GRAD, GRAD]),
    "grad_by_hand": ("M.weight.grad = ones.clone()", [OWN_GRAD]),
    "grad_data_write": (
        "o = sgd(M); backward(M); M.weight.grad.data.mul_(2); o.step()",
        [GRAD, OWN_GRAD, SGD],
    ),
    "grad_dropped": ("backward(M); M.weight.grad = None", [GRAD, OWN_GRAD]),
    "hooked_grad": ("M.weight.register_hook(torch.zeros_like); backward(M)", [GRAD]),
    "grads_only_returned": ("torch.autograd.grad(M(x).sum(), M.weight)", []),
    "optimizer_resets": ("o = sgd(M); backward(M); o.zero_grad()", [GRAD, RESET]),
    "optimizer_zeroes": ("o = sgd(M); backward(M); o.zero_grad(set_to_none=False)", [GRAD, RESET]),
    "module_resets": ("backward(M); M.zero_grad()", [GRAD, ("grad", f"{MODULE}.zero_grad")]),
    "module_zeroes": (
        "backward(M); M.zero_grad(set_to_none=False)",
        [GRAD, ("grad", f"{MODULE}.zero_grad")],
    ),
    "clipped_norm": (
        "backward(M); utils.clip_grad_norm_(M.parameters(), 0.1)",
        [GRAD, ("grad", "torch.nn.utils.clip_grad.clip_grad_norm_")],
    ),
    "clipped_value": (
        "backward(M); utils.clip_grad_value_(M.parameters(), 0.1)",
        [GRAD, ("grad", "torch.nn.utils.clip_grad.clip_grad_value_")],
    ),
    "scaled": (
        "o = sgd(M); s = torch.amp.GradScaler('cpu'); backward(M, s); s.unscale_(o); s.step(o)",
        [GRAD, ("grad", f"{SCALER}.unscale_"), SGD],
    ),
    "scaled_fused": (
        "o = sgd(M, fused=True); s = torch.amp.GradScaler('cpu'); backward(M, s); s.step(o)",
        [GRAD, ("data,grad", SGD[1])],
    ),
    "scaled_to_infinity": (
        "o = sgd(M); s = torch.amp.GradScaler('cpu', 1e38); backward(M, s); s.step(o)",
        [GRAD, ("grad", f"{SCALER}.unscale_")],
    ),
    "lbfgs_closure": (
        "o = torch.optim.LBFGS(M.parameters(), max_iter=2)\n"
        "    def closure(): o.zero_grad(); l = M(x).pow(2).sum(); l.backward(); return l\n"
        "    o.step(closure)",
        [GRAD, ("data", "torch.optim.lbfgs.LBFGS.step"), RESET, GRAD],
    ),
    "sgd_closure": (
        "o = sgd(M)\n"
        "    def closure(): o.zero_grad(); l = M(x).pow(2).sum(); l.backward(); return l\n"
        "    o.step(closure); o.step(closure)",
        [GRAD, SGD, RESET, GRAD, SGD],
    ),
}

# Name -> the model, what is done to it, and what is seen of some of its variables.
MODELS: dict[str, tuple[str, str, dict[str, Changes]]] = {
    "norm": (
        "nn.BatchNorm1d(2)",
        "M.eval(); M(x); M.train(); M.reset_running_stats()",
        {
            "running_mean": [NORMED, OWN],
            "running_var": [NORMED, OWN],
            "num_batches_tracked": [NORMED, OWN],
            "weight": [],
        },
    ),
    "averaged": (
        "AveragedModel(linear())",
        "other = linear(); M.update_parameters(other); M.update_parameters(linear())",
        {
            "module.weight": [AVERAGED, AVERAGED],
            "n_averaged": [AVERAGED, AVERAGED],
        },
    ),
    "doubling": ("Doubling()", "M(x)", {"weight": [("data", "__main__.Doubling.forward")] * 2}),
    "sparse": (
        "Words(5, 2, sparse=True)",
        "o = sgd(M)\n    for _ in (1, 2): o.zero_grad(); backward(M); o.step()",
        {"weight": [GRAD, SGD, RESET, GRAD, SGD]},
    ),
    "sparse_adam": (
        "Words(5, 2, sparse=True)",
        "o = torch.optim.SparseAdam(M.parameters())\n"
        "    for _ in (1, 2): o.zero_grad(False); backward(M); o.step()",
        {
            "weight": [
                GRAD,
                ("data", "torch.optim.sparse_adam.SparseAdam.step"),
                RESET,
                GRAD,
                ("data", "torch.optim.sparse_adam.SparseAdam.step"),
            ]
        },
    ),
    "released": (  # as sharding does with what is not needed at the moment
        "Holder(torch.ones(3))",
        "s = M.weight.untyped_storage(); s.resize_(0); watcher(x); s.resize_(12); "
        "M.weight.data.fill_(2)",
        {"weight": [OWN, OWN]},
    ),
    "empty": (
        "Holder(torch.ones(0, 3), True)",
        "sgd(M).zero_grad(); M.weight.sum().backward()",
        {"weight": [GRAD]},
    ),
}
# Constant tensors that sums and parities could mistake for each other, in all sizes that matter.
CONSTANTS = """
with torch.no_grad():
    for name in ("bfloat16", "float16", "float32", "float64", "float8_e4m3fn", "complex64",
                 "int8", "int64", "bool"):
        for size in (1, 3, 8, 40_000):
            for value in (0, 1) if name == "bool" else (0, 1, 2, 4, 8, 16, -1, -2, 3):
                constant = Holder(torch.full((size,), float(value)).to(getattr(torch, name)))
                constant(x)
"""
for _dtype in ("bfloat16", "float16", "float8_e4m3fn", "complex64", "bool", "int8"):
    MODELS[f"holder_{_dtype}"] = (
        f"Holder(torch.zeros(3).to(torch.{_dtype}))",
        f"M.weight.data.copy_(torch.tensor([0, 1, 0]).to(torch.{_dtype}))",
        {"weight": [OWN]},
    )


def optimizer_rows() -> dict[str, tuple[str, Changes]]:
    """One step of each optimizer in each form."""
    rows = {}
    for kind, (function, forms) in FORMS.items():
        for form in forms:
            name = f"{kind}_{form.replace('=', '_').replace('.', '_')}".lower().rstrip("_")
            options = f", {form}" if form else ""
            code = f"o = torch.optim.{kind}(M.parameters(){options})"
            rows[name] = (
                f"{code}; backward(M); o.step(); o.zero_grad()",
                [GRAD, ("data", f"torch.optim.{function}"), RESET],
            )
    return rows


ROWS = {**WRITES, **optimizer_rows()}


@pytest.fixture(scope="module")
def done(collect: Collect) -> Collected:
    models = {name: (model, code) for name, (model, code, _) in MODELS.items()}
    done = collect(HEAD + program(linears(ROWS)) + program(models) + CONSTANTS)
    assert done.code == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def seen(done: Collected) -> dict[str, Changes]:
    return changes(done.rows)


@pytest.mark.parametrize("name", ROWS)
def test_one_weight(seen: dict[str, Changes], name: str) -> None:
    assert seen[f"{name}.weight"] == ROWS[name][1]


@pytest.mark.parametrize("name", MODELS)
def test_models(seen: dict[str, Changes], name: str) -> None:
    expected = MODELS[name][2]
    assert {key: seen[f"{name}.{key}"] for key in expected} == expected


def test_no_internal_errors(done: Collected) -> None:
    assert done.manifest["notes"]["internal_errors"] == []


def test_constants_differ(done: Collected) -> None:
    found: dict[tuple[str, int], list[int]] = {}
    for state in done.states:
        if state["variable"] == "constant.weight":
            now = state["attributes"]
            found.setdefault((now["dtype"], now["shape"][0]), []).append(now["data"])
    assert len(found) == 9 * 4
    for (dtype, _), values in found.items():
        assert len(set(values)) == len(values) == (2 if dtype == "torch.bool" else 9)
        assert [value == 0 for value in values] == [True] + [False] * (len(values) - 1)
