"""Training with a scaled loss and clipped gradients.

The bug: gradients are clipped while they are still scaled, so what is left of them after unscaling
is far too small.
"""

import torch
import torch.nn.functional as F
from common import blobs, read_options
from torch import nn
from torch.optim import SGD
from torch.utils.data import DataLoader


def main() -> None:
    options = read_options(__doc__)
    loader = DataLoader(blobs(), batch_size=32, shuffle=True)
    model = nn.Sequential(nn.Linear(12, options.width), nn.ReLU(), nn.Linear(options.width, 4))
    optimizer = SGD(model.parameters(), lr=0.05, momentum=0.9)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**12)
    for epoch in range(1, options.epochs + 1):
        total = 0.0
        for points, labels in loader:
            optimizer.zero_grad()
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = F.cross_entropy(model(points), labels)
            scaler.scale(loss).backward()
            if not options.bug:
                scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            scaler.step(optimizer)
            scaler.update()
            total += loss.item()
        print(f"epoch {epoch} loss {total / len(loader):.4f}")


if __name__ == "__main__":
    main()
