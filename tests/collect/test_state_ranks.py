"""Which changes by collectives are seen, and which call gets the blame; two processes."""

from __future__ import annotations

import pytest

from tests.collect.conftest import Collect, Collected
from tests.collect.state_rows import (
    GRAD,
    HEAD,
    OWN,
    Changes,
    changes,
    linears,
    program,
)

# What rank 1 of 2 sees: rank 0 has another model, in which every weight differs.
RANKS = """
import os
import torch.distributed as dist
rank = 0 if os.fork() == 0 else 1
torch.manual_seed(rank)
store = dist.FileStore(sys.argv[0] + ".store", 2)
dist.init_process_group("gloo", rank=rank, world_size=2, store=store)
if rank == 1:
    only_rank_1 = linear()
    only_rank_1(x)
"""
END = """
waited_for = linear()
waited_for(x)
dist.all_reduce(waited_for.weight.data, async_op=True).wait()
watcher(x)
dist.barrier()
dist.destroy_process_group()
if rank == 1:
    print(os.wait()[1])
"""
C10D = "torch.distributed.distributed_c10d"
REDUCED = ("data", f"{C10D}.all_reduce")
COLLECTIVES: dict[str, tuple[str, Changes]] = {
    "parameter_reduced": ("with torch.no_grad(): dist.all_reduce(M.weight)", [REDUCED]),
    "data_reduced": ("dist.all_reduce(M.weight.data)", [REDUCED]),
    "row_reduced": ("dist.all_reduce(M.weight.data[1])", [REDUCED]),
    "grad_reduced": (
        "backward(M); dist.all_reduce(M.weight.grad)",
        [GRAD, ("grad", f"{C10D}.all_reduce")],
    ),
    "broadcast": ("dist.broadcast(M.weight.data, 0)", [("data", f"{C10D}.broadcast")]),
    "grad_broadcast": (
        "backward(M); dist.broadcast(M.weight.grad, 0)",
        [GRAD, ("grad", f"{C10D}.broadcast")],
    ),
    "received": (
        "(dist.recv if rank else dist.send)(M.weight.data, 1 - rank)",
        [("data", f"{C10D}.recv")],
    ),
    "gathered": (
        "dist.all_gather([M.weight.data, torch.empty(2, 2)], torch.full((2, 2), rank + 5.0))",
        [("data", f"{C10D}.all_gather")],
    ),
    "copied_from_bucket": (
        "b = M.weight.data.clone(); dist.all_reduce(b); M.weight.data.copy_(b)",
        [OWN],
    ),
}


@pytest.fixture(scope="module")
def done(collect: Collect) -> Collected:
    done = collect(HEAD + RANKS + program(linears(COLLECTIVES)) + END)
    assert (done.code, done.stdout) == (0, "0\n"), done.stderr
    return done


@pytest.fixture(scope="module")
def seen(done: Collected) -> dict[str, Changes]:
    (process,) = {s["process_id"] for s in done.states if s["variable"] == "only_rank_1.weight"}
    return changes([row for row in done.rows if row["process_id"] == process])


@pytest.mark.parametrize("name", COLLECTIVES)
def test_collectives(seen: dict[str, Changes], name: str) -> None:
    assert seen[f"{name}.weight"] == COLLECTIVES[name][1]


def test_a_collective_that_is_waited_for_later(seen: dict[str, Changes]) -> None:
    # The content changes at some time after the call: seen it is, blamed on the call or on nobody.
    assert seen["waited_for.weight"] in ([REDUCED], [OWN])


def test_no_internal_errors(done: Collected) -> None:
    assert done.manifest["notes"]["internal_errors"] == []
