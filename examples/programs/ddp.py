"""Data parallel training: every rank sees its part of the data, gradients are averaged.

tc-engine collect -o ddp_run -- \\
    python -m torch.distributed.run --standalone --nproc_per_node 2 examples/programs/ddp.py
"""

import argparse

import torch
import torch.distributed as dist
import torch.nn.functional as F
from pictures import CLASSES, SIDE, load_pictures
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=48, help="per rank")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    dist.init_process_group("gloo")
    rank, ranks = dist.get_rank(), dist.get_world_size()
    torch.manual_seed(options.seed + rank)
    data = load_pictures(1200)
    sampler = DistributedSampler(data, seed=options.seed)
    loader = DataLoader(data, batch_size=options.batch_size, sampler=sampler)
    model = DistributedDataParallel(
        nn.Sequential(
            nn.Flatten(),
            nn.Linear(SIDE * SIDE, 48),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Linear(48, CLASSES),
        )
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for epoch in range(1, options.epochs + 1):
        model.train()
        sampler.set_epoch(epoch)
        total = torch.zeros(())
        for images, labels in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
            total += loss.detach()
        dist.all_reduce(total)
        if rank == 0:
            print(f"epoch {epoch} loss {total.item() / (len(loader) * ranks)!r}")
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
