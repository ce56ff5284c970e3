"""A discriminator with spectral norm, evaluated before and after it is trained.

The bug: the first evaluation comes before any forward pass in training mode, without which spectral
norm has not found the norm of its weights.
"""

import torch
import torch.nn.functional as F
from common import blobs, read_options
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm
from torch.optim import Adam
from torch.utils.data import DataLoader, random_split


def evaluate(model: nn.Module, loader: DataLoader) -> float:
    model.eval()
    with torch.no_grad():
        losses = [F.cross_entropy(model(points), labels).item() for points, labels in loader]
    return sum(losses) / len(losses)


def main() -> None:
    options = read_options(__doc__)
    training, test = random_split(blobs(), [0.8, 0.2])
    loader = DataLoader(training, batch_size=32, shuffle=True)
    test_loader = DataLoader(test, batch_size=32)
    model = nn.Sequential(
        spectral_norm(nn.Linear(12, options.width)),
        nn.ReLU(),
        spectral_norm(nn.Linear(options.width, 4)),
    )
    optimizer = Adam(model.parameters(), lr=0.01)
    if options.bug:
        print(f"at first loss {evaluate(model, test_loader):.4f}")
    for epoch in range(1, options.epochs + 1):
        model.train()
        for points, labels in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(points), labels)
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch} loss {evaluate(model, test_loader):.4f}")


if __name__ == "__main__":
    main()
