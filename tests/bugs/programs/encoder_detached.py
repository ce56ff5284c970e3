"""An encoder and a classifier, trained together.

The bug: the encoder runs without gradients, left over from when it was frozen. The optimizer holds
its parameters, the classifier learns, and the encoder stays as it was drawn.
"""

import torch
import torch.nn.functional as F
from common import blobs, read_options
from torch import Tensor, nn
from torch.optim import Adam
from torch.utils.data import DataLoader


class Model(nn.Module):
    def __init__(self, width: int, *, bug: bool) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(12, width), nn.ReLU(), nn.Linear(width, width))
        self.classifier = nn.Linear(width, 4)
        self.bug = bug

    def forward(self, x: Tensor) -> Tensor:
        with torch.set_grad_enabled(self.training and not self.bug):
            features = self.encoder(x)
        return self.classifier(features)


def main() -> None:
    options = read_options(__doc__)
    loader = DataLoader(blobs(), batch_size=32, shuffle=True)
    model = Model(options.width, bug=options.bug)
    optimizer = Adam(model.parameters(), lr=0.01)
    for epoch in range(1, options.epochs + 1):
        total = 0.0
        for points, labels in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(points), labels)
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch} loss {total / len(loader):.4f}")


if __name__ == "__main__":
    main()
