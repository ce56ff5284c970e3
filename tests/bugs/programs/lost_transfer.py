"""Data parallel training that averages gradients by hand.

The bug stands for broken copies between devices: now and then, what one rank receives is zero.
"""

import torch
import torch.distributed as dist
import torch.nn.functional as F
from common import blobs, read_options
from torch import Tensor, nn
from torch.optim import SGD
from torch.utils.data import DataLoader, DistributedSampler


def average(gradients: list[Tensor], *, lost: bool) -> None:
    for gradient in gradients:
        dist.all_reduce(gradient)
        gradient.div_(dist.get_world_size())
    if lost:
        gradients[0].zero_()


def main() -> None:
    options = read_options(__doc__)
    dist.init_process_group("gloo")
    data = blobs()
    sampler = DistributedSampler(data, seed=options.seed)
    loader = DataLoader(data, batch_size=24, sampler=sampler)
    model = nn.Sequential(nn.Linear(12, options.width), nn.Sigmoid(), nn.Linear(options.width, 4))
    optimizer = SGD(model.parameters(), lr=0.2, momentum=0.9)
    for epoch in range(1, options.epochs + 1):
        sampler.set_epoch(epoch)
        total = torch.zeros(())
        for batch, (points, labels) in enumerate(loader):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(points), labels)
            loss.backward()
            lost = options.bug and dist.get_rank() == 1 and batch == 5
            average([parameter.grad for parameter in model.parameters()], lost=lost)
            optimizer.step()
            total += loss.detach()
        dist.all_reduce(total)
        if dist.get_rank() == 0:
            print(f"epoch {epoch} loss {total.item() / len(loader) / dist.get_world_size():.4f}")
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
