"""An LSTM of two layers learns which token follows, and keeps its state between batches."""

import torch
from stopwatch import Stopwatch
from text import TOKENS, make_text
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import SGD

COLUMNS, LENGTH = 20, 35
State = tuple[Tensor, Tensor]


class LanguageModel(nn.Module):
    def __init__(self, width: int = 200) -> None:
        super().__init__()
        self.embedding = nn.Embedding(TOKENS, width)
        self.lstm = nn.LSTM(width, width, num_layers=2, dropout=0.2, batch_first=True)
        self.dropout = nn.Dropout(0.2)
        self.output = nn.Linear(width, TOKENS)
        self.output.weight = self.embedding.weight

    def forward(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        hidden, state = self.lstm(self.dropout(self.embedding(tokens)), state)
        return self.output(self.dropout(hidden)), state


def main() -> None:
    stopwatch = Stopwatch()
    torch.manual_seed(1)
    text = make_text(COLUMNS * (stopwatch.steps * LENGTH + 1), seed=1).view(COLUMNS, -1)
    model = LanguageModel()
    optimizer = SGD(model.parameters(), lr=2.0)
    state: State = (torch.zeros(2, COLUMNS, 200), torch.zeros(2, COLUMNS, 200))
    model.train()
    for start in stopwatch.timed(range(0, stopwatch.steps * LENGTH, LENGTH)):
        tokens = text[:, start : start + LENGTH]
        following = text[:, start + 1 : start + 1 + LENGTH]
        state = (state[0].detach(), state[1].detach())
        optimizer.zero_grad()
        logits, state = model(tokens, state)
        loss = functional.cross_entropy(logits.flatten(0, 1), following.flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.25)
        optimizer.step()
    stopwatch.report(loss.item())


if __name__ == "__main__":
    main()
