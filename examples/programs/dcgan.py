"""Two convolutional networks play against each other: one draws digits, one tells them from real.

tc-engine collect -o dcgan_run -- python examples/programs/dcgan.py
"""

import argparse

import torch
from pictures import load_pictures
from torch import Tensor, nn
from torch.utils.data import DataLoader

LATENT = 16


def init_weights(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


def make_generator(width: int = 16) -> nn.Module:
    return nn.Sequential(
        nn.ConvTranspose2d(LATENT, 2 * width, 2, bias=False),
        nn.BatchNorm2d(2 * width),
        nn.ReLU(inplace=True),
        nn.ConvTranspose2d(2 * width, width, 4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
        nn.ConvTranspose2d(width, 1, 4, stride=2, padding=1, bias=False),
        nn.Sigmoid(),
    )


def make_discriminator(width: int = 16) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, width, 4, stride=2, padding=1, bias=False),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(width, 2 * width, 4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(2 * width),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(2 * width, 1, 2, bias=False),
        nn.Flatten(0),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    loader = DataLoader(load_pictures(1024), options.batch_size, shuffle=True, drop_last=True)
    generator, discriminator = make_generator(), make_discriminator()
    generator.apply(init_weights)
    discriminator.apply(init_weights)
    criterion = nn.BCEWithLogitsLoss()
    optimizer_d = torch.optim.Adam(discriminator.parameters(), lr=1e-3, betas=(0.5, 0.999))
    optimizer_g = torch.optim.Adam(generator.parameters(), lr=2e-3, betas=(0.5, 0.999))
    real = torch.ones(options.batch_size)
    fake = torch.zeros(options.batch_size)
    for epoch in range(1, options.epochs + 1):
        for images, _ in loader:
            discriminator.zero_grad()
            loss_real = criterion(discriminator(images), real)
            loss_real.backward()
            drawn: Tensor = generator(torch.randn(options.batch_size, LATENT, 1, 1))
            loss_fake = criterion(discriminator(drawn.detach()), fake)
            loss_fake.backward()
            optimizer_d.step()

            generator.zero_grad()
            loss_g = criterion(discriminator(drawn), real)
            loss_g.backward()
            optimizer_g.step()
        loss_d = loss_real.item() + loss_fake.item()
        print(f"epoch {epoch} loss of discriminator {loss_d!r} of generator {loss_g.item()!r}")


if __name__ == "__main__":
    main()
