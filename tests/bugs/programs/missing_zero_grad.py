"""A classifier of points. The bug: gradients are never cleared, and add up from batch to batch."""

import torch.nn.functional as F
from common import blobs, read_options
from torch import nn
from torch.optim import Adam
from torch.utils.data import DataLoader


def main() -> None:
    options = read_options(__doc__)
    loader = DataLoader(blobs(), batch_size=32, shuffle=True)
    model = nn.Sequential(nn.Linear(12, options.width), nn.Tanh(), nn.Linear(options.width, 4))
    optimizer = Adam(model.parameters(), lr=0.01)
    for epoch in range(1, options.epochs + 1):
        total = 0.0
        for points, labels in loader:
            if not options.bug:
                optimizer.zero_grad()
            loss = F.cross_entropy(model(points), labels)
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch} loss {total / len(loader):.4f}")


if __name__ == "__main__":
    main()
