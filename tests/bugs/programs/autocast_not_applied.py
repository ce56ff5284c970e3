"""Mixed precision with a layer whose gradient is written by hand.

The bug: the layer's function says that its inputs be cast to float32, and turns autocast off for
what happens inside: that part runs in full precision.
"""

import torch
import torch.nn.functional as F
from common import blobs, read_options
from torch import Tensor, nn
from torch.amp import custom_bwd, custom_fwd
from torch.optim import SGD
from torch.utils.data import DataLoader


def make_swish(cast_inputs: torch.dtype | None) -> type[torch.autograd.Function]:
    class Swish(torch.autograd.Function):
        @staticmethod
        @custom_fwd(device_type="cpu", cast_inputs=cast_inputs)
        def forward(ctx: torch.autograd.function.FunctionCtx, x: Tensor) -> Tensor:
            ctx.save_for_backward(x)
            return x * x.sigmoid()

        @staticmethod
        @custom_bwd(device_type="cpu")
        def backward(ctx: torch.autograd.function.FunctionCtx, gradient: Tensor) -> Tensor:
            (x,) = ctx.saved_tensors
            slope = x.sigmoid()
            return gradient * (slope + x * slope * (1 - slope))

    return Swish


class Activation(nn.Module):
    def __init__(self, function: type[torch.autograd.Function]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function.apply(x)


def main() -> None:
    options = read_options(__doc__)
    loader = DataLoader(blobs(), batch_size=32, shuffle=True)
    swish = make_swish(torch.float32 if options.bug else None)
    model = nn.Sequential(
        nn.Linear(12, options.width), Activation(swish), nn.Linear(options.width, 4)
    )
    optimizer = SGD(model.parameters(), lr=0.02, momentum=0.9)
    for epoch in range(1, options.epochs + 1):
        total = 0.0
        for points, labels in loader:
            optimizer.zero_grad()
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = F.cross_entropy(model(points), labels)
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch} loss {total / len(loader):.4f}")


if __name__ == "__main__":
    main()
