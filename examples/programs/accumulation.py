"""Gradient accumulation: the optimizer steps once per several small batches.

tc-engine collect -o accumulation_run -- python examples/programs/accumulation.py
"""

import argparse

import torch
import torch.nn.functional as F
from pictures import CLASSES, SIDE, load_pictures
from torch import nn
from torch.utils.data import DataLoader


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=24)
    parser.add_argument("--accumulate", type=int, default=4, help="batches per optimizer step")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    loader = DataLoader(load_pictures(1200), options.batch_size, shuffle=True, drop_last=True)
    model = nn.Sequential(
        nn.Flatten(),
        nn.Linear(SIDE * SIDE, 48),
        nn.LayerNorm(48),
        nn.GELU(),
        nn.Linear(48, CLASSES),
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for epoch in range(1, options.epochs + 1):
        model.train()
        total = 0.0
        optimizer.zero_grad()
        for number, (images, labels) in enumerate(loader, start=1):
            loss = F.cross_entropy(model(images), labels)
            (loss / options.accumulate).backward()
            total += loss.item()
            if number % options.accumulate == 0 or number == len(loader):
                optimizer.step()
                optimizer.zero_grad()
        print(f"epoch {epoch} loss {total / len(loader)!r}")


if __name__ == "__main__":
    main()
