"""Two worker processes load the pictures and shift them about at random.

tc-engine collect -o workers_run -- python examples/programs/workers.py
"""

import argparse

import torch
import torch.nn.functional as F
from pictures import CLASSES, load_pictures
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset


class Shifted(Dataset):
    """Pictures, each moved by at most a pixel and with a little noise on it."""

    def __init__(self, pictures: Dataset) -> None:
        self.pictures = pictures

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        image, label = self.pictures[index]
        down, right = torch.randint(-1, 2, (2,)).tolist()
        image = torch.roll(image, (down, right), dims=(1, 2))
        return F.relu(image + 0.05 * torch.randn_like(image)), label


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    loader = DataLoader(
        Shifted(load_pictures(1200)), batch_size=80, shuffle=True, num_workers=options.workers
    )
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout2d(0.1),
        nn.Flatten(),
        nn.Linear(256, CLASSES),
    )
    optimizer = torch.optim.RMSprop(model.parameters(), lr=2e-3)
    for epoch in range(1, options.epochs + 1):
        total = 0.0
        for images, labels in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch} loss {total / len(loader)!r}")


if __name__ == "__main__":
    main()
