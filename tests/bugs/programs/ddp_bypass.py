"""Data parallel training on two ranks.

The bug: the loop calls the bare module instead of its wrapper, so gradients are not averaged.
"""

import torch
import torch.distributed as dist
import torch.nn.functional as F
from common import blobs, read_options
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim import SGD
from torch.utils.data import DataLoader, DistributedSampler


def main() -> None:
    options = read_options(__doc__)
    dist.init_process_group("gloo")
    data = blobs()
    sampler = DistributedSampler(data, seed=options.seed)
    loader = DataLoader(data, batch_size=24, sampler=sampler)
    module = nn.Sequential(nn.Linear(12, options.width), nn.ReLU(), nn.Linear(options.width, 4))
    wrapped = DistributedDataParallel(module)
    model = module if options.bug else wrapped
    optimizer = SGD(wrapped.parameters(), lr=0.1, momentum=0.9)
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
