"""What the programs of this folder share: their options, and the time of each training step."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Batch = TypeVar("Batch")


class Stopwatch:
    """Times the training steps of a program; of `steps`, the first `warm_up` do not count."""

    def __init__(self) -> None:
        parser = argparse.ArgumentParser()
        parser.add_argument("--steps", type=int, default=40)
        parser.add_argument("--warm-up", type=int, help="[default: half of the steps]")
        options = parser.parse_args()
        self.steps: int = options.steps
        self.warm_up: int = self.steps // 2 if options.warm_up is None else options.warm_up
        self._seconds: list[float] = []

    def timed(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Yield the batches; a step lasts from the request for its batch to the next request."""
        began = time.perf_counter()
        for batch in batches:
            yield batch
            now = time.perf_counter()
            self._seconds.append(now - began)
            began = now

    def report(self, loss: float) -> None:
        """Print the seconds of the steps and the last loss, as one line of JSON."""
        print(json.dumps({"seconds": self._seconds[self.warm_up :], "loss": loss}))
