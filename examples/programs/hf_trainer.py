"""A small GPT-2 of Hugging Face learns to count on, trained and evaluated by their Trainer.

tc-engine collect -o hf_run -- python examples/programs/hf_trainer.py
"""

import argparse
import tempfile

import torch
from torch import Tensor
from torch.utils.data import Dataset
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    PrinterCallback,
    Trainer,
    TrainingArguments,
    set_seed,
)

TOKENS = 32
LENGTH = 16


class Counting(Dataset):
    """Sequences that count on by a number from 1 to 4, from anywhere, and start again after 31."""

    def __init__(self, count: int, seed: int) -> None:
        dice = torch.Generator().manual_seed(seed)
        starts = torch.randint(TOKENS, (count, 1), generator=dice)
        strides = torch.randint(1, 5, (count, 1), generator=dice)
        self.sequences = (starts + strides * torch.arange(LENGTH)) % TOKENS

    def __len__(self) -> int:
        return len(self.sequences)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return {"input_ids": self.sequences[index], "labels": self.sequences[index]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    set_seed(options.seed)
    model = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=TOKENS,
            n_positions=LENGTH,
            n_embd=32,
            n_layer=2,
            n_head=4,
            bos_token_id=0,
            eos_token_id=0,
        )
    )
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=model,
            args=TrainingArguments(
                output_dir=folder,
                num_train_epochs=options.epochs,
                per_device_train_batch_size=32,
                per_device_eval_batch_size=64,
                learning_rate=3e-3,
                warmup_steps=4,
                logging_strategy="epoch",
                eval_strategy="epoch",
                save_strategy="no",
                report_to="none",
                use_cpu=True,
                disable_tqdm=True,
                seed=options.seed,
            ),
            train_dataset=Counting(480, options.seed),
            eval_dataset=Counting(128, options.seed + 1),
        )
        trainer.remove_callback(PrinterCallback)  # its lines tell the time too
        trainer.train()
    for entry in trainer.state.log_history:
        for name, label in (("loss", "loss"), ("eval_loss", "test loss")):
            if name in entry:
                print(f"epoch {entry['epoch']:.0f} {label} {entry[name]!r}")


if __name__ == "__main__":
    main()
