from tc_engine.collect.annotations import Annotations
from tc_engine.collect.steps import Steps

TRAIN, EVAL = 1, 2  # numbers of two loaders


def make() -> Steps:
    return Steps(Annotations(), lambda: None)


def test_loop_over_a_loader() -> None:
    steps = make()
    seen = []
    for _epoch in range(2):
        for _batch in range(3):
            steps.fetch(TRAIN)
            seen.append(steps.step)
            steps.zero_grad()
            steps.forward(training=True)
            steps.stepped()
            seen.append(steps.step)
        steps.fetch(TRAIN)
        steps.exhausted(TRAIN)
        assert steps.step == seen[-1]  # the end of the data begins no step
        for _batch in range(2):
            steps.fetch(EVAL)
            steps.forward(training=False)
            assert (steps.step, steps.stage) == (seen[-1], "evaluation")
    # The first time the loader is not known to feed training; then a step begins with its batch,
    # but for the first batch after an evaluation, where it begins with zero_grad.
    assert seen == [0, 0, 1, 1, 2, 2, 2, 3, 4, 4, 5, 5]


def test_loop_without_a_loader() -> None:
    steps = make()
    seen = []
    for _ in range(3):
        steps.zero_grad()
        steps.forward(training=True)
        seen.append(steps.step)
        steps.stepped()
    assert seen == [0, 1, 2]


def test_accumulation_and_several_optimizers_stay_in_one_step() -> None:
    steps = make()
    seen = []
    for _ in range(2):
        for _micro in range(2):
            steps.fetch(TRAIN)
            steps.forward(training=True)
        steps.stepped()
        steps.zero_grad()
        steps.stepped()
        seen.append(steps.step)
    assert seen == [0, 1]


def test_loader_that_is_one_batch_ahead() -> None:
    steps = make()
    seen = []
    steps.fetch(TRAIN)
    for batch in range(3):
        steps.fetch(TRAIN)
        if batch == 2:
            steps.exhausted(TRAIN)
        steps.forward(training=True)
        seen.append(steps.step)
        steps.stepped()
    assert seen == [0, 1, 2]


def test_stages() -> None:
    steps = make()
    assert steps.stage == "init"
    steps.forward(training=True)
    assert steps.stage == "training"
    steps.saving(inside=True)
    assert steps.stage == "checkpointing"
    steps.saving(inside=False)
    assert steps.stage == "training"
    steps.mode(training=False)
    assert steps.stage == "evaluation"


def test_annotations_win() -> None:
    annotations = Annotations()
    steps = Steps(annotations, lambda: None)
    annotations.set_step(41)
    annotations.set_stage("warm-up")
    steps.forward(training=True)
    assert (steps.step, steps.stage) == (41, "warm-up")
