"""A transformer of four layers learns which token follows."""

import torch
from stopwatch import Stopwatch
from text import TOKENS, make_text
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

BATCH, LENGTH, WARM_UP = 8, 64, 10


class LanguageModel(nn.Module):
    def __init__(self, width: int = 128, heads: int = 4, layers: int = 4) -> None:
        super().__init__()
        self.embedding = nn.Embedding(TOKENS, width)
        self.position = nn.Parameter(torch.zeros(LENGTH, width))
        layer = nn.TransformerEncoderLayer(
            width, heads, 4 * width, dropout=0.1, batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(width)
        self.output = nn.Linear(width, TOKENS)
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(LENGTH))

    def forward(self, tokens: Tensor) -> Tensor:
        hidden = self.embedding(tokens) + self.position
        hidden = self.layers(hidden, mask=self.mask, is_causal=True)
        return self.output(self.norm(hidden))


def main() -> None:
    stopwatch = Stopwatch()
    torch.manual_seed(1)
    text = make_text(20_000, seed=1)
    model = LanguageModel()
    optimizer = AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
    scheduler = LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / WARM_UP))
    model.train()
    for _ in stopwatch.timed(range(stopwatch.steps)):
        places = torch.randint(len(text) - LENGTH, (BATCH, 1)) + torch.arange(LENGTH)
        optimizer.zero_grad()
        logits = model(text[places])
        loss = functional.cross_entropy(logits.flatten(0, 1), text[places + 1].flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
    stopwatch.report(loss.item())


if __name__ == "__main__":
    main()
