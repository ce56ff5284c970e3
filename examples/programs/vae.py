"""A variational autoencoder learns to draw digits.

tc-engine collect -o vae_run -- python examples/programs/vae.py
"""

import argparse

import torch
import torch.nn.functional as F
from pictures import SIDE, load_pictures
from torch import Tensor, nn
from torch.utils.data import DataLoader, random_split


class VAE(nn.Module):
    def __init__(self, hidden: int = 64, latent: int = 8) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, hidden), nn.ReLU())
        self.mean = nn.Linear(hidden, latent)
        self.log_variance = nn.Linear(hidden, latent)
        self.decoder = nn.Sequential(
            nn.Linear(latent, hidden), nn.ReLU(), nn.Linear(hidden, SIDE * SIDE)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        hidden = self.encoder(x)
        mean, log_variance = self.mean(hidden), self.log_variance(hidden)
        noise = torch.randn_like(mean) if self.training else torch.zeros_like(mean)
        return self.decoder(mean + noise * torch.exp(0.5 * log_variance)), mean, log_variance


def loss_of(model: VAE, images: Tensor) -> Tensor:
    logits, mean, log_variance = model(images)
    drawn = F.binary_cross_entropy_with_logits(logits, images.flatten(1), reduction="sum")
    spread = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
    return (drawn + spread) / len(images)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    train_data, test_data = random_split(load_pictures(), [0.8, 0.2])
    train_loader = DataLoader(train_data, batch_size=options.batch_size, shuffle=True)
    test_loader = DataLoader(test_data, batch_size=options.batch_size)
    model = VAE()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(1, options.epochs + 1):
        model.train()
        total = 0.0
        for images, _ in train_loader:
            optimizer.zero_grad()
            loss = loss_of(model, images)
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch} loss {total / len(train_loader)!r}")
        model.eval()
        with torch.no_grad():
            total = sum(loss_of(model, images).item() for images, _ in test_loader)
        print(f"epoch {epoch} test loss {total / len(test_loader)!r}")


if __name__ == "__main__":
    main()
