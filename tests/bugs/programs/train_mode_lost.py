"""A classifier that is evaluated after each epoch.

The bug: `model.train()` is called once before the epochs, not in each: from the second epoch on it
trains without dropout and with fixed statistics of batch norm.
"""

import torch
import torch.nn.functional as F
from common import images, read_options
from torch import nn
from torch.optim import SGD
from torch.utils.data import DataLoader, random_split


def accuracy(model: nn.Module, loader: DataLoader) -> float:
    model.eval()
    with torch.no_grad():
        right = [
            (model(pictures).argmax(dim=1) == labels).float().mean() for pictures, labels in loader
        ]
    return torch.stack(right).mean().item()


def main() -> None:
    options = read_options(__doc__, epochs=4)
    training, test = random_split(images(), [0.8, 0.2])
    loader = DataLoader(training, batch_size=32, shuffle=True)
    test_loader = DataLoader(test, batch_size=32)
    model = nn.Sequential(
        nn.Conv2d(1, options.width, 3),
        nn.BatchNorm2d(options.width),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(36 * options.width, 4),
    )
    optimizer = SGD(model.parameters(), lr=0.01, momentum=0.9)
    model.train()
    for epoch in range(1, options.epochs + 1):
        if not options.bug:
            model.train()
        for pictures, labels in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(pictures), labels)
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch} accuracy {accuracy(model, test_loader):.1%}")


if __name__ == "__main__":
    main()
