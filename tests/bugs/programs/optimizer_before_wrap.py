"""Sharded training on two ranks.

The bug: the optimizer is built before the model is sharded, and keeps the parameters of before.
"""

import torch
import torch.distributed as dist
import torch.nn.functional as F
from common import blobs, read_options
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.optim import AdamW
from torch.utils.data import DataLoader, DistributedSampler


def main() -> None:
    options = read_options(__doc__)
    dist.init_process_group("gloo")
    data = blobs()
    sampler = DistributedSampler(data, seed=options.seed)
    loader = DataLoader(data, batch_size=24, sampler=sampler)
    model = nn.Sequential(nn.Linear(12, options.width), nn.ReLU(), nn.Linear(options.width, 4))
    mesh = init_device_mesh("cpu", (dist.get_world_size(),))
    if options.bug:
        optimizer = AdamW(model.parameters(), lr=0.01)
        fully_shard(model, mesh=mesh)
    else:
        fully_shard(model, mesh=mesh)
        optimizer = AdamW(model.parameters(), lr=0.01)
    for epoch in range(1, options.epochs + 1):
        sampler.set_epoch(epoch)
        total = torch.zeros(())
        for points, labels in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(points), labels)
            loss.backward()
            optimizer.step()
            total += loss.detach()
        dist.all_reduce(total)
        if dist.get_rank() == 0:
            print(f"epoch {epoch} loss {total.item() / len(loader) / dist.get_world_size():.4f}")
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
