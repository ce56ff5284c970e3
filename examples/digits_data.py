"""The digits of data/samples as tensors, for the example programs."""

from pathlib import Path

import pyarrow.parquet as pq
import torch
import torch.nn.functional as F
from torch.utils.data import TensorDataset

FILE = Path(__file__).resolve().parents[1] / "data/samples/digits/digits.parquet"
TRAIN_SHARE = 0.8
SIDE = 28


def load_digits() -> tuple[TensorDataset, TensorDataset]:
    """Return training and test data: images of 1 x 28 x 28 around zero, and their labels."""
    table = pq.read_table(FILE)
    pixels = torch.tensor(table["pixels"].to_pylist(), dtype=torch.float32)
    labels = torch.tensor(table["label"].to_pylist())
    small = (pixels.view(-1, 1, 8, 8) / 16 - 0.3) / 0.38
    images = F.interpolate(small, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
    cut = int(len(labels) * TRAIN_SHARE)
    return (
        TensorDataset(images[:cut], labels[:cut]),
        TensorDataset(images[cut:], labels[cut:]),
    )
