"""Fine-tuning with a frozen first stage.

The bug: stages are frozen in `train()` alone, and the loop never calls it, since models are in
training mode from the start: the first stage is trained as well.
"""

import torch.nn.functional as F
from common import images, read_options
from torch import Tensor, nn
from torch.optim import SGD
from torch.utils.data import DataLoader


class Backbone(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, width, 3), nn.BatchNorm2d(width), nn.ReLU())
        self.body = nn.Sequential(nn.Conv2d(width, width, 3), nn.BatchNorm2d(width), nn.ReLU())
        self.head = nn.Linear(16 * width, 4)

    def freeze_stages(self) -> None:
        self.stem.eval()
        self.stem.requires_grad_(False)

    def train(self, mode: bool = True) -> "Backbone":
        super().train(mode)
        self.freeze_stages()
        return self

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(self.stem(x)).flatten(1))


def main() -> None:
    options = read_options(__doc__, epochs=4)
    loader = DataLoader(images(), batch_size=32, shuffle=True)
    model = Backbone(options.width)
    optimizer = SGD(model.parameters(), lr=0.01, momentum=0.9)
    for epoch in range(1, options.epochs + 1):
        if not options.bug:
            model.train()
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
