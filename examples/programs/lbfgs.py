"""L-BFGS, which calls its closure as often as it likes, fits a network to a noisy curve.

tc-engine collect -o lbfgs_run -- python examples/programs/lbfgs.py
"""

import argparse

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument("--history", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    x = torch.linspace(-3, 3, 200)[:, None]
    y = torch.sin(2 * x) + 0.3 * x + 0.05 * torch.randn_like(x)
    train_x, train_y, test_x, test_y = x[::2], y[::2], x[1::2], y[1::2]
    model = nn.Sequential(
        nn.Linear(1, 24), nn.Tanh(), nn.Linear(24, 24), nn.Tanh(), nn.Linear(24, 1)
    )
    optimizer = torch.optim.LBFGS(
        model.parameters(),
        lr=1.0,
        max_iter=8,
        history_size=options.history,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = F.mse_loss(model(train_x), train_y)
        loss.backward()
        return loss

    for step in range(1, options.steps + 1):
        model.train()
        loss = optimizer.step(closure)
        model.eval()
        with torch.no_grad():
            test_loss = F.mse_loss(model(test_x), test_y)
        print(f"step {step:2d} loss {loss.item()!r} test loss {test_loss.item()!r}")


if __name__ == "__main__":
    main()
