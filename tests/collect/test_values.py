import json
import math
from collections import OrderedDict

import torch
from torch import nn

from tc_engine.collect.values import Encoder


def keyed(value: object) -> object:
    return json.loads(Encoder().keyed(value))


class Trap:
    """Anything that is asked of it is a failure."""

    def __getattribute__(self, name: str) -> object:
        raise AssertionError(name)

    def __repr__(self) -> str:
        raise AssertionError("repr")


def test_primitives_by_value() -> None:
    assert keyed(None) == {"NoneType": None}
    assert keyed(True) == {"bool": True}
    assert keyed(3) == {"int": 3}
    assert keyed(0.5) == {"float": 0.5}
    assert keyed(math.nan) == {"float": None}
    assert keyed("a\ud800" * 200)["str"] == "a?" * 128
    assert keyed(2**70) == {"int": "0x400000000000000000"}


def test_tensor_by_metadata() -> None:
    assert keyed(torch.ones(2, 3)) == {
        "torch.FloatTensor": {
            "dtype": "torch.float32",
            "shape": [2, 3],
            "ndim": 2,
            "nbytes": 24,
            "itemsize": 4,
            "device": "cpu",
            "requires_grad": False,
            "is_leaf": True,
        }
    }
    assert list(keyed(nn.Parameter(torch.ones(1)))) == ["torch.nn.Parameter"]
    assert keyed(torch.float16) == {"torch.dtype": "torch.float16"}
    assert keyed(torch.device("cuda:3")) == {"torch.device": "cuda"}
    assert keyed(torch.Size([1, 2])) == {"torch.Size": [1, 2]}


def test_containers_to_a_limit() -> None:
    assert keyed([1, "a", None]) == {"list": [1, "a", None]}
    assert keyed({"a": (1, [2, [3]])}) == {"dict": {"a": {"tuple": [1, {"list": {}}]}}}
    assert len(keyed(list(range(1000)))["list"]) == 64
    assert list(keyed([torch.ones(1)])["list"][0]) == ["torch.FloatTensor"]


def test_other_objects_by_type_alone() -> None:
    assert keyed(Trap()) == {f"{__name__}.Trap": {}}
    assert keyed(OrderedDict(a=1)) == {"collections.OrderedDict": {}}
    assert keyed(len) == {"builtin_function_or_method": {}}
    assert keyed(nn.Dropout().eval()) == {"torch.nn.modules.dropout.Dropout": {"training": False}}


def test_results() -> None:
    assert json.loads(Encoder().result((1, None))) == [{"int": 1}, {"NoneType": None}]
    assert json.loads(Encoder().result([1])) == {"list": [1]}
    assert json.loads(Encoder().positional((1, "x"))) == {"0": {"int": 1}, "1": {"str": "x"}}
    assert json.loads(Encoder().keywords({"k": 1})) == {"k": {"int": 1}}
