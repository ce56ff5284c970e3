"""Fine-tuning of the last layer.

The bug: the last layer is frozen as well, and the optimizer holds nothing else. Nothing is learned;
running statistics make the loss move all the same.
"""

import torch.nn.functional as F
from common import images, read_options
from torch import nn
from torch.optim import Adam
from torch.utils.data import DataLoader


def main() -> None:
    options = read_options(__doc__)
    loader = DataLoader(images(), batch_size=32, shuffle=True)
    body = nn.Sequential(
        nn.Conv2d(1, options.width, 3), nn.BatchNorm2d(options.width), nn.ReLU(), nn.Flatten()
    )
    head = nn.Linear(36 * options.width, 4)
    model = nn.Sequential(body, head)
    for name, parameter in body.named_parameters():
        parameter.requires_grad = name.startswith("1.")  # batch norm
    if options.bug:
        for parameter in head.parameters():
            parameter.requires_grad = False
    optimizer = Adam(head.parameters(), lr=0.01)
    for epoch in range(1, options.epochs + 1):
        total = 0.0
        for pictures, labels in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(pictures), labels)
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch} loss {total / len(loader):.4f}")


if __name__ == "__main__":
    main()
