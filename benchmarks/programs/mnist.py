"""A convolutional network learns pictures as large as MNIST's: two epochs, a test after each."""

import torch
from pictures import CLASSES, make_pictures
from stopwatch import Stopwatch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Adadelta
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader

BATCH, EPOCHS = 64, 2


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3)
        self.conv2 = nn.Conv2d(32, 64, 3)
        self.dropout1 = nn.Dropout(0.25)
        self.dropout2 = nn.Dropout(0.5)
        self.fc1 = nn.Linear(9216, 128)
        self.fc2 = nn.Linear(128, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.conv1(x))
        x = functional.relu(self.conv2(x))
        x = self.dropout1(functional.max_pool2d(x, 2))
        x = functional.relu(self.fc1(torch.flatten(x, 1)))
        return functional.log_softmax(self.fc2(self.dropout2(x)), dim=1)


def test(model: nn.Module, test_loader: DataLoader[tuple[Tensor, ...]]) -> float:
    model.eval()
    total = 0.0
    with torch.no_grad():
        for images, labels in test_loader:
            total += functional.nll_loss(model(images), labels).item()
    return total / len(test_loader)


def main() -> None:
    stopwatch = Stopwatch()
    torch.manual_seed(1)
    count = stopwatch.steps // EPOCHS * BATCH
    train_loader = DataLoader(make_pictures(count, 1, 28, seed=1), BATCH, shuffle=True)
    test_loader = DataLoader(make_pictures(512, 1, 28, seed=2), 256)
    model = Net()
    optimizer = Adadelta(model.parameters(), lr=1.0)
    scheduler = StepLR(optimizer, step_size=1, gamma=0.7)
    for _ in range(EPOCHS):
        model.train()
        for images, labels in stopwatch.timed(train_loader):
            optimizer.zero_grad()
            loss = functional.nll_loss(model(images), labels)
            loss.backward()
            optimizer.step()
        test_loss = test(model, test_loader)
        scheduler.step()
    stopwatch.report(test_loss)


if __name__ == "__main__":
    main()
