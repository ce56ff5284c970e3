"""A language model that continues sentences after each epoch.

The bug: how many words are still to be written is counted from the prompt as the model sees it, not
from the prompt as it is. With long prompts the answer gets longer than was asked for.
"""

import torch.nn.functional as F
from common import read_options, sentences
from torch import Tensor, nn
from torch.optim import Adam
from torch.utils.data import DataLoader
from writing import generate

WORDS = 20


class Model(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.words = nn.Embedding(WORDS, width)
        self.hidden = nn.GRU(width, width, batch_first=True)
        self.output = nn.Linear(width, WORDS)

    def forward(self, x: Tensor) -> Tensor:
        return self.output(self.hidden(self.words(x))[0])


def main() -> None:
    options = read_options(__doc__)
    text = sentences()
    loader = DataLoader(text, batch_size=24, shuffle=True)
    model = Model(options.width)
    optimizer = Adam(model.parameters(), lr=0.01)
    for epoch in range(1, options.epochs + 1):
        model.train()
        total = 0.0
        for batch in loader:
            optimizer.zero_grad()
            output = model(batch[:, :-1])
            loss = F.cross_entropy(output.flatten(0, 1), batch[:, 1:].flatten())
            loss.backward()
            optimizer.step()
            total += loss.item()
        model.eval()
        for length in (3, 7):
            written = generate(model, text[:4, :length], max_length=10, context=5, late=options.bug)
            assert len(written) == 4
        print(f"epoch {epoch} loss {total / len(loader):.4f}")


if __name__ == "__main__":
    main()
