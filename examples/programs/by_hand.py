"""Training without an optimizer: momentum and weight decay written out, updates through `.data`.

tc-engine collect -o by_hand_run -- python examples/programs/by_hand.py
"""

import argparse

import torch
import torch.nn.functional as F
from pictures import CLASSES, SIDE, load_pictures
from torch import Tensor, nn
from torch.utils.data import DataLoader


class Net(nn.Module):
    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.fc1 = nn.Linear(SIDE * SIDE, width)
        self.fc2 = nn.Linear(width, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(torch.tanh(self.fc1(x.flatten(1))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--momentum", type=float, default=0.9)
    parser.add_argument("--weight-decay", type=float, default=1e-4)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    loader = DataLoader(load_pictures(), batch_size=128, shuffle=True)
    model = Net()
    velocities = [torch.zeros_like(parameter) for parameter in model.parameters()]
    for epoch in range(1, options.epochs + 1):
        total = 0.0
        for images, labels in loader:
            model.zero_grad()
            loss = F.cross_entropy(model(images), labels)
            loss.backward()
            for parameter, velocity in zip(model.parameters(), velocities, strict=True):
                gradient = parameter.grad.data
                velocity.mul_(options.momentum).add_(gradient)
                parameter.data.mul_(1 - options.lr * options.weight_decay)
                parameter.data.sub_(options.lr * velocity)
            total += loss.item()
        print(f"epoch {epoch} loss {total / len(loader)!r}")


if __name__ == "__main__":
    main()
