"""Time the learner alone: from the tables of `sql/4_learn` to invariants.

    python -m benchmarks.learner RUN

prints JSON: the seconds, of the clock and of the processor, and the hypotheses that were looked at.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from tc_engine.dataset import open_dataset
from tc_engine.engine import stages
from tc_engine.engine.session import Session
from tc_engine.learn.hypotheses import learn
from tc_engine.pipelines.infer import (
    SUMMED,
    UNNAMED,
    count_examples,
    find_candidates,
    state_hypotheses,
)
from tc_engine.relations import discover


def timed(run: Path) -> dict[str, float]:
    """Infer with every relation; count the seconds of the learner."""
    wall = cpu = hypotheses = 0.0
    with Session(comments=False) as session:
        stages.load(session, [open_dataset(run)], UNNAMED)
        for relation in discover():
            find_candidates(session, relation, lambda _: None)
            count = state_hypotheses(session, relation)
            if not count:
                continue
            count_examples(session, relation, lambda _: None)
            for name in SUMMED:
                session.run(name)
            before = time.perf_counter(), time.process_time()
            learn(session, relation)
            wall += time.perf_counter() - before[0]
            cpu += time.process_time() - before[1]
            hypotheses += count
    return {"wall": wall, "cpu": cpu, "hypotheses": hypotheses}


if __name__ == "__main__":
    print(json.dumps(timed(Path(sys.argv[1]))))
