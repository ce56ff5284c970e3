"""A small language model. The bug: its attention drops out in evaluation, too."""

import torch
import torch.nn.functional as F
from common import read_options, sentences
from torch import Tensor, nn
from torch.optim import AdamW
from torch.utils.data import DataLoader

HEADS, WORDS = 2, 20


class Attention(nn.Module):
    def __init__(self, width: int, dropout: float, *, always: bool) -> None:
        super().__init__()
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.dropout = dropout
        self.always = always

    def forward(self, x: Tensor) -> Tensor:
        parts = self.qkv(x).unflatten(2, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        rate = self.dropout if self.training or self.always else 0.0
        mixed = F.scaled_dot_product_attention(*parts, dropout_p=rate, is_causal=True)
        return self.out(mixed.transpose(1, 2).flatten(2))


class Model(nn.Module):
    def __init__(self, width: int, *, bug: bool) -> None:
        super().__init__()
        self.words = nn.Embedding(WORDS, width)
        self.norm = nn.LayerNorm(width)
        self.attention = Attention(width, 0.2, always=bug)
        self.head = nn.Linear(width, WORDS)

    def forward(self, x: Tensor) -> Tensor:
        x = self.words(x)
        return self.head(x + self.attention(self.norm(x)))


def loss_of(model: Model, batch: Tensor) -> Tensor:
    return F.cross_entropy(model(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten())


def main() -> None:
    options = read_options(__doc__)
    text = sentences()
    loader = DataLoader(text[:192], batch_size=24, shuffle=True)
    held_out = DataLoader(text[192:], batch_size=24)
    model = Model(options.width, bug=options.bug)
    optimizer = AdamW(model.parameters(), lr=0.01)
    for epoch in range(1, options.epochs + 1):
        model.train()
        for batch in loader:
            optimizer.zero_grad()
            loss_of(model, batch).backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            losses = [loss_of(model, batch).item() for batch in held_out]
        print(f"epoch {epoch} held-out loss {sum(losses) / len(losses):.4f}")


if __name__ == "__main__":
    main()
