"""The silent bugs: what each is, what is learned from, and which violated rule names its cause.

A program is right, or wrong with `--bug`. Right runs with other seeds and sizes, and
other programs, are learned from; the wrong run is checked, and the right one with its options.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tc_engine.invariants import Invariant

BUGS_FOLDER = Path(__file__).resolve().parent / "programs"
EXAMPLES_FOLDER = Path(__file__).resolve().parents[2] / "examples" / "programs"
TWO_RANKS = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")


CONTAIN, CONSISTENCY = "APIContainRelation", "ConsistencyRelation"
COVER, LEAD = "FunctionCoverRelation", "FunctionLeadRelation"
OUTPUT, THRESHOLD = "ConsistentOutputRelation", "ThresholdRelation"
DISTINCT, ALIKE = "DistinctArgumentRelation", "ConsistentArgumentRelation"


@dataclass(frozen=True)
class Cause:
    """A rule that names a cause: its relation, and what texts in its params end with.

    `params` has for each param, in order, the key and the ending that is asked for.
    """

    relation: str
    params: tuple[tuple[str, str], ...]

    def is_named_by(self, invariant: Invariant) -> bool:
        """Whether an invariant is such a rule; one about more than is asked for is, too."""
        return (
            invariant.relation == self.relation
            and len(invariant.params) >= len(self.params)
            and all(
                str(given.get(key)).endswith(ending)
                for given, (key, ending) in zip(invariant.params, self.params, strict=False)
            )
        )


@dataclass(frozen=True)
class Program:
    """A program with its options; `ranks` is whether two processes run it."""

    file: Path
    options: tuple[str, ...] = ()
    ranks: bool = False
    collect: tuple[str, ...] = ()
    fails: bool = False

    @property
    def command(self) -> tuple[str, ...]:
        """What follows the interpreter on the command line."""
        return (*(TWO_RANKS if self.ranks else ()), str(self.file), *self.options)


@dataclass(frozen=True)
class Bug:
    """A program with a silent bug.

    `sentence` says what is wrong, `source` where it is known from. `causes`: one of these rules
    names the cause, in a finding no later than the `rank`-th; or it is not found, for what the
    engine `lacks`. `others` are further programs to learn from, `collect` options for collecting.
    `fails`: the wrong run gets stuck, and ends with an error when time is over.
    """

    name: str
    sentence: str
    source: str
    causes: tuple[Cause, ...]
    others: tuple[Program, ...] = ()
    ranks: bool = False
    collect: tuple[str, ...] = ()
    fails: bool = False
    rank: int = 1
    lacks: str = ""

    @property
    def wrong(self) -> Program:
        """The run that is checked."""
        return self._run("--bug", fails=self.fails)

    @property
    def right(self) -> Program:
        """The same without the bug: what is found here is a false alarm."""
        return self._run()

    @property
    def references(self) -> tuple[Program, ...]:
        """The good runs."""
        own = (self._run("--seed", "2"), self._run("--seed", "3", "--width", "24"))
        return (*own, *self.others)

    def _run(self, *options: str, fails: bool = False) -> Program:
        file = BUGS_FOLDER / f"{self.name}.py"
        return Program(file, options, self.ranks, self.collect, fails)


def example(name: str, *, ranks: bool = False) -> Program:
    """Return a program of examples/programs."""
    return Program(EXAMPLES_FOLDER / f"{name}.py", ranks=ranks)


def sibling(name: str, *, ranks: bool = False) -> Program:
    """Return the right version of another bug's program."""
    return Program(BUGS_FOLDER / f"{name}.py", ("--seed", "2"), ranks)


def api(*endings: str) -> tuple[tuple[str, str], ...]:
    """Ask for functions in this order."""
    return tuple(("api_full_name", ending) for ending in endings)


NO_UPDATE = Cause(CONTAIN, (*api(".step"), ("attr_name", "data")))
DRIFT = Cause(CONSISTENCY, (("attr_name", "data"), ("attr_name", "data")))

BUGS = (
    Bug(
        "missing_zero_grad",
        "gradients are never cleared",
        "SO-60335387, pytorch#47175",
        (
            Cause(COVER, api("zero_grad", ".step")),
            Cause(LEAD, api(".step", "zero_grad")),
        ),
        (example("vae"), example("graph_net")),
        rank=1,
    ),
    Bug(
        "dropout_in_eval",
        "attention drops out in evaluation, too",
        "TF-33844",
        (Cause(CONTAIN, api(".forward", "scaled_dot_product_attention")),),
        (example("transformer_lm"),),
    ),
    Bug(
        "optimizer_before_wrap",
        "the optimizer is built before the model is sharded",
        "AC-2665, pytorch#149205",
        (NO_UPDATE,),
        (example("fsdp", ranks=True),),
        ranks=True,
    ),
    Bug(
        "ddp_bypass",
        "the loop calls the bare module, not its parallel wrapper",
        "X-jxmnop",
        (DRIFT,),
        (example("ddp", ranks=True),),
        ranks=True,
    ),
    Bug(
        "hooks_lost",
        "a wrapped model is moved, and gradients are no longer averaged",
        "PT-104336",
        (DRIFT,),
        (example("ddp", ranks=True),),
        ranks=True,
    ),
    Bug(
        "clip_on_one_rank",
        "one rank does not clip the gradients of replicated parameters",
        "DS-1801",
        (DRIFT,),
        ranks=True,
    ),
    Bug(
        "lost_transfer",
        "what one rank receives is zero now and then",
        "PT-84803, PT-96600",
        (DRIFT,),
        (example("ddp", ranks=True),),
        ranks=True,
    ),
    Bug(
        "broadcast_from_self",
        "each rank broadcasts its own parameters, and waits for the others",
        "DS-5794 (ranks disagree on an argument of a collective)",
        (Cause(ALIKE, (*api(".broadcast"), ("name", "src"))),),
        (example("ddp", ranks=True),),
        ranks=True,
        fails=True,
    ),
    Bug(
        "set_epoch_missing",
        "the sampler is not told the epoch",
        "pytorch's notes on DistributedSampler",
        (
            Cause(COVER, api("set_epoch")),
            Cause(LEAD, api("", "set_epoch")),
        ),
        (example("ddp", ranks=True),),
        ranks=True,
    ),
    Bug(
        "workers_share_seed",
        "all workers of a loader draw the same random numbers",
        "SO-67180955",
        (Cause(DISTINCT, api("fetch")),),
        (example("workers"),),
        lacks="no relation says that a field of the context (numpy_state) differs between workers",
    ),
    Bug(
        "repeated_init",
        "weights are initialised twice",
        "TF-17877",
        (Cause(DISTINCT, api("init.normal_")), Cause(DISTINCT, api("init.zeros_"))),
        (sibling("untied_weights"), example("transformer_lm")),
    ),
    Bug(
        "autocast_not_applied",
        "a layer runs in full precision under autocast",
        "LT-725",
        (Cause(OUTPUT, (*api("Activation.forward"), ("attr_name", "dtype"))),),
        (example("amp"),),
    ),
    Bug(
        "freeze_in_train_only",
        "layers are frozen in train(), which is never called",
        "mmpretrain-702",
        (Cause(COVER, api("Module.train")), Cause(LEAD, api("", "Module.train"))),
        (sibling("train_mode_lost"),),
    ),
    Bug(
        "train_mode_lost",
        "after an evaluation the model stays in evaluation mode",
        "nanoGPT#240, timm#1978",
        (Cause(LEAD, api("Module.eval", "Module.train")), Cause(COVER, api("Module.train"))),
        (example("vae"), example("graph_net")),
    ),
    Bug(
        "eval_before_train",
        "a model with spectral norm is evaluated before any training pass",
        "PT-51800",
        (Cause(COVER, api(".forward", "Module.eval")), Cause(COVER, api(".step", "Module.eval"))),
        (example("vae"),),
    ),
    Bug(
        "frozen_layers",
        "all that the optimizer holds is frozen",
        "PT-Forum-84911",
        (NO_UPDATE,),
        (example("vae"),),
    ),
    Bug(
        "encoder_detached",
        "half of the model gets no gradients",
        "peft#793 (half of a model silently not trained)",
        (Cause(OUTPUT, (*api("Sequential.forward"), ("attr_name", "requires_grad"))),),
        (example("vae"), sibling("missing_zero_grad")),
    ),
    Bug(
        "updates_skipped",
        "the gradient scaler skips every update",
        "PT-115607 (updates stop silently)",
        (NO_UPDATE,),
        (example("amp"), sibling("clip_before_unscale")),
    ),
    Bug(
        "clip_before_unscale",
        "gradients are clipped while they are scaled",
        "PyTorch's notes on automatic mixed precision",
        (Cause(COVER, api("unscale_", "clip_grad_norm_")),),
        (example("amp"),),
        rank=1,
    ),
    Bug(
        "scheduler_not_stepped",
        "the learning-rate scheduler is never stepped",
        "PySIAssist's patterns",
        (
            Cause(LEAD, api(".step", "LRScheduler.step")),
            Cause(COVER, api("LRScheduler.step", ".step")),
        ),
        (example("transformer_lm"),),
        rank=1,
    ),
    Bug(
        "untied_weights",
        "weights that two layers share become two parameters",
        "transformers' issues on tie_weights",
        (DRIFT,),
        (example("lstm_lm"),),
        lacks="no relation tells which parameters are one; a second one is just another variable",
    ),
    Bug(
        "generates_too_long",
        "the prompt is not counted in the length of the answer",
        "TF-23723",
        (Cause(THRESHOLD, (("name", "max_length"), *api("generate"))),),
        (example("transformer_lm"),),
        collect=("--include", "writing.*"),
    ),
)
