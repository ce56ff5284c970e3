"""A language model whose output layer shares the weights of its embedding.

The bug: the output layer is given a parameter of its own with the same values; the two drift apart.
"""

import torch.nn.functional as F
from common import read_options, sentences
from torch import Tensor, nn
from torch.nn import Parameter
from torch.optim import Adam
from torch.utils.data import DataLoader

WORDS = 20


class Model(nn.Module):
    def __init__(self, width: int, *, bug: bool) -> None:
        super().__init__()
        self.words = nn.Embedding(WORDS, width)
        self.hidden = nn.GRU(width, width, batch_first=True)
        self.output = nn.Linear(width, WORDS, bias=False)
        shared = self.words.weight
        self.output.weight = Parameter(shared.detach().clone()) if bug else shared

    def forward(self, x: Tensor) -> Tensor:
        return self.output(self.hidden(self.words(x))[0])


def main() -> None:
    options = read_options(__doc__)
    loader = DataLoader(sentences(), batch_size=24, shuffle=True)
    model = Model(options.width, bug=options.bug)
    optimizer = Adam(model.parameters(), lr=0.01)
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
