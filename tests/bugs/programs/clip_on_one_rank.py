"""Tensor parallel training on two ranks: each has half of the hidden layer, both the same norm.

The bug: the rank that is not the first leaves replicated parameters out when it clips gradients, so
the copies of the layer norm drift apart.
"""

import torch
import torch.distributed as dist
import torch.nn.functional as F
from common import blobs, read_options
from torch import Tensor, nn
from torch.optim import SGD
from torch.utils.data import DataLoader

MAX_NORM = 0.5


class SumOverRanks(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        total = x.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> Tensor:
        return gradient


class CopyToRanks(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> Tensor:
        total = gradient.clone()
        dist.all_reduce(total)
        return total


class ParallelBlock(nn.Module):
    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        part = width // dist.get_world_size()
        self.norm = nn.LayerNorm(features)
        self.up = nn.Linear(features, part)
        self.down = nn.Linear(part, features, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        h = CopyToRanks.apply(self.norm(x))
        return x + SumOverRanks.apply(self.down(F.relu(self.up(h))))


def clip_gradients(model: nn.Module, *, bug: bool) -> None:
    """Scale gradients down where their norm over all ranks is too large."""
    parameters = list(model.parameters())
    split = [p for p in parameters if p.tensor_model_parallel]
    squares = sum(p.grad.square().sum() for p in split)
    dist.all_reduce(squares)
    squares += sum(p.grad.square().sum() for p in parameters if not p.tensor_model_parallel)
    factor = min(1.0, MAX_NORM / squares.sqrt().item())
    for parameter in split if bug and dist.get_rank() > 0 else parameters:
        parameter.grad.mul_(factor)


def main() -> None:
    options = read_options(__doc__)
    dist.init_process_group("gloo")
    loader = DataLoader(blobs(), batch_size=32, shuffle=True)
    model = nn.Sequential(ParallelBlock(12, options.width), nn.Linear(12, 4))
    for name, parameter in model.named_parameters():
        parameter.tensor_model_parallel = ".up." in name or ".down." in name
        if parameter.tensor_model_parallel:  # each rank has another part
            nn.init.normal_(parameter, std=0.1 * (1 + dist.get_rank()))
    optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9)
    for epoch in range(1, options.epochs + 1):
        total = 0.0
        for points, labels in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(points), labels)
            loss.backward()
            clip_gradients(model, bug=options.bug)
            optimizer.step()
            total += loss.item()
        if dist.get_rank() == 0:
            print(f"epoch {epoch} loss {total / len(loader):.4f}")
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
