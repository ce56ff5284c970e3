"""Which training step and which stage the program is in, found out from what it calls.

A step is one training iteration, numbered from 0. It is over once an optimizer has stepped (without
any optimizer: once a backward pass has ended); the next one begins

- where batches come from a DataLoader: when that loader is asked for the next batch, or, as long as
  it is not known to feed training, at the first `zero_grad` or training forward after that;
- elsewhere: at the next `zero_grad` or training forward.

So gradient accumulation, several optimizers in one iteration and the closures of LBFGS stay in one
step, and evaluation carries the number of the training iteration before it. All ranks count alike.
"""

from __future__ import annotations

from collections.abc import Callable

from tc_engine.collect.annotations import Annotations

INIT, TRAINING, EVALUATION, CHECKPOINTING = "init", "training", "evaluation", "checkpointing"


class Steps:
    """The counters of one process; `changed` is called whenever a label changes.

    What the program annotates wins over what is counted here.
    """

    def __init__(self, annotations: Annotations, changed: Callable[[], None]) -> None:
        self._annotations = annotations
        self._changed = changed
        self._step = 0
        self._stage = INIT
        self._saving = 0
        self.eval_step = 0
        self._over = False
        self._fetched: int | None = None  # the loader asked since the last optimizer step
        self._by_fetch = False  # the last request for a batch began a step
        self._fed = False  # the current step's batch came from a loader
        self._training_loaders: set[int] = set()

    @property
    def step(self) -> int:
        """Index of the current training iteration."""
        return self._step if self._annotations.step is None else self._annotations.step

    @property
    def stage(self) -> str:
        """Name of the current stage."""
        if self._annotations.stage is not None:
            return self._annotations.stage
        return CHECKPOINTING if self._saving else self._stage

    def fetch(self, loader: int) -> None:
        """Note that a loader is asked for a batch; `loader` is its number."""
        self._fetched = loader
        self._by_fetch = (
            self._over and loader in self._training_loaders and self._stage != EVALUATION
        )
        if self._by_fetch:
            self._advance()

    def exhausted(self, loader: int) -> None:
        """Note that a loader had no further batch: asking it began no step."""
        self._fetched = None
        if self._by_fetch:
            self._step -= 1
            self._over = True
            self._changed()
        if loader in self._training_loaders:
            self._fed = False

    def zero_grad(self) -> None:
        """Note that gradients are about to be reset."""
        self._train()

    def forward(self, training: bool) -> None:
        """Note that a model is about to be called from outside of any module."""
        if training:
            self._train()
        else:
            self.eval_step += 1
            self._stage = EVALUATION
            self._changed()

    def mode(self, training: bool) -> None:
        """Note that a model was switched to training or evaluation."""
        self._enter(TRAINING if training else EVALUATION)

    def stepped(self) -> None:
        """Note that parameters were updated: the iteration has done its work."""
        self._over = True
        if self._fetched is not None:
            self._training_loaders.add(self._fetched)
            self._fed = True
            self._fetched = None

    def saving(self, inside: bool) -> None:
        """Note the start and the end of writing a checkpoint."""
        self._saving += 1 if inside else -1
        self._changed()

    def _train(self) -> None:
        self._enter(TRAINING)
        if self._over and (self._fetched is not None or not self._fed):
            self._advance()

    def _enter(self, stage: str) -> None:
        if stage != self._stage:
            self._stage = stage
            self._changed()

    def _advance(self) -> None:
        self._step += 1
        self._over = False
        self._changed()
