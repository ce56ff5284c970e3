"""A small transformer learns to add, character by character.

tc-engine collect -o transformer_run -- python examples/programs/transformer_lm.py
"""

import argparse
import math
import random
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

CHARACTERS = "0123456789+=\n"
LENGTH = 24


def write_sums(count: int, seed: int) -> str:
    dice = random.Random(seed)
    pairs = [(dice.randrange(50), dice.randrange(50)) for _ in range(count)]
    return "".join(f"{a}+{b}={a + b}\n" for a, b in pairs)


class CharacterModel(nn.Module):
    def __init__(self, width: int = 48, heads: int = 4, layers: int = 2) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(CHARACTERS), width)
        self.position = nn.Parameter(torch.zeros(LENGTH, width))
        layer = nn.TransformerEncoderLayer(
            width, heads, 2 * width, dropout=0.1, batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.output = nn.Linear(width, len(CHARACTERS))
        mask = nn.Transformer.generate_square_subsequent_mask(LENGTH)
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, characters: Tensor) -> Tensor:
        hidden = self.embedding(characters) + self.position
        return self.output(self.layers(hidden, mask=self.mask, is_causal=True))


def warm_up_then_cosine(steps: int, warm_up: int) -> Callable[[int], float]:
    def factor(step: int) -> float:
        if step < warm_up:
            return (step + 1) / warm_up
        return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / (steps - warm_up)))

    return factor


def loss_of(model: nn.Module, text: Tensor, starts: Tensor) -> Tensor:
    places = starts[:, None] + torch.arange(LENGTH)
    return F.cross_entropy(model(text[places]).flatten(0, 1), text[places + 1].flatten())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--steps", type=int, default=12, help="optimizer steps per epoch")
    parser.add_argument("--clip", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    numbers = {character: number for number, character in enumerate(CHARACTERS)}
    text = torch.tensor([numbers[one] for one in write_sums(2000, options.seed)])
    cut = int(0.9 * len(text))
    model = CharacterModel()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    schedule = warm_up_then_cosine(options.epochs * options.steps, warm_up=5)
    scheduler = LambdaLR(optimizer, schedule)
    for epoch in range(1, options.epochs + 1):
        model.train()
        for _ in range(options.steps):
            loss = loss_of(model, text, torch.randint(cut - LENGTH, (32,)))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), options.clip)
            optimizer.step()
            scheduler.step()
        print(f"epoch {epoch} loss {loss.item()!r}")
        model.eval()
        with torch.no_grad():
            test_loss = loss_of(model, text, torch.arange(cut, len(text) - LENGTH - 1, LENGTH))
        print(f"epoch {epoch} test loss {test_loss.item()!r}")


if __name__ == "__main__":
    main()
