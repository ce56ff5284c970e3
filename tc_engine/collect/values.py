"""Arguments and results as JSON: every value is an object with one key, the name of its type.

Nothing of a user's object is called or read but its type; of a tensor only its metadata, of a
module only its `training` flag. No value holds an address.
"""

from __future__ import annotations

import json
import math
from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn import Module, Parameter

from tc_engine.collect.serials import Storages

MAX_TEXT = 256
MAX_ELEMENTS = 64
MAX_TENSORS = 8  # of a list, where nothing tells them apart
MAX_LEVELS = 2
CACHED_TENSORS = 65_536
CACHED_PAYLOADS = 8192
CACHED_TEXT = 4096
_PLAIN_TENSORS = (Tensor, Parameter)
_UNREADABLE = (RuntimeError, TypeError, NotImplementedError, ValueError)
_CONTAINERS = (list, tuple, dict, torch.Size)


class Encoder:
    """Turns values into JSON text; remembers the texts of tensors and of payloads, which repeat.

    A text that many waiting rows share costs its memory once. That is also what keeps the memory of
    the program in order: texts that outlive the call would come to lie between its tensors.

    With `storages` a tensor has a `storage` too: a number that it shares with all tensors that lie
    in the same memory.
    """

    def __init__(self, storages: Storages | None = None) -> None:
        self._storages = storages
        self._tensors: dict[tuple[Any, ...], str] = {}
        self._payloads: dict[tuple[Any, ...], str] = {}

    def positional(self, args: Sequence[Any]) -> str:
        """Encode positional arguments: an object with the keys "0", "1", ..."""
        texts = tuple([self._known(value) or self.keyed(value) for value in args])
        known = self._payloads.get(texts)
        if known is None:
            pairs = [f'"{i}":{text}' for i, text in enumerate(texts)]
            known = self._remember(texts, "{" + ",".join(pairs) + "}")
        return known

    def keywords(self, kwargs: Mapping[str, Any]) -> str:
        """Encode keyword arguments: an object with their names as keys."""
        if not kwargs:
            return "{}"
        values = [self._known(value) or self.keyed(value) for value in kwargs.values()]
        texts = ("{", *kwargs, *values)
        known = self._payloads.get(texts)
        if known is None:
            pairs = [f"{_text(k)}:{text}" for k, text in zip(kwargs, values, strict=True)]
            known = self._remember(texts, "{" + ",".join(pairs) + "}")
        return known

    def result(self, value: Any) -> str:
        """Encode what a call returned: a tuple becomes a list of its elements."""
        if type(value) is tuple:
            elements = value[:MAX_ELEMENTS]
            texts = ("[", *[self._known(one) or self.keyed(one) for one in elements])
            known = self._payloads.get(texts)
            return known or self._remember(texts, "[" + ",".join(texts[1:]) + "]")
        known = self._known(value)
        if known is not None:
            return known
        text = self.keyed(value)
        return self._payloads.get(("=", text)) or self._remember(("=", text), text)

    def _known(self, value: Any) -> str | None:
        """Return the text of a tensor like one that came before; None for everything else."""
        kind = type(value)
        if (kind is Tensor or kind is Parameter) and self._storages is None:
            try:
                return self._tensors.get(_key(kind, value))
            except _UNREADABLE:
                return None
        return None

    def _remember(self, texts: tuple[str, ...], payload: str) -> str:
        if len(payload) > CACHED_TEXT:  # such as lists of parameters: they would take much memory
            return payload
        if len(self._payloads) >= CACHED_PAYLOADS:
            self._payloads.clear()
        self._payloads[texts] = payload
        return payload

    def keyed(self, value: Any, levels: int = MAX_LEVELS) -> str:
        """Encode one value as `{type name: value}`."""
        kind = type(value)
        if issubclass(kind, Tensor):
            return self._tensor(value)
        text = primitive(value)
        if text is None:
            text = self._content(kind, value, levels)
        return f'{{"{type_name(kind)}":{text}}}'

    def _content(self, kind: type, value: Any, levels: int) -> str:
        """Encode what is told of a value that is no tensor and no primitive."""
        if issubclass(kind, Module):
            training = value.__dict__.get("training")
            return f'{{"training":{primitive(training)}}}' if isinstance(training, bool) else "{}"
        if kind is torch.dtype:
            return f'"{value}"'
        if kind is torch.device:
            return f'"{value.type}"'
        if any(kind is container for container in _CONTAINERS):
            return self._container(value, levels)
        return "{}"

    def _container(self, value: Any, levels: int) -> str:
        if levels == 0:
            return "{}"
        if type(value) is dict:
            pairs = [
                f"{_text(str(key))}:{self._element(value[key], levels - 1)}"
                for key in list(value)[:MAX_ELEMENTS]
                if type(key) is str or type(key) is int
            ]
            return "{" + ",".join(pairs) + "}"
        # An optimizer is given all its parameters and what it keeps of them, in each step.
        many = self._storages is None and value and issubclass(type(value[0]), Tensor)
        most = MAX_TENSORS if many else MAX_ELEMENTS
        elements = [self._element(element, levels - 1) for element in value[:most]]
        return "[" + ",".join(elements) + "]"

    def _element(self, value: Any, levels: int) -> str:
        return primitive(value) or self.keyed(value, levels)

    def _tensor(self, tensor: Tensor) -> str:
        if type(tensor) in _PLAIN_TENSORS:
            return self._described(tensor)
        with torch._C.DisableTorchFunction():  # else reading a subclass runs the program's code
            return self._described(tensor)

    def _described(self, tensor: Tensor) -> str:
        kind = type(tensor)
        try:
            key = _key(kind, tensor)
            text = self._tensors.get(key)
            if text is None:
                if len(self._tensors) >= CACHED_TENSORS:
                    self._tensors.clear()
                text = self._tensors[key] = _describe(tensor)
        except _UNREADABLE:
            return f'{{"{type_name(kind)}":{{}}}}'
        number = None if self._storages is None else self._storages.of(tensor)
        return text if number is None else f'{text[:-2]},"storage":{number}}}}}'


def primitive(value: Any) -> str | None:
    """Encode None, a bool, an int, a float or a str; None for any other type.

    A float that JSON has no word for becomes null.
    """
    if value is None:
        return "null"
    kind = type(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return str(value) if abs(value) < 1 << 63 else f'"{hex(value)[:MAX_TEXT]}"'
    if kind is float:
        return repr(value) if math.isfinite(value) else "null"
    if kind is str:
        return _text(value[:MAX_TEXT])
    return None


def type_name(kind: type) -> str:
    """Full name of a type, without the module for builtins; safe inside a JSON string."""
    try:
        return _type_name(cast(Hashable, kind))
    except Exception:  # its metaclass has a say in hashing and comparing it
        return "object"


@lru_cache(maxsize=4096)
def _type_name(kind: Hashable) -> str:
    module = getattr(kind, "__module__", None)
    name = getattr(kind, "__qualname__", "object")
    full = name if module in (None, "builtins") else f"{module}.{name}"
    return _text(str(full))[1:-1]


def tensor_type_name(tensor: Tensor) -> str:
    """Name of a tensor's type as it appears as a key: `torch.FloatTensor`, `torch.nn.Parameter`."""
    return "torch.nn.Parameter" if isinstance(tensor, Parameter) else str(tensor.type())


def tensor_facts(tensor: Tensor) -> dict[str, Any]:
    """Metadata of a tensor that any rank and any run can compare."""
    return {
        "dtype": str(tensor.dtype),
        "shape": list(tensor.shape),
        "ndim": tensor.ndim,
        "nbytes": tensor.numel() * tensor.element_size(),
        "itemsize": tensor.element_size(),
        "device": tensor.device.type,
        "requires_grad": tensor.requires_grad,
        "is_leaf": tensor.is_leaf,
    }


def _key(kind: type, tensor: Tensor) -> tuple[Any, ...]:
    """Return all that the text of a tensor depends on."""
    return (
        kind,
        tensor.dtype,
        tensor.shape,
        tensor.device,
        tensor.requires_grad,
        tensor.is_leaf,
    )


def _describe(tensor: Tensor) -> str:
    facts = json.dumps(tensor_facts(tensor), separators=(",", ":"))
    return f'{{"{tensor_type_name(tensor)}":{facts}}}'


def _text(value: str) -> str:
    # A lone surrogate is legal in a str but not in UTF-8, which the dataset is written in.
    return json.dumps(value.encode("utf-8", "replace").decode(), ensure_ascii=False)
