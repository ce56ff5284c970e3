"""An LSTM learns the sentences of a small made-up language, word by word.

tc-engine collect -o lstm_run -- python examples/programs/lstm_lm.py
"""

import argparse
import math
import random

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ACTORS = ["the cat", "the dog", "a bird", "my neighbour", "every child"]
ACTIONS = ["sees", "follows", "likes", "forgets"]
TIMES = ["today", "at night", "in the garden", "again and again"]
State = tuple[Tensor, Tensor]


def write_text(sentences: int, seed: int) -> list[str]:
    dice = random.Random(seed)
    words: list[str] = []
    for _ in range(sentences):
        who, whom = dice.sample(ACTORS, 2)
        words += f"{who} {dice.choice(ACTIONS)} {whom} {dice.choice(TIMES)} .".split()
    return words


class WordModel(nn.Module):
    def __init__(self, words: int, width: int = 48) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, width)
        self.lstm = nn.LSTM(width, width, num_layers=2, dropout=0.2, batch_first=True)
        self.dropout = nn.Dropout(0.2)
        self.output = nn.Linear(width, words)
        self.output.weight = self.embedding.weight

    def forward(self, words: Tensor, state: State | None) -> tuple[Tensor, State]:
        hidden, state = self.lstm(self.dropout(self.embedding(words)), state)
        return self.output(self.dropout(hidden)), state


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--length", type=int, default=12, help="words to look back")
    parser.add_argument("--clip", type=float, default=0.25)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    text = write_text(600, options.seed)
    vocabulary = {word: number for number, word in enumerate(sorted(set(text)))}
    tokens = torch.tensor([vocabulary[word] for word in text])
    columns = tokens[: len(tokens) // 16 * 16].view(16, -1)
    model = WordModel(len(vocabulary))
    optimizer = torch.optim.SGD(model.parameters(), lr=4.0)
    for epoch in range(1, options.epochs + 1):
        model.train()
        total, batches = 0.0, 0
        state: State | None = None
        for start in range(0, columns.size(1) - options.length, options.length):
            words = columns[:, start : start + options.length]
            following = columns[:, start + 1 : start + 1 + options.length]
            if state is not None:
                state = (state[0].detach(), state[1].detach())
            optimizer.zero_grad()
            output, state = model(words, state)
            loss = F.cross_entropy(output.flatten(0, 1), following.flatten())
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), options.clip)
            optimizer.step()
            total, batches = total + loss.item(), batches + 1
        mean = total / batches
        print(f"epoch {epoch} loss {mean!r} perplexity {math.exp(mean):.2f}")


if __name__ == "__main__":
    main()
