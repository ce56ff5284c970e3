"""A convolutional network learns in parallel, each rank from its part of the pictures."""

import torch
import torch.distributed as dist
from pictures import CLASSES, make_pictures
from stopwatch import Stopwatch
from torch import nn
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel
from torch.optim import SGD
from torch.utils.data import DataLoader, DistributedSampler

BATCH = 32


def make_model() -> nn.Module:
    return nn.Sequential(
        *(nn.Conv2d(1, 32, 3), nn.ReLU()),
        *(nn.Conv2d(32, 64, 3), nn.ReLU()),
        nn.MaxPool2d(2),
        nn.Flatten(),
        *(nn.Linear(9216, 128), nn.ReLU()),
        nn.Dropout(0.25),
        nn.Linear(128, CLASSES),
    )


def main() -> None:
    stopwatch = Stopwatch()
    dist.init_process_group("gloo")
    rank, ranks = dist.get_rank(), dist.get_world_size()
    torch.manual_seed(1 + rank)
    data = make_pictures(stopwatch.steps * BATCH * ranks, 1, 28, seed=1)
    loader = DataLoader(data, BATCH, sampler=DistributedSampler(data, seed=1))
    model = DistributedDataParallel(make_model())
    optimizer = SGD(model.parameters(), lr=0.01, momentum=0.9)
    model.train()
    for images, labels in stopwatch.timed(loader):
        optimizer.zero_grad()
        loss = functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
    mean = loss.detach() / ranks
    dist.all_reduce(mean)
    if rank == 0:
        stopwatch.report(mean.item())
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
