"""Mixed precision: the forward pass in bfloat16 under autocast, and a scaled loss.

tc-engine collect -o amp_run -- python examples/programs/amp.py
"""

import argparse

import torch
import torch.nn.functional as F
from pictures import CLASSES, load_pictures
from torch import Tensor, nn
from torch.utils.data import DataLoader, random_split


class Net(nn.Module):
    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        self.fc = nn.Linear(16 * width, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norm(self.conv1(x)))
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc(x.flatten(1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--lr", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    train_data, test_data = random_split(load_pictures(1200), [0.8, 0.2])
    train_loader = DataLoader(train_data, batch_size=48, shuffle=True)
    test_loader = DataLoader(test_data, batch_size=120)
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=options.lr, momentum=0.9)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
    for epoch in range(1, options.epochs + 1):
        model.train()
        total = 0.0
        for images, labels in train_loader:
            optimizer.zero_grad()
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = F.cross_entropy(model(images), labels)
            scaler.scale(loss).backward()
            scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            scaler.step(optimizer)
            scaler.update()
            total += loss.item()
        print(f"epoch {epoch} loss {total / len(train_loader)!r} scale {scaler.get_scale()!r}")
        model.eval()
        correct = 0
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            for images, labels in test_loader:
                correct += (model(images).argmax(dim=1) == labels).sum().item()
        print(f"epoch {epoch} accuracy {correct / len(test_data):.1%}")


if __name__ == "__main__":
    main()
