"""Two workers load points and add noise from NumPy.

The bug: each worker seeds NumPy with the same number, so both add the same noise in every epoch.
"""

from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from common import blobs, read_options
from torch import Tensor, nn
from torch.optim import Adam
from torch.utils.data import DataLoader, Dataset


class Noisy(Dataset):
    def __init__(self, points: Dataset) -> None:
        self.points = points

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        point, label = self.points[index]
        return point + torch.from_numpy(np.random.normal(0, 0.1, point.shape)).float(), label


def seed_worker(_: int, *, seed: int | None) -> None:
    np.random.seed(torch.initial_seed() % 2**32 if seed is None else seed)


def main() -> None:
    options = read_options(__doc__)
    seed_it = partial(seed_worker, seed=options.seed if options.bug else None)
    loader = DataLoader(
        Noisy(blobs()), batch_size=32, shuffle=True, num_workers=2, worker_init_fn=seed_it
    )
    model = nn.Sequential(nn.Linear(12, options.width), nn.ReLU(), nn.Linear(options.width, 4))
    optimizer = Adam(model.parameters(), lr=0.01)
    for epoch in range(1, options.epochs + 1):
        total = 0.0
        for points, labels in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(points), labels)
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch} loss {total / len(loader):.4f}")


if __name__ == "__main__":
    main()
