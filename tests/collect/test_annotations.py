"""What a program says about itself, in our words or in TrainCheck's."""

import subprocess
import sys

from tests.collect.conftest import Collect

BODY = """
import torch
model = torch.nn.Linear(2, 1)
def use():
    model(torch.ones(1, 2))
"""


def test_annotations(collect: Collect) -> None:
    done = collect(
        BODY
        + """
import tc_engine
use()
tc_engine.annotate_stage("warm-up")
tc_engine.annotate_step()
use()
tc_engine.annotate_step()
use()
tc_engine.annotate_step(40)
tc_engine.annotate_stage("testing")
use()
"""
    )
    seen = [(call["step"], call["stage"]) for call in done.named("Linear.forward")]
    assert seen == [(0, "training"), (0, "warm-up"), (1, "warm-up"), (40, "testing")]


def test_a_script_for_traincheck_runs_unchanged(collect: Collect) -> None:
    done = collect(
        """
from traincheck import annotate_stage
from traincheck.instrumentor import META_VARS, meta_vars
from traincheck.instrumentor import tracer
import traincheck.instrumentor.tracer as same
from traincheck.instrumentor.tracer import DISABLE_WRAPPER
annotate_stage("init")
"""
        + BODY
        + """
for _ in range(2):
    META_VARS["step"] += 1
    annotate_stage("training")
    use()
meta_vars["_DATA_PARALLEL_RANK"] = 3
use()
tracer.DISABLE_WRAPPER = True
use()
tracer.DISABLE_WRAPPER = False
annotate_stage("testing")
use()
print(META_VARS, DISABLE_WRAPPER, same is tracer)
"""
    )
    seen = [(c["step"], c["stage"], c["meta"]) for c in done.named("Linear.forward")]
    rank = {"_DATA_PARALLEL_RANK": 3}
    assert seen == [
        (1, "training", {}),
        (2, "training", {}),
        (2, "training", rank),
        (2, "testing", rank),
    ]
    assert done.stdout == "{'step': 2, '_DATA_PARALLEL_RANK': 3} False True\n"


def test_a_real_traincheck_is_left_alone(collect: Collect, tmp_path) -> None:
    (tmp_path / "traincheck.py").write_text("mine = 'really installed'")
    done = collect(
        "import torch, traincheck; print(traincheck.mine)", env={"PYTHONPATH": str(tmp_path)}
    )
    assert done.stdout == "really installed\n"


def test_outside_of_a_collection_nothing_happens() -> None:
    script = (
        "import sys, tc_engine; tc_engine.annotate_step(); tc_engine.annotate_stage('training');"
        "print(sorted({'torch', 'duckdb', 'polars', 'pyarrow', 'traincheck'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
