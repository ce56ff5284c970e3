"""A residual network with batch norm, of 14 layers, learns pictures as large as CIFAR's."""

import torch
from pictures import CLASSES, make_pictures
from stopwatch import Stopwatch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import SGD
from torch.optim.lr_scheduler import CosineAnnealingLR
from torch.utils.data import DataLoader

BATCH = 32


class Block(nn.Module):
    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, width, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.shortcut: nn.Module = nn.Identity()
        if before != width:
            self.shortcut = nn.Sequential(
                nn.Conv2d(before, width, 1, stride, bias=False), nn.BatchNorm2d(width)
            )

    def forward(self, x: Tensor) -> Tensor:
        out = functional.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return functional.relu(out + self.shortcut(x))


def make_model() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        *(Block(16, 16, 1), Block(16, 16, 1)),
        *(Block(16, 32, 2), Block(32, 32, 1)),
        *(Block(32, 64, 2), Block(64, 64, 1)),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, CLASSES),
    )


def main() -> None:
    stopwatch = Stopwatch()
    torch.manual_seed(1)
    data = make_pictures(stopwatch.steps * BATCH, 3, 32, seed=1)
    model = make_model()
    optimizer = SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
    scheduler = CosineAnnealingLR(optimizer, stopwatch.steps)
    criterion = nn.CrossEntropyLoss()
    model.train()
    for images, labels in stopwatch.timed(DataLoader(data, BATCH, shuffle=True)):
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        scheduler.step()
    stopwatch.report(loss.item())


if __name__ == "__main__":
    main()
