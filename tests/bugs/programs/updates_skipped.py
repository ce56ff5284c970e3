"""Points are placed so that those of one class are close, with a scaled loss.

The bug: each point has no distance to itself, and the root of zero has no gradient. The loss is a
number, its gradient is not, and the scaler skips each update without a word.
"""

import torch
import torch.nn.functional as F
from common import blobs, read_options
from torch import Tensor, nn
from torch.optim import SGD
from torch.utils.data import DataLoader

MARGIN = 2.0


def contrast(places: Tensor, labels: Tensor, least: float) -> Tensor:
    squares = (places[:, None] - places).square().sum(dim=2)
    distances = (squares + least).sqrt()
    alike = labels[:, None] == labels
    return torch.where(alike, distances, F.relu(MARGIN - distances)).mean()


def main() -> None:
    options = read_options(__doc__)
    loader = DataLoader(blobs(), batch_size=32, shuffle=True)
    model = nn.Sequential(nn.Linear(12, options.width), nn.Tanh(), nn.Linear(options.width, 3))
    optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**8)
    for epoch in range(1, options.epochs + 1):
        total = 0.0
        for points, labels in loader:
            optimizer.zero_grad()
            loss = contrast(model(points), labels, least=0.0 if options.bug else 1e-6)
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
            total += loss.item()
        print(f"epoch {epoch} loss {total / len(loader):.4f}")


if __name__ == "__main__":
    main()
