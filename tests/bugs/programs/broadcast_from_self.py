"""Data parallel training by hand: parameters are sent to all ranks once, gradients averaged.

The bug: each rank names itself as the sender. No rank receives, and they wait for each other.
"""

from datetime import timedelta

import torch
import torch.distributed as dist
import torch.nn.functional as F
from common import blobs, read_options
from torch import nn
from torch.optim import SGD
from torch.utils.data import DataLoader, DistributedSampler


def main() -> None:
    options = read_options(__doc__)
    dist.init_process_group("gloo", timeout=timedelta(seconds=4))
    rank, ranks = dist.get_rank(), dist.get_world_size()
    data = blobs()
    sampler = DistributedSampler(data, seed=options.seed)
    loader = DataLoader(data, batch_size=24, sampler=sampler)
    torch.manual_seed(options.seed + rank)  # dropout differs from rank to rank
    model = nn.Sequential(
        nn.Linear(12, options.width), nn.ReLU(), nn.Dropout(0.1), nn.Linear(options.width, 4)
    )
    for parameter in model.parameters():
        dist.broadcast(parameter.data, src=rank if options.bug else 0)
    optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9)
    for epoch in range(1, options.epochs + 1):
        sampler.set_epoch(epoch)
        total = torch.zeros(())
        for points, labels in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(points), labels)
            loss.backward()
            for parameter in model.parameters():
                dist.all_reduce(parameter.grad)
                parameter.grad /= ranks
            optimizer.step()
            total += loss.detach()
        dist.all_reduce(total)
        if rank == 0:
            print(f"epoch {epoch} loss {total.item() / len(loader) / ranks:.4f}")
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
