"""A program with a silent bug: the loss moves a little, but nothing is learned.

In the manner of https://discuss.pytorch.org/t/84911: to fine-tune a network, everything but batch
norm is frozen, the last layer too, and the optimizer is given that frozen layer alone. No parameter
ever changes; the running statistics of batch norm do, which makes the loss look alive.

    tc-engine collect -o buggy -- python examples/forum_84911.py
"""

import argparse

import torch
import torch.nn.functional as F
from digits_data import load_digits
from torch import Tensor, nn
from torch.optim import Adadelta
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3)
        self.bn1 = nn.BatchNorm2d(32)
        self.conv2 = nn.Conv2d(32, 64, 3)
        self.bn2 = nn.BatchNorm2d(64)
        self.dropout = nn.Dropout(0.2)
        self.fc = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2)
        return self.fc(self.dropout(x.mean(dim=(2, 3))))


def freeze(model: Net) -> None:
    """Meant to train only what is useful for new data; the bug is here and in main."""
    for name, parameter in model.named_parameters():
        if "bn" not in name:
            parameter.requires_grad = False
    for parameter in model.fc.parameters():
        parameter.requires_grad = False


def train(model: nn.Module, loader: DataLoader, optimizer: Adadelta, epoch: int) -> None:
    model.train()
    for batch, (images, labels) in enumerate(loader):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        if batch % 10 == 0:
            print(f"epoch {epoch} batch {batch:2d} loss {loss.item():.4f}")


def test(model: nn.Module, loader: DataLoader) -> None:
    model.eval()
    loss, correct, count = 0.0, 0, 0
    with torch.no_grad():
        for images, labels in loader:
            output = model(images)
            loss += F.cross_entropy(output, labels, reduction="sum").item()
            correct += (output.argmax(dim=1) == labels).sum().item()
            count += len(labels)
    print(f"test loss {loss / count:.4f} accuracy {correct / count:.1%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--lr", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    train_data, test_data = load_digits()
    train_loader = DataLoader(train_data, batch_size=options.batch_size, shuffle=True)
    test_loader = DataLoader(test_data, batch_size=256)
    model = Net()
    freeze(model)
    optimizer = Adadelta(model.fc.parameters(), lr=options.lr)
    scheduler = StepLR(optimizer, step_size=1, gamma=0.7)
    for epoch in range(1, options.epochs + 1):
        train(model, train_loader, optimizer, epoch)
        test(model, test_loader)
        scheduler.step()


if __name__ == "__main__":
    main()
