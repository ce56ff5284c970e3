"""How a language model of this folder writes: the part of a program that is a library's."""

import torch
from torch import Tensor, nn


def generate(
    model: nn.Module, prompt: Tensor, *, max_length: int, context: int, late: bool
) -> Tensor:
    """Continue prompts until they have `max_length` words; the model sees the last `context`.

    With `late` the words still to write are counted before the prompt is cut.
    """
    there = min(prompt.shape[1], context) if late else prompt.shape[1]
    with torch.no_grad():
        for _ in range(max_length - there):
            words = model(prompt[:, -context:])[:, -1].argmax(dim=1, keepdim=True)
            prompt = torch.cat([prompt, words], dim=1)
    return prompt
