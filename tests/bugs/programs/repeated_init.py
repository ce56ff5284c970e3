"""A language model that initialises its own weights.

The bug: each block initialises what is in it, and the model does so for all of them once more: most
weights are drawn twice, which takes time, and changes what every seed gives.
"""

import torch.nn.functional as F
from common import read_options, sentences
from torch import Tensor, nn
from torch.optim import AdamW
from torch.utils.data import DataLoader

WORDS = 20


def init_weights(module: nn.Module) -> None:
    for part in module.modules():
        if isinstance(part, nn.Linear):
            nn.init.normal_(part.weight, std=0.1)
            nn.init.zeros_(part.bias)


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 2 * width)
        self.down = nn.Linear(2 * width, width)
        init_weights(self)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.down(F.gelu(self.up(self.norm(x))))


class Model(nn.Module):
    def __init__(self, width: int, *, bug: bool) -> None:
        super().__init__()
        self.words = nn.Embedding(WORDS, width)
        self.blocks = nn.Sequential(Block(width), Block(width))
        self.head = nn.Linear(width, WORDS)
        init_weights(self if bug else self.head)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.blocks(self.words(x)))


def main() -> None:
    options = read_options(__doc__)
    loader = DataLoader(sentences(), batch_size=24, shuffle=True)
    model = Model(options.width, bug=options.bug)
    optimizer = AdamW(model.parameters(), lr=0.01)
    for epoch in range(1, options.epochs + 1):
        total = 0.0
        for batch in loader:
            optimizer.zero_grad()
            output = model(batch[:, :-1])
            loss = F.cross_entropy(output.flatten(0, 1), batch[:, 1:].flatten())
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch} loss {total / len(loader):.4f}")


if __name__ == "__main__":
    main()
