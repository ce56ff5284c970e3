"""The digits of data/samples as small pictures, for the programs of this folder."""

from pathlib import Path

import pyarrow.parquet as pq
import torch
from torch.utils.data import TensorDataset

FILE = Path(__file__).resolve().parents[2] / "data/samples/digits/digits.parquet"
SIDE = 8
CLASSES = 10


def load_pictures(count: int | None = None) -> TensorDataset:
    """Return the first `count` pictures, 1 x 8 x 8 between 0 and 1, and their labels."""
    table = pq.read_table(FILE)[:count]
    pixels = torch.tensor(table["pixels"].to_pylist(), dtype=torch.float32)
    return TensorDataset(
        pixels.view(-1, 1, SIDE, SIDE) / 16, torch.tensor(table["label"].to_pylist())
    )
