"""A variational autoencoder learns to draw pictures as large as MNIST's."""

import torch
from pictures import make_pictures
from stopwatch import Stopwatch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Adam
from torch.utils.data import DataLoader

BATCH, PIXELS = 128, 28 * 28


class VAE(nn.Module):
    def __init__(self, hidden: int = 400, latent: int = 20) -> None:
        super().__init__()
        self.encoder = nn.Linear(PIXELS, hidden)
        self.mean = nn.Linear(hidden, latent)
        self.log_variance = nn.Linear(hidden, latent)
        self.decoder1 = nn.Linear(latent, hidden)
        self.decoder2 = nn.Linear(hidden, PIXELS)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        hidden = functional.relu(self.encoder(x.flatten(1)))
        mean, log_variance = self.mean(hidden), self.log_variance(hidden)
        latent = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)
        drawn = torch.sigmoid(self.decoder2(functional.relu(self.decoder1(latent))))
        return drawn, mean, log_variance


def main() -> None:
    stopwatch = Stopwatch()
    torch.manual_seed(1)
    data = make_pictures(stopwatch.steps * BATCH, 1, 28, seed=1)
    model = VAE()
    optimizer = Adam(model.parameters(), lr=1e-3)
    model.train()
    total = 0.0
    for images, _ in stopwatch.timed(DataLoader(data, BATCH, shuffle=True)):
        optimizer.zero_grad()
        drawn, mean, log_variance = model(images)
        target = torch.sigmoid(images).flatten(1)
        error = functional.binary_cross_entropy(drawn, target, reduction="sum")
        spread = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
        loss = (error + spread) / BATCH
        loss.backward()
        optimizer.step()
        total += loss.item()
    stopwatch.report(total / stopwatch.steps)


if __name__ == "__main__":
    main()
