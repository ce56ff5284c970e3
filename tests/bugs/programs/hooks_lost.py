"""Data parallel training of a model that is moved to another dtype and back.

The bug: it is moved after it was wrapped. Its tensors are replaced, the hooks that average
gradients stay with the old ones.
"""

import torch
import torch.distributed as dist
import torch.nn.functional as F
from common import images, read_options
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim import SGD
from torch.utils.data import DataLoader, DistributedSampler


def main() -> None:
    options = read_options(__doc__)
    dist.init_process_group("gloo")
    data = images()
    sampler = DistributedSampler(data, seed=options.seed)
    loader = DataLoader(data, batch_size=16, sampler=sampler)
    model = nn.Sequential(
        nn.Conv2d(1, options.width, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(9 * options.width, 4),
    )
    if options.bug:
        wrapped = DistributedDataParallel(model)
        wrapped.double().float()
    else:
        wrapped = DistributedDataParallel(model.double().float())
    optimizer = SGD(wrapped.parameters(), lr=0.02, momentum=0.9)
    for epoch in range(1, options.epochs + 1):
        sampler.set_epoch(epoch)
        wrapped.train()
        total = torch.zeros(())
        for pictures, labels in loader:
            loss = F.cross_entropy(wrapped(pictures), labels)
            optimizer.zero_grad()
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
