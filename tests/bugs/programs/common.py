"""What the programs of this folder share: their options, and small data with something to learn."""

import argparse

import torch
from torch import Tensor
from torch.utils.data import TensorDataset


def read_options(description: str | None, epochs: int = 3) -> argparse.Namespace:
    """Read the options and seed torch; `bug` is the switch between right and wrong."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--bug", action="store_true", help="run the wrong version")
    parser.add_argument("--epochs", type=int, default=epochs)
    parser.add_argument("--width", type=int, default=16, help="of the hidden layers")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    return options


def blobs(count: int = 480, features: int = 12, classes: int = 4) -> TensorDataset:
    """Points around a centre for each class."""
    centres = 2 * torch.randn(classes, features)
    labels = torch.randint(classes, (count,))
    return TensorDataset(centres[labels] + torch.randn(count, features), labels)


def images(count: int = 320, side: int = 8, classes: int = 4) -> TensorDataset:
    """Pictures of one channel with a pattern for each class under noise."""
    patterns = torch.randn(classes, 1, side, side)
    labels = torch.randint(classes, (count,))
    return TensorDataset(patterns[labels] + 0.5 * torch.randn(count, 1, side, side), labels)


def sentences(count: int = 240, length: int = 12, words: int = 20) -> Tensor:
    """Lists of words; each word mostly decides the next one."""
    after = torch.randperm(words)
    rows = [torch.randint(words, (count,))]
    for _ in range(length - 1):
        stray = torch.rand(count) < 0.1
        rows.append(torch.where(stray, torch.randint(words, (count,)), after[rows[-1]]))
    return torch.stack(rows, dim=1)
