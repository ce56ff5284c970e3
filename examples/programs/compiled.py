"""A compiled model: torch.compile captures it as a graph and traces its backward pass too.

tc-engine collect -o compiled_run -- python examples/programs/compiled.py
"""

import argparse

import torch
import torch.nn.functional as F
from pictures import CLASSES, load_pictures
from torch import Tensor, nn
from torch.utils.data import DataLoader


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        return x + F.relu(self.norm(self.conv(x)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--backend", default="aot_eager", help="inductor needs a C++ compiler")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    loader = DataLoader(load_pictures(960), batch_size=64, shuffle=True)
    model = nn.Sequential(
        nn.Conv2d(1, 12, 3, stride=2, padding=1),
        Block(12),
        Block(12),
        nn.Flatten(),
        nn.Linear(192, CLASSES),
    )
    compiled = torch.compile(model, backend=options.backend)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(1, options.epochs + 1):
        compiled.train()
        total = 0.0
        for images, labels in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(compiled(images), labels)
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch} loss {total / len(loader)!r}")


if __name__ == "__main__":
    main()
