"""A regression with a warm-up of the learning rate.

The bug: the scheduler is made and never stepped, so the rate stays where the warm-up begins.
"""

import torch
import torch.nn.functional as F
from common import read_options
from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader, TensorDataset


def main() -> None:
    options = read_options(__doc__)
    inputs = torch.randn(480, 8)
    targets = (inputs @ torch.randn(8, 1)).sin()
    loader = DataLoader(TensorDataset(inputs, targets), batch_size=32, shuffle=True)
    model = nn.Sequential(nn.Linear(8, options.width), nn.Tanh(), nn.Linear(options.width, 1))
    optimizer = AdamW(model.parameters(), lr=0.03)
    scheduler = OneCycleLR(optimizer, max_lr=0.03, total_steps=options.epochs * len(loader))
    for epoch in range(1, options.epochs + 1):
        total = 0.0
        for batch, expected in loader:
            optimizer.zero_grad()
            loss = F.mse_loss(model(batch), expected)
            loss.backward()
            optimizer.step()
            if not options.bug:
                scheduler.step()
            total += loss.item()
        print(f"epoch {epoch} loss {total / len(loader):.4f}")


if __name__ == "__main__":
    main()
