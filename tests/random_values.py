"""What calls in random traces are given and return."""

from __future__ import annotations

import random

from tests.builder import Payload

ARGUMENTS: tuple[object, ...] = (1, 2, True, "a", None, 0.5)
LISTS: tuple[object, ...] = (
    [], [1], [0], [1, 2], [[1], 2], [*range(10)], [*range(11)], ["a"], [1, "a"], [0.5], [{"n": 1}],
)  # fmt: skip
LIMITS = (8, 10, 10.0, 12.5, -10, 0)
LIMITED = ("min_x", "max_y")
TENSOR_TYPES = ("torch.FloatTensor", "torch.nn.Parameter", "Tensor", "pkg.MaskedTensor")
PROPERTIES: dict[str, tuple[object, ...]] = {
    "dtype": ("float32", "float16"),
    "shape": ([], [1], [2, 8], [8, 2], [9, 2], [10]),
    "ndim": (1, 2, 2.0),
    "requires_grad": (True, False, None),
    "length": (8, 9, 10, 12, 0, -9, None),
    "is_leaf": (True, 1),
    "name": (None,),
    "nbytes": (8, 32),
    "_ML_DAIKON_data_ID": (11, 12),
    "_TRAINCHECK_grad_ID": (13, None),
}


def _tensors(count: int) -> tuple[Payload, ...]:
    """Return tensors with some of the properties: always the same, as drawing each takes long."""
    chosen = random.Random(7)
    return tuple(
        Payload(
            chosen.choice(TENSOR_TYPES),
            {
                name: chosen.choice(values)
                for name, values in PROPERTIES.items()
                if chosen.random() < 0.7
            },
        )
        for _ in range(count)
    )


TENSORS = _tensors(30)
OBJECTS = tuple(Payload(name, {"ndim": 1}) for name in ("torch.Size", "TensorDict", "Options"))
